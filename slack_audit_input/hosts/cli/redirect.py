# SPDX-License-Identifier: Apache-2.0
"""The way back from Slack's consent page: one request on loopback, or an address that is pasted.

A request with another ``state`` than ours is nobody we sent: it is told so, and we go on waiting.
"""

from __future__ import annotations

import contextlib
import hmac
import html
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from slack_audit_input.collector.ports import Log
from slack_audit_input.model.errors import AuthError, ConfigError
from slack_audit_input.slack.settings import is_loopback

if TYPE_CHECKING:
    from typing_extensions import Self

#: Seconds that a browser may take over a request.
_SLOW = 10
#: Of what a redirect brings, as much as is looked at.
_MOST = 4096


class Redirect:
    """Waits on the address of ``url`` for the browser. Use it in a `with`.

    ``url``: http on this machine, with a port. Raises ConfigError when it is not, or when
    something else listens there.
    """

    def __init__(self, url: str, state: str, log: Log) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = None
        host = parts.hostname or ""
        if parts.scheme != "http" or not is_loopback(host) or not port:
            raise ConfigError(
                f"--redirect-url {url}: nobody listens there. Only http://localhost:PORT/… can be "
                "received; for any other address use --paste"
            )
        self._path = parts.path or "/"
        self._state = state
        self._log = log
        self._found: tuple[str, str] | None = None
        self._came = threading.Event()
        self._servers = _servers(host, port, self._handler())
        if not self._servers:
            raise ConfigError(
                f"port {port} is taken on this machine: choose another with --port, and give the "
                "Slack app that redirect URL as well"
            )

    def __enter__(self) -> Self:
        for server in self._servers:
            threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
            ).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def code(self, seconds: float) -> str:
        """The code that the browser brings. Raises AuthError for a refusal, or when none came."""
        if not self._came.wait(seconds):
            raise AuthError(
                f"nobody came back from Slack's page within {seconds:.0f} s. If the browser could "
                "not open the redirect URL, sign in with --paste"
            )
        assert self._found is not None
        return code_or_error(*self._found)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        redirect = self

        class OneRedirect(BaseHTTPRequestHandler):
            timeout = _SLOW

            def do_GET(self) -> None:
                status, page = redirect._answer(self.path)
                data = page.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(data)))
                # The address holds the code: it goes into no other request, and no cache.
                self.send_header("Referrer-Policy", "no-referrer")
                self.send_header("Cache-Control", "no-store")
                self.send_header("Content-Security-Policy", "default-src 'none'")
                self.end_headers()
                self.wfile.write(data)
                if status == 200:
                    redirect._came.set()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: the address holds the code."""

        return OneRedirect

    def _answer(self, target: str) -> tuple[int, str]:
        parts = urlsplit(target[:_MOST])
        if parts.path != self._path:
            return 404, _page("Nothing here", "This address only waits for Slack.")
        code, error, state = _values(parts.query)
        if not hmac.compare_digest(state.encode(), self._state.encode()):
            self._log("warning", "redirect_not_ours", reason="another state than ours")
            return 400, _page(
                "Not our sign-in",
                "This did not begin with the command that waits here, or with an earlier one. "
                "Begin again with the address that the command has shown.",
            )
        if self._found is None:
            self._found = (code, error)
        if error or not code:
            return 200, _page(
                "Not signed in", f"Slack says: {error or 'nothing'}. The command says more."
            )
        return 200, _page("Slack has agreed", "Go back to the terminal; this page can be closed.")


def pasted_code(text: str, state: str) -> str:
    """The code in the address that somebody has pasted. Raises AuthError."""
    query = urlsplit(text.strip()[:_MOST]).query
    code, error, found = _values(query)
    if not query or not (code or error):
        raise AuthError(
            "that is not the address to which Slack led: it holds code= and state=. Copy the whole "
            "address of the page that could not be opened"
        )
    if not hmac.compare_digest(found.encode(), state.encode()):
        raise AuthError("that address belongs to another sign-in: its state is not ours")
    return code_or_error(code, error)


def code_or_error(code: str, error: str) -> str:
    """The code, or what the consent page led back with as an AuthError."""
    if error == "access_denied":
        raise AuthError("signing in was cancelled, or refused, on Slack's page", error)
    if error or not code:
        shown = error if error.replace("_", "").isalnum() else "no code and no known error"
        raise AuthError(f"Slack's page led back with: {shown[:80]}", shown[:80])
    return code


def _values(query: str) -> tuple[str, str, str]:
    found = parse_qs(query, max_num_fields=20) if query.count("&") < 20 else {}
    return (
        found.get("code", [""])[0],
        found.get("error", [""])[0],
        found.get("state", [""])[0],
    )


def _servers(
    host: str, port: int, handler: type[BaseHTTPRequestHandler]
) -> list[ThreadingHTTPServer]:
    """Where the name leads: a browser may try localhost's IPv6 address first."""
    addresses = ["127.0.0.1", "::1"] if host == "localhost" else [host]
    servers: list[ThreadingHTTPServer] = []
    for address in addresses:
        kind = _Server6 if ":" in address else _Server
        with contextlib.suppress(OSError):
            servers.append(kind((address, port), handler))
    # One of two is not enough: whoever has the other would be sent the code.
    if servers and host == "localhost" and servers[0].address_family != socket.AF_INET:
        for server in servers:
            server.server_close()
        return []
    return servers


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    # Another program's port is not ours to share.
    allow_reuse_port = False


class _Server6(_Server):
    address_family = socket.AF_INET6


def _page(title: str, words: str) -> str:
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>slack-audit-input'
        f"</title></head><body><h1>{html.escape(title)}</h1><p>{html.escape(words)}</p></body>"
        "</html>"
    )
