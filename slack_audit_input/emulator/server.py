# SPDX-License-Identifier: Apache-2.0
"""The thin HTTP shell: HTTP/1.1 with keep-alive and gzip, on loopback only.

It reads requests, asks the core, and sends what it says in the manner it says: whole, cut, reset,
dripping or not at all.
"""

from __future__ import annotations

import contextlib
import http
import socket
import socketserver
import struct
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from slack_audit_input.emulator.answers import Answer, answer, dump
from slack_audit_input.emulator.clock import Clock
from slack_audit_input.emulator.core import Emulator
from slack_audit_input.emulator.routes import BadRequest, Routes

_DRIPS = 20
_BODY_MOST = 64 * 1024 * 1024
# l_onoff, l_linger: close() then sends a reset instead of what is left.
_RESET = struct.pack("ii", 1, 0)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A thread a connection; `stop` ends them all, also those that wait."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, emulator: Emulator, clock: Clock, routes: Routes) -> None:
        """Listen where the options of `emulator` say. Raises OSError if that cannot be."""
        options = emulator.options
        if ":" in options.host:
            self.address_family = socket.AF_INET6
        self.emulator = emulator
        self.clock = clock
        self.routes = routes
        self.stopping = threading.Event()
        # Pages that are being made take 30 MB each, which the memory allocator keeps for each
        # thread that ever made one; and more threads than this would not be faster.
        self.makers = ThreadPoolExecutor(2, "emulator-maker")
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((options.host, options.port), Connection)
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="emulator", daemon=True
        )

    @property
    def url(self) -> str:
        """Where it listens: `http://127.0.0.1:PORT`."""
        host, port = self.server_address[:2]
        name = str(host)
        return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"

    def start(self) -> None:
        """Serve in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more, and end all connections."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._open:
                # It may have been closed by its client in this moment.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.makers.shutdown(wait=True)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a new connection in a thread."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong on stderr, unless a client just went away."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Connection(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def _respond(self) -> None:
        began = time.monotonic()
        parts = urlsplit(self.path)
        params = dict(parse_qsl(parts.query, keep_blank_values=True, errors="replace"))
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isdigit() else 0
        if size > _BODY_MOST or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(answer(413), began)
            return
        body = self.rfile.read(size)
        if parts.path.split("/")[1:2] == ["control"]:
            self._control(parts.path[len("/control") :], params, body, began)
            return
        headers = dict(self.headers.items())
        makers = self.server.makers
        made = makers.submit(self._make, params, headers, parts.path, body)
        self._send(made.result(), began)

    # http.server looks for these names.
    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _respond  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: stdout and stderr belong to the command."""

    def _control(self, name: str, params: dict[str, str], body: bytes, began: float) -> None:
        routes = self.server.routes
        try:
            if self.command == "GET" and name.strip("/") == "truth":
                self._stream(routes.truth(params))
                return
            given = answer(200, routes.answer(self.command, name, params, body))
        except BadRequest as error:
            given = answer(400, dump({"error": str(error)}) + b"\n")
        except LookupError as error:
            given = answer(404, dump({"error": str(error.args[0])}) + b"\n")
        self._send(given, began)

    def _stream(self, parts: Any) -> None:
        """Send parts in chunks, so that a truth of millions needs no memory."""
        self._raw(
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"
        )
        for part in parts:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, given: Answer, began: float) -> None:
        if given.manner == "hang":
            self._hang()
            return
        headers, body = dict(given.headers), given.body
        headers["Content-Length"] = str(len(body))
        if given.manner in ("cut", "reset") or self.close_connection:
            headers["Connection"] = "close"
            self.close_connection = True
        # Making the page is part of the time that it takes.
        if self.server.stopping.wait(max(0.0, given.delay - (time.monotonic() - began))):
            self.close_connection = True
            return
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        phrase = http.HTTPStatus(given.status).phrase
        self._raw(f"HTTP/1.1 {given.status} {phrase}\r\n{lines}\r\n")
        if self.command == "HEAD":
            return
        if given.manner == "drip":
            self._drip(body, given.pace)
        elif given.manner in ("cut", "reset"):
            self._break_off(body, given.manner)
        else:
            self.wfile.write(body)

    def _make(
        self, params: dict[str, str], headers: dict[str, str], path: str, body: bytes
    ) -> Answer:
        """The answer of the core, ready to be sent."""
        now = self.server.clock.now()
        serve = self.server.emulator.serve
        given = serve(params, headers, now, path=path, method=self.command, body=body)
        return self._packed(given)

    def _packed(self, given: Answer) -> Answer:
        """The answer, compressed if the client takes that."""
        if not given.body or not self._takes_gzip():
            return given
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        body = packer.compress(given.body) + packer.flush()
        headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return given._replace(headers={**given.headers, **headers}, body=body)

    def _takes_gzip(self) -> bool:
        if not self.server.emulator.options.gzip:
            return False
        offered = self.headers.get("Accept-Encoding", "").lower().split(",")
        return any(
            name.strip() in ("gzip", "x-gzip") and quality.strip() not in ("q=0", "q=0.0")
            for name, _, quality in (one.partition(";") for one in offered)
        )

    def _drip(self, body: bytes, pace: float) -> None:
        size = max(1, -(-len(body) // _DRIPS))
        for start in range(0, len(body), size):
            self.wfile.write(body[start : start + size])
            if self.server.stopping.wait(pace / _DRIPS):
                self.close_connection = True
                return

    def _break_off(self, body: bytes, manner: str) -> None:
        self.wfile.write(body[: len(body) // 2])
        if manner == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            # Without this, socketserver would say goodbye first, and in peace.
            self.connection.close()

    def _hang(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            while self.connection.recv(65536):
                pass

    def _raw(self, text: str) -> None:
        self.wfile.write(text.encode("latin-1", "replace"))
