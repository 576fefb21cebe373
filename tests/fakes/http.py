# SPDX-License-Identifier: Apache-2.0
"""A small HTTP shell on loopback around the model of Slack, for tests over real connections."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from slack_audit_input.slack.client import Answer
from tests.fakes.slack import FakeSlack

#: The only token this Slack knows.
TOKEN = "xoxp-made-up"


class Broken(NamedTuple):
    """An answer that breaks off ``missing`` bytes before its end."""

    answer: Answer
    missing: int


#: Spoils the answer to the n-th call of /logs, or leaves it as it is.
Spoil = Callable[[int, Answer], "Answer | Broken"]


class Shell:
    """Where Slack is and what it was asked: (path, parameters, headers)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []

    @property
    def logs(self) -> list[dict[str, str]]:
        """The parameters of every call of /logs."""
        return [params for path, params, _ in self.asked if path == "logs"]


def _untouched(_number: int, answer: Answer) -> Answer:
    return answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shell: Shell
    slack: FakeSlack
    now: Callable[[], float]
    spoil: Spoil
    packed: bool
    lock: threading.Lock

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        name = parts.path.rpartition("/")[2]
        params = dict(parse_qsl(parts.query))
        self.shell.asked.append((name, params, dict(self.headers)))
        answer = self._answer(name, params)
        if name != "logs":
            self._send(answer, 0)
            return
        spoiled = type(self).spoil(len(self.shell.logs), answer)
        if isinstance(spoiled, Broken):
            self._send(*spoiled)
        else:
            self._send(spoiled, 0)

    def _answer(self, name: str, params: dict[str, str]) -> Answer:
        if name == "logs" and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Answer(401, b"")
        if name == "schemas":
            return Answer(200, b'{"schemas":[{"type":"user","user":{"id":"string"}}]}')
        if name == "actions":
            return Answer(200, b'{"actions":{"user":["user_login","user_logout"]}}')
        now = type(self).now()
        with self.lock:
            return self.slack.get(name, {"latest": str(int(now)), **params}, now)

    def _send(self, answer: Answer, missing: int) -> None:
        body, encoding = answer.body, answer.encoding
        if self.packed and not encoding:
            body, encoding = gzip.compress(body, 1), "gzip"
        self.send_response_only(answer.status)
        self.send_header("Date", formatdate(int(type(self).now()), usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        if encoding:
            self.send_header("Content-Encoding", encoding)
        if answer.retry_after is not None:
            self.send_header("Retry-After", answer.retry_after)
        self.end_headers()
        self.wfile.write(body[: len(body) - missing])
        self.close_connection = missing > 0

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that a test's end is theirs


@contextlib.contextmanager
def serving(
    slack: FakeSlack, now: Callable[[], float], spoil: Spoil = _untouched, packed: bool = True
) -> Iterator[Shell]:
    """Serve ``slack`` under /audit/v1/ until the block ends; ``now`` is Slack's clock."""

    class Handler(_Handler):
        """This server's own."""

    server = _Server(("127.0.0.1", 0), Handler)
    shell = Shell(f"http://127.0.0.1:{server.server_port}/audit/v1/")
    Handler.shell, Handler.slack, Handler.packed = shell, slack, packed
    Handler.now, Handler.spoil = staticmethod(now), staticmethod(spoil)
    Handler.lock = threading.Lock()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield shell
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
