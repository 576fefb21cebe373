# SPDX-License-Identifier: Apache-2.0
"""What splunkd says: on stdin of a modular input, and over its REST; read by Splunk's own SDK.

Apart from the other targets because it needs that SDK, which the built package brings along.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from splunklib.modularinput.event_writer import EventWriter
from splunklib.modularinput.script import Script

from slack_audit_input.hosts.splunk.fields import input_fields
from slack_audit_input.hosts.splunk.splunkd import Splunkd
from slack_audit_input.model.errors import CollectorError, GaveUp
from tests.fuzz.damage import check_words

NOW = 1_700_000_000.0
KEY = "a-session-key"
#: More than what is there to begin with, and what one session may add.
LONGEST = len(os.environ.get("NO_PROXY", "")) + 100


class _Input(Script):  # type: ignore[misc]
    """As the generated one: whatever stands in the stanzas is read as fields."""

    def get_scheme(self) -> None:
        """Not asked for here."""

    def validate_input(self, definition: Any) -> None:
        self._fields(definition.metadata["name"], definition.parameters)

    def stream_events(self, inputs: Any, _writer: Any) -> None:
        for stanza, given in inputs.inputs.items():
            self._fields(stanza.partition("://")[2], given)

    def _fields(self, name: str, given: Any) -> None:
        try:
            input_fields(name, given, NOW)
        except CollectorError as error:
            check_words(error)


def stdin(data: bytes) -> None:
    """The XML of a run, and of a validation: an exit code, whatever it is."""
    for arguments in (["x"], ["x", "--validate-arguments"]):
        out, errors = io.StringIO(), io.StringIO()
        writer = EventWriter(out, errors)
        code = _Input().run_script(arguments, writer, io.BytesIO(data))
        assert code in (0, 1)
        assert len(errors.getvalue()) < 20_000 + 20 * len(data)


def _secret_stays(words: str) -> None:
    assert KEY not in words


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer, or the client's acknowledgement is waited for
    answer = (200, b"")

    def _respond(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = type(self).answer
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    do_GET = do_POST = do_DELETE = _respond  # noqa: N815 - http.server looks for these names

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True


_server: _Server | None = None


def answers(data: bytes) -> None:
    """What REST answers, with a status that the first byte chooses: an answer or GaveUp."""
    global _server  # noqa: PLW0603 - one for all inputs
    if _server is None:
        _server = _Server(("127.0.0.1", 0), _Handler)
        threading.Thread(target=_server.serve_forever, daemon=True).start()
    status = (200, 200, 200, 201, 400, 401, 404, 409, 500, 503)[(data or b"\0")[0] % 10]
    _Handler.answer = (status, data[1:])
    splunkd = Splunkd(KEY, "http", "127.0.0.1", _server.server_port)
    asked: list[Callable[[], object]] = [
        lambda: splunkd.content("configs/conf-x/y"),
        lambda: splunkd.collections("GET", "data/x", {}, ""),
        lambda: splunkd.collections("POST", "data/x", {}, "{}"),
    ]
    if status < 300:
        # After anything else solnlib waits for seconds, and asks again.
        asked.append(lambda: splunkd.secrets("account", "acme"))
    # Each session once added to it, and a process that had thousands grew by hundreds of MB.
    assert len(os.environ["NO_PROXY"]) < LONGEST
    for ask in asked:
        try:
            ask()
        except GaveUp as error:
            check_words(error)
            _secret_stays(str(error))
        except OSError:
            pass  # of `collections`, whose callers wait and try again


TARGETS = {"stdin": stdin, "answers": answers}
