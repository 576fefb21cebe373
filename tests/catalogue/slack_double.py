# SPDX-License-Identifier: Apache-2.0
"""A double of Slack's two catalogue endpoints on loopback, and where recorded answers lie."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data"

ACTIONS = {
    "actions": {
        "user": ["user_login", "user_brand_new"],
        "file": ["file_downloaded"],
        "invented_group": ["user_login"],
    }
}
SCHEMAS = {
    "schemas": [
        {"type": "role", "role": {"id": "string", "name": "string"}},
        {"type": "app", "app": {"id": "string", "scopes": "array"}},
        {"type": "app", "app": {"id": "int", "bot_scopes": "array"}},
    ]
}


@dataclass
class SlackDouble:
    """What the double answers, and what it was asked; `url` is its base URL."""

    url: str
    answers: dict[str, bytes]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextlib.contextmanager
def slack_double() -> Iterator[SlackDouble]:
    """Serve `ACTIONS` and `SCHEMAS` on a free loopback port until the block ends."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            double.requests.append((self.path, dict(self.headers)))
            body = double.answers.get(self.path, b"<html>found a glitch</html>")
            self.send_response(double.status if self.path in double.answers else 404)
            for name, value in {"Content-Length": str(len(body)), **double.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the test's own output is what counts."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    double = SlackDouble(
        url=f"http://127.0.0.1:{server.server_port}/audit/v1/",
        answers={
            "/audit/v1/actions": json.dumps(ACTIONS).encode(),
            "/audit/v1/schemas": json.dumps(SCHEMAS).encode(),
        },
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def recorded(name: str) -> bytes:
    """Return a recorded answer of the live service, or skip the test when it is not at hand."""
    path = RECORDED / name
    if not path.is_file():
        pytest.skip(f"recorded answer not found: {path} (it lies outside the repository)")
    return path.read_bytes()
