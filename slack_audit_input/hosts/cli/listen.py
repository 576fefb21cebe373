# SPDX-License-Identifier: Apache-2.0
"""``--health-listen``: a small HTTP server in one thread, which no client can make large.

So many connections at a time, so many bytes, so many seconds each; whatever is beyond is cut.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

from slack_audit_input.collector.ports import Log
from slack_audit_input.hosts.cli.health import Health
from slack_audit_input.model.errors import ConfigError

#: Connections at a time, bytes of a request, and seconds from its first byte to our last.
MOST = 32
LONGEST = 8192
SECONDS = 5.0
LOOPBACK = "127.0.0.1"
PLAIN = "text/plain; charset=utf-8"


class Answer(NamedTuple):
    """What goes back."""

    status: HTTPStatus
    kind: str
    body: bytes


def address_of(text: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``, ``[HOST]:PORT``, ``:PORT`` or ``PORT``.

    Without a host it is loopback. Raises ConfigError.
    """
    host, _, port = text.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not (port.isascii() and port.isdigit()) or int(port) > 65535 or "[" in host:
        raise ConfigError(f"--health-listen {text!r}: write HOST:PORT, as in 127.0.0.1:9110")
    return host or LOOPBACK, int(port)


def serve(text: str, health: Health | Sequence[Health], log: Log) -> tuple[str, int]:
    """Serve in a thread of its own for as long as the process lives; returns where.

    ``health``: of one input, or of each of several.

    Raises ConfigError when that address cannot be listened on.
    """
    host, port = address_of(text)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=MOST)
    except (OSError, OverflowError, UnicodeError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"--health-listen {text}: cannot listen there: {words}") from None
    found: tuple[str, int] = listener.getsockname()[:2]
    server = _Server(health)
    run = threading.Thread(
        target=lambda: asyncio.run(server.run(listener)), name="health", daemon=True
    )
    run.start()
    log("info", "health_listens", host=found[0], port=found[1])
    return found


class _Server:
    def __init__(self, health: Health | Sequence[Health]) -> None:
        self._health = health
        self._all = (health,) if isinstance(health, Health) else health
        self._open = 0

    async def run(self, listener: socket.socket) -> None:
        server = await asyncio.start_server(self._serve, sock=listener, limit=LONGEST)
        async with server:
            await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._open >= MOST:
            writer.transport.abort()
            return
        self._open += 1
        try:
            await asyncio.wait_for(self._one(reader, writer), SECONDS)
        # A client that is slow, gone or talks nonsense is none of the collector's business.
        except (asyncio.TimeoutError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open -= 1
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            answer = Answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, PLAIN, b"too large\n")
            head = b""
        else:
            answer = self.answer(head)
        lines = (
            f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\n"
            f"Content-Type: {answer.kind}\r\nContent-Length: {len(answer.body)}\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        writer.write(lines.encode() + (b"" if head.startswith(b"HEAD ") else answer.body))
        await writer.drain()
        writer.write_eof()
        # Closed with bytes unread, the system would send a reset after our answer; the client
        # has the rest of its seconds to close first.
        while await reader.read(LONGEST):
            pass

    def answer(self, head: bytes) -> Answer:
        """The answer to a request's head."""
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        if method not in (b"GET", b"HEAD"):
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED, PLAIN, b"GET or HEAD only\n")
        if path == b"/healthz":
            bad = any(health.trouble() for health in self._all)
            return Answer(_status(bad), "application/json", self._report())
        if path == b"/livez":
            hung = any(health.hung() for health in self._all)
            return Answer(_status(hung), PLAIN, b"the loop stands still\n" if hung else b"ok\n")
        if path == b"/metrics":
            return self._metrics()
        return Answer(HTTPStatus.NOT_FOUND, PLAIN, b"/healthz, /livez or /metrics\n")

    def _report(self) -> bytes:
        if isinstance(self._health, Health):
            return json.dumps(self._health.report()).encode() + b"\n"
        inputs = [health.report() for health in self._health]
        troubled = [one["input"] for one in inputs if one["trouble"]]
        return json.dumps({"troubled": troubled, "inputs": inputs}).encode() + b"\n"

    def _metrics(self) -> Answer:
        try:
            from slack_audit_input.hosts.cli.metrics import page_of
        except ImportError:
            words = b"/metrics needs prometheus_client: pip install 'slack-audit-input[metrics]'\n"
            return Answer(HTTPStatus.NOT_IMPLEMENTED, PLAIN, words)
        return Answer(HTTPStatus.OK, "text/plain; version=0.0.4; charset=utf-8", page_of(self._all))


def _status(bad: bool) -> HTTPStatus:
    return HTTPStatus.SERVICE_UNAVAILABLE if bad else HTTPStatus.OK
