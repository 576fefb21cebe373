# SPDX-License-Identifier: Apache-2.0
"""One GET to the Audit Logs API, and nothing else: no retry, no decoding, no waiting.

The only module that knows `requests`. A client belongs to one thread and keeps one connection.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from slack_audit_input.model.errors import ConfigError, Retryable
from slack_audit_input.slack.clock import date_of
from slack_audit_input.slack.decode import BODY_MOST

API_URL = "https://api.slack.com/audit/v1/"
_CHUNK = 1 << 20


class Token:
    """A secret that no repr, log line or error can show by accident."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        secret = secret.strip()
        if not secret:
            raise ConfigError("the token is empty")
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise ConfigError(
                "the token holds blanks or characters that no token has: is the file the right one?"
            )
        self._secret = secret

    def __repr__(self) -> str:
        return "Token(…)"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put it on a request."""
        # As requests' "auth", so that a .netrc entry for the host cannot replace it.
        request.headers["Authorization"] = f"Bearer {self._secret}"
        return request


class NoToken:
    """For /actions and /schemas, which need none: sends no Authorization, not even .netrc's."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the request as it is."""
        return request


class Settings(NamedTuple):
    """How to reach Slack. ``timeouts``: connecting, and each wait for bytes, in seconds.

    ``patience``: seconds that one whole answer may take. ``proxy``: a URL, or "" for the
    environment's. ``ca_file``: a bundle to trust instead of the usual one, or "".
    """

    api_url: str = API_URL
    proxy: str = ""
    ca_file: str = ""
    timeouts: tuple[float, float] = (10.0, 60.0)
    patience: float = 300.0
    agent: str = "slack-audit-input"


class Answer(NamedTuple):
    """What came back: ``body`` still packed as ``encoding`` says; ``date``: unix seconds."""

    status: int
    body: bytes
    encoding: str = ""
    date: int | None = None
    retry_after: str | None = None


def checked_url(url: str) -> str:
    """The base URL with a slash at its end.

    Raises ConfigError unless it is https, or http to this machine itself (the emulator): a
    token never travels in clear.
    """
    parts = urlsplit(url.strip())
    try:
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        port_ok = False
    if parts.scheme not in ("https", "http") or not parts.hostname or not port_ok:
        raise ConfigError(f"--api-url {url!r} is no URL such as {API_URL}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigError("--api-url must hold neither a user, nor a query, nor a fragment")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ConfigError(
            "--api-url must begin with https://: over http the token could be read on its way "
            "(http is for this machine itself only, such as http://127.0.0.1:8080/audit/v1/)"
        )
    return url.strip().rstrip("/") + "/"


def is_loopback(host: str) -> bool:
    """Is it this machine, by address or by the name localhost?"""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Client:
    """GETs with one keep-alive connection. Use it from one thread."""

    def __init__(self, settings: Settings, token: Token | None) -> None:
        self._base = checked_url(settings.api_url)
        self._settings = settings
        self._session = requests.Session()
        self._session.auth = token or NoToken()
        self._session.headers.update(
            {
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": settings.agent,
            }
        )
        if settings.proxy:
            self._session.proxies = {"http": settings.proxy, "https": settings.proxy}
        if settings.ca_file:
            self._session.verify = settings.ca_file

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def get(self, path: str, params: Mapping[str, str | int]) -> Answer:
        """The answer to one GET, whatever its status. Redirects are not followed.

        Raises Retryable when no whole answer came, ConfigError for a proxy or a certificate
        that a person must see to.
        """
        try:
            with self._session.get(
                urljoin(self._base, path),
                params=dict(params),
                timeout=self._settings.timeouts,
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(
                    response.status_code,
                    self._read(response),
                    response.headers.get("Content-Encoding", "").strip().lower(),
                    date_of(response.headers.get("Date")),
                    response.headers.get("Retry-After"),
                )
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise ConfigError(
                    "the certificate of Slack's address is not trusted. If a proxy inspects "
                    "TLS here, give its CA bundle with --ca-file"
                ) from None
            raise Retryable("the TLS connection to Slack failed", "network") from None
        except requests.exceptions.ProxyError as error:
            if "407" in str(error):
                raise ConfigError(
                    "the proxy wants a user name and password: put them in the proxy's URL"
                ) from None
            raise Retryable("the proxy cannot be reached, or refuses", "network") from None
        except requests.exceptions.Timeout:
            raise Retryable("Slack did not answer in time", "timeout") from None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidProxyURL):
            raise ConfigError("--api-url or the proxy's URL is not a URL") from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            # The kind of error alone: its text may hold the proxy's user and password.
            raise Retryable(f"no answer from Slack ({_kind_of(error)})", "network") from None
        except OSError as error:
            if self._settings.ca_file and "CA" in str(error):
                raise ConfigError(f"--ca-file: {error}") from None
            raise Retryable(f"no answer from Slack ({type(error).__name__})", "network") from None

    def _read(self, response: requests.Response) -> bytes:
        """The body as it came over the wire: packed, so that waiting pages stay small."""
        deadline = time.monotonic() + self._settings.patience
        chunks: list[bytes] = []
        size = 0
        while True:
            chunk = response.raw.read(_CHUNK, decode_content=False)
            if not chunk:
                break
            chunks.append(chunk)
            size += len(chunk)
            if size > BODY_MOST:
                raise Retryable(f"Slack's answer is larger than {BODY_MOST} bytes", "body")
            if time.monotonic() > deadline:
                raise Retryable("Slack's answer drips in too slowly", "timeout")
        promised = response.headers.get("Content-Length", "")
        # Not every urllib3 that we may meet checks it.
        if promised.isdigit() and int(promised) != size:
            raise Retryable(f"Slack's answer is cut after {size} of {promised} bytes", "body")
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _kind_of(error: BaseException) -> str:
    """The innermost reason's class, such as NewConnectionError or IncompleteRead."""
    for candidate in (error.args[0] if error.args else None, error):
        reason = getattr(candidate, "reason", candidate)
        if isinstance(reason, BaseException):
            return type(reason).__name__
    return type(error).__name__
