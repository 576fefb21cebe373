# SPDX-License-Identifier: Apache-2.0
"""HTTP on loopback for splunkd's port and for Splunk Web's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.splunkd.entries import Answer

#: From a request's method, target, headers and body to its answer.
Answering = Callable[[str, str, Mapping[str, str], bytes], Answer]


class Served:
    """A server in a thread. ``port`` 0 is any."""

    def __init__(self, answering: Answering, port: int = 0) -> None:
        class Asked(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._do()

            do_POST = do_DELETE = do_PUT = do_HEAD = do_GET  # noqa: N815 - http.server's names

            def _do(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else b""
                answer = answering(self.command, self.path, dict(self.headers.items()), body)
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.kind)
                self.send_header("Content-Length", str(len(answer.body)))
                # splunklib loses the body of an HTTP/1.1 answer without it.
                self.send_header("Connection", "Close")
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body)
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # a client that went away; what it wanted has its own answer

        self._server = Server(("127.0.0.1", port), Asked)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
