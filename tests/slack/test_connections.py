# SPDX-License-Identifier: Apache-2.0
"""Clients that share connections: each keeps its token and its cookies to itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from slack_audit_input.slack.client import Client, Connections
from slack_audit_input.slack.settings import Settings
from slack_audit_input.slack.token import Token


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[tuple[int, str, str]]

    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "")
        cookie = self.headers.get("Cookie", "")
        self.seen.append((self.client_address[1], token, cookie))
        self.send_response(200)
        self.send_header("Set-Cookie", f"d=of-{token[-1]}; path=/")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    _Handler.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def test_one_connection_and_nothing_of_one_organization_with_another(
    server: ThreadingHTTPServer,
) -> None:
    settings = Settings(api_url=f"http://127.0.0.1:{server.server_port}/audit/v1/")
    connections = Connections(4)
    clients = [Client(settings, Token(f"xoxp-{name}"), connections) for name in "abc"]
    for _ in range(3):
        for client in clients:
            assert client.get("logs", {}).status == 200
    clients[0].close()  # the others go on with the connection
    assert clients[1].get("logs", {}).status == 200
    connections.close()
    seen = _Handler.seen
    assert len({port for port, _, _ in seen}) == 1
    tokens = [token for _, token, _ in seen]
    assert tokens == [f"Bearer xoxp-{name}" for name in "abcabcabcb"]
    assert all(cookie in ("", f"d=of-{token[-1]}") for _, token, cookie in seen)
    assert any(cookie for _, _, cookie in seen)
