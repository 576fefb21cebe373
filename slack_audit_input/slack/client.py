# SPDX-License-Identifier: Apache-2.0
"""One call to Slack, and nothing else: no retry, no decoding, no waiting.

The only module that knows `requests`' sessions. A client belongs to one thread and keeps one
connection. Every request asks for the token of the moment; one that Slack refuses, because it has
run out or was replaced, is asked for anew once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from slack_audit_input.model.errors import ConfigError, Retryable
from slack_audit_input.slack.clock import date_of
from slack_audit_input.slack.settings import (
    Settings,
    checked_ca,
    checked_proxy,
    checked_url,
    is_loopback,
)
from slack_audit_input.slack.source import Lasting, TokenSource, is_refused
from slack_audit_input.slack.token import NoToken, Token
from slack_audit_input.slack.unpack import TooLarge

_CHUNK = 1 << 20
_LITTLE = 1 << 14
#: As much of an error's body as is read: it holds a code of a few words.
ERROR_BODY_MOST = 1 << 20


class Answer(NamedTuple):
    """What came back: ``body`` still packed as ``encoding`` says; ``date``: unix seconds.

    ``scopes``: the header X-OAuth-Scopes, with which the Web API says what a token may do.
    """

    status: int
    body: bytes
    encoding: str = ""
    date: int | None = None
    retry_after: str | None = None
    scopes: str | None = None


class _Session(requests.Session):
    """A session that never looks where a redirect leads.

    Without this, requests reads a redirect's whole body, and fails on odd locations, even if
    it has been told not to follow.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""


class Connections:
    """Keep-alive connections that many clients share, each with its own token and cookies.

    For clients whose settings are the same; threads may share it. ``most``: connections kept.
    Each TLS connection of its own would take 0.7 MB and 14 ms for the trusted certificates.
    """

    def __init__(self, most: int) -> None:
        self.adapter = requests.adapters.HTTPAdapter(pool_connections=100, pool_maxsize=most)

    def close(self) -> None:
        """Close them."""
        self.adapter.close()


class Client:
    """Calls with one keep-alive connection, or with shared ones. Use it from one thread.

    ``token``: one that lasts, a source that knows the present one, or None for calls that need
    none. Raises ConfigError for settings that cannot work.
    """

    def __init__(
        self,
        settings: Settings,
        token: Token | TokenSource | None,
        connections: Connections | None = None,
    ) -> None:
        self._base = checked_url(settings.api_url)
        self._settings = settings
        self._source = Lasting(token) if isinstance(token, Token) else token
        self._session = _Session()
        self._session.headers.update(
            {
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": settings.agent,
            }
        )
        self._shared = connections is not None
        if connections is not None:
            self._session.mount("https://", connections.adapter)
            self._session.mount("http://", connections.adapter)
        # A proxy of the environment cannot reach this machine's loopback.
        self._session.trust_env = not is_loopback(urlsplit(self._base).hostname or "")
        # Both go with each request: what a session holds, requests lets the environment
        # (HTTPS_PROXY, REQUESTS_CA_BUNDLE) replace.
        self._proxies: dict[str, str] | None = None
        if settings.proxy:
            proxy = checked_proxy(settings.proxy, self._base)
            self._proxies = {"http": proxy, "https": proxy}
        self._verify: str | None = None
        if settings.ca_file:
            self._verify = checked_ca(settings.ca_file)

    def close(self) -> None:
        """Close the connection, unless others use it."""
        if self._shared:
            return
        # By name: urllib3 2 leaves connections to the garbage collector, which may come late.
        for adapter in self._session.adapters.values():
            if isinstance(adapter, requests.adapters.HTTPAdapter):
                for manager in (adapter.poolmanager, *adapter.proxy_manager.values()):
                    for key in manager.pools.keys():  # noqa: SIM118 - it cannot be iterated over
                        manager.pools[key].close()
        self._session.close()

    def get(self, path: str, params: Mapping[str, str | int]) -> Answer:
        """The answer to one GET, whatever its status. Redirects are not followed.

        With a token that Slack refuses the call is made once more, if the source has another.
        Raises Retryable when no whole answer came (TooLarge when it is beyond bounds),
        ConfigError for a proxy or a certificate that a person must see to, and what the source
        raises when it has no token to give.
        """
        if self._source is None:
            return self._ask("GET", path, NoToken(), params=dict(params))
        token = self._source.token()
        answer = self._ask("GET", path, token, params=dict(params))
        if is_refused(answer.status, answer.body, answer.encoding):
            other = self._source.refused(token)
            if other is None:
                return answer
            token = other
            answer = self._ask("GET", path, token, params=dict(params))
        if answer.status == 200:
            self._source.used(token)
        return answer

    def post(
        self, path: str, form: Mapping[str, str], auth: requests.auth.AuthBase | Token | NoToken
    ) -> Answer:
        """The answer to one POST of a form, with ``auth`` and no token of the source's.

        Raises as ``get`` does.
        """
        return self._ask("POST", path, auth, data=dict(form))

    def _ask(
        self,
        method: str,
        path: str,
        auth: requests.auth.AuthBase | Token | NoToken,
        params: Mapping[str, str | int] | None = None,
        data: Mapping[str, str] | None = None,
    ) -> Answer:
        deadline = time.monotonic() + self._settings.patience
        try:
            with self._session.request(
                method,
                urljoin(self._base, path),
                params=params,
                data=data,
                # With the request, so that a .netrc entry for the host cannot replace it.
                auth=auth,
                timeout=self._settings.timeouts,
                allow_redirects=False,
                stream=True,
                proxies=self._proxies,
                verify=self._verify,
            ) as response:
                return Answer(
                    response.status_code,
                    self._body(response, deadline),
                    response.headers.get("Content-Encoding", "").strip().lower(),
                    date_of(response.headers.get("Date")),
                    response.headers.get("Retry-After"),
                    response.headers.get("X-OAuth-Scopes"),
                )
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _error_of(error) from None
        except OSError as error:
            if "TLS CA certificate bundle" in str(error):  # requests' own words
                raise ConfigError(f"REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE: {error}") from None
            raise Retryable(f"no answer from Slack ({type(error).__name__})", "network") from None
        except (ValueError, TypeError) as error:
            # The last hold: a proxy's URL in the environment, or a header, that requests
            # stumbles over.
            raise Retryable(f"no answer from Slack ({type(error).__name__})", "network") from None

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        """The body as it came over the wire: packed, so that waiting pages stay small.

        Of an answer that is an error anyway, as much as there is: its status decides.
        """
        if response.status_code == 200:
            return self._read(response, deadline, self._settings.body_most)
        try:
            return self._read(response, deadline, ERROR_BODY_MOST)
        except (Retryable, requests.exceptions.RequestException, urllib3.exceptions.HTTPError):
            return b""
        except OSError:
            return b""

    def _read(self, response: requests.Response, deadline: float, most: int) -> bytes:
        # read() waits until all it was asked for is there, however slowly it drips in; read1()
        # returns with what has come. urllib3 before 2.0.7, such as Splunk's, has none: there we ask
        # for little at a time, so that the deadline is looked at now and then.
        read = getattr(response.raw, "read1", None)
        most_at_once = _CHUNK
        if read is None:
            read, most_at_once = response.raw.read, _LITTLE
        chunks: list[bytes] = []
        size = 0
        while True:
            chunk = read(most_at_once, decode_content=False)
            if not chunk:
                break
            chunks.append(chunk)
            size += len(chunk)
            if size > most:
                raise TooLarge(most)
            if time.monotonic() > deadline:
                raise Retryable("Slack's answer drips in too slowly", "timeout")
        promised = response.headers.get("Content-Length", "")
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        # Not every urllib3 that we may meet checks it.
        if promised.isascii() and promised.isdigit() and int(promised) != size and not chunked:
            raise Retryable(f"Slack's answer is cut after {size} of {promised} bytes", "body")
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _error_of(error: Exception) -> ConfigError | Retryable:
    """What a failure of requests or urllib3 stands for.

    The kind of error alone is told: its text may hold the proxy's user and password.
    """
    text = str(error)
    # The second is how urllib3 1.26 says that it is another host's.
    if "CERTIFICATE_VERIFY_FAILED" in text or "doesn't match" in text:
        return ConfigError(
            "the certificate of Slack's address (or of the proxy) is not trusted. If a proxy "
            "inspects TLS here, give its CA bundle with --ca-file, or in the environment "
            "variable REQUESTS_CA_BUNDLE"
        )
    # Not "407" alone: that may be part of a port.
    if "Tunnel connection failed: 407" in text:
        return ConfigError("the proxy wants a user name and password: put them in the proxy's URL")
    if isinstance(error, requests.exceptions.ProxyError):
        return Retryable("the proxy cannot be reached, or refuses", "network")
    if isinstance(error, requests.exceptions.SSLError):
        return Retryable("the TLS connection to Slack failed", "network")
    if isinstance(error, (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)):
        return Retryable("Slack did not answer in time", "timeout")
    if isinstance(
        error,
        (
            requests.exceptions.InvalidURL,  # the proxy's is one of these
            requests.exceptions.InvalidSchema,  # SOCKS without its package
            urllib3.exceptions.LocationValueError,
        ),
    ):
        return ConfigError("--api-url or the proxy's URL (HTTPS_PROXY) is not a URL we can use")
    return Retryable(f"no answer from Slack ({_kind_of(error)})", "network")


def _kind_of(error: BaseException) -> str:
    """The innermost reason's class, such as NewConnectionError or IncompleteRead."""
    for candidate in (error.args[0] if error.args else None, error):
        reason = getattr(candidate, "reason", candidate)
        if isinstance(reason, BaseException):
            return type(reason).__name__
    return type(error).__name__
