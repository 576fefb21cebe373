# SPDX-License-Identifier: Apache-2.0
"""Proxies and certificates: which are used, what they get to see, what an error says of them."""

from __future__ import annotations

import base64
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slack_audit_input.model.errors import CollectorError, ConfigError, Retryable
from slack_audit_input.slack.client import Answer, Client
from slack_audit_input.slack.settings import Settings
from slack_audit_input.slack.token import Token
from tests.slack.conftest import Certificate
from tests.slack.servers import Wire, always, answer, read_head, wire

SECRET = "xoxp-1-secret"
SLACK = "https://slack.test/audit/v1/"
FORBIDDEN = "HTTP/1.1 403 Forbidden\r\n\r\n"
WANTS_PASSWORD = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"


def get(url: str, **more: Any) -> Answer:
    settings = Settings(url, timeouts=(1.0, 1.0))._replace(**more)
    client = Client(settings, Token(SECRET))
    try:
        return client.get("logs", {"oldest": 1})
    finally:
        client.close()


class Tunnel:
    """A proxy that lets everything through to a Slack of its own, and notes what it saw."""

    def __init__(self, certificate: Certificate) -> None:
        self.inside: list[str] = []
        self._certificate = certificate
        self.server: Wire | None = None

    def __call__(self, head: str, connection: socket.socket) -> bool:
        """CONNECT, and then the conversation within."""
        assert head.startswith("CONNECT slack.test:443 ")
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with self._certificate.context.wrap_socket(connection, server_side=True) as secured:
            assert self.server is not None
            self.inside.append(read_head(secured, self.server._stopped))
            secured.sendall(answer(b'{"through":"tunnel"}', "Connection: close"))
        return False


@contextlib.contextmanager
def tunnel(certificate: Certificate) -> Iterator[tuple[Wire, Tunnel]]:
    reply = Tunnel(certificate)
    with wire(reply) as server:
        reply.server = server
        yield server, reply


@pytest.mark.parametrize("of_environment", [True, False])
def test_https_goes_through_a_tunnel_that_never_sees_the_token(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    certificate: Certificate,
    of_environment: bool,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password other\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with tunnel(certificate) as (server, inner):
        proxy = f"http://me:hunter2@127.0.0.1:{server.port}"
        if of_environment:
            monkeypatch.setenv("HTTPS_PROXY", proxy)
            got = get(SLACK, ca_file=str(certificate.path))
        else:
            # The setting wins over the environment, for the proxy as for the certificates.
            monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", ssl_defaults())
            got = get(SLACK, proxy=proxy, ca_file=str(certificate.path))
        assert got.body == b'{"through":"tunnel"}'
        expected = "Basic " + base64.b64encode(b"me:hunter2").decode()
        assert server.header("Proxy-Authorization") == expected
        assert SECRET not in "".join(server.heads)
        [head] = inner.inside
        assert f"Authorization: Bearer {SECRET}\r\n" in head
        assert "hunter2" not in head and "Proxy-Authorization" not in head


def ssl_defaults() -> str:
    import certifi

    return certifi.where()


def test_a_bundle_of_the_environment_is_trusted_too(
    monkeypatch: pytest.MonkeyPatch, certificate: Certificate
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.path))
    with tunnel(certificate) as (server, _inner):
        assert get(SLACK, proxy=f"http://127.0.0.1:{server.port}").status == 200


def test_no_proxy_of_the_environment_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://me:hunter2@127.0.0.1:9")
    with wire(always(answer())) as server:
        assert get(server.url).status == 200
        assert get(server.url.replace("127.0.0.1", "localhost")).status == 200
        assert server.header("Proxy-Authorization") is None


def test_a_proxy_on_this_machine_may_be_set_for_this_machine() -> None:
    with wire(always(answer(b"proxied"))) as proxy:
        got = get("http://127.0.0.1:9/audit/v1/", proxy=f"http://127.0.0.1:{proxy.port}")
        assert got.body == b"proxied"
        assert proxy.heads[0].startswith("GET http://127.0.0.1:9/audit/v1/logs?oldest=1 ")


def test_the_token_goes_to_no_proxy_in_clear() -> None:
    with pytest.raises(ConfigError, match="--proxy") as caught:
        get("http://127.0.0.1:9/audit/v1/", proxy="http://me:hunter2@proxy.example:3128")
    assert "hunter2" not in str(caught.value)


def test_a_proxy_that_wants_a_password() -> None:
    with wire(always(WANTS_PASSWORD.encode())) as proxy:
        url = f"http://me:hunter2@127.0.0.1:{proxy.port}"
        with pytest.raises(ConfigError, match="user name and password") as caught:
            get(SLACK, proxy=url)
        assert "hunter2" not in str(caught.value)
        # Without a tunnel it is an answer; classify says the same of it.
        assert get("http://127.0.0.1:9/", proxy=url).status == 407


@pytest.mark.parametrize("port", ["9", "407", "4070", "14071"])
def test_a_proxy_that_is_not_there_may_come_back(port: str) -> None:
    with pytest.raises(Retryable, match="proxy") as caught:
        get(SLACK, proxy=f"http://me:hunter2@127.0.0.1:{port}")
    assert caught.value.kind == "network" and "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        FORBIDDEN.encode(),
        b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nno TLS here at all, and a lot more of it",
    ],
)
def test_a_proxy_that_fails_may_recover(reply: bytes) -> None:
    with wire(always(reply, keep=False)) as proxy, pytest.raises(Retryable) as caught:
        get(SLACK, proxy=f"http://me:hunter2@127.0.0.1:{proxy.port}")
    assert "hunter2" not in str(caught.value) and SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "proxy.example:3128",
        "me:hunter2@proxy.example",
        "http://",
        "http://me:hunter2@",
        "http://me:hunter2@proxy.example:port",
        "http://me:hunter2@[::1",
        "ftp://me:hunter2@proxy.example",
        "socks://me:hunter2@127.0.0.1:9",
        "http://me:hunter 2@proxy.example",
    ],
)
def test_a_setting_that_is_no_proxy_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ConfigError, match="the proxy is no URL") as caught:
        get(SLACK, proxy=url)
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hunter2@127.0.0.1:port",
        "http://me:hunter2@[::1",
        "ftp://me:hunter2@127.0.0.1:9",
        "socks5://me:hunter2@127.0.0.1:9",
        "http://me:hunter2@",
        "me:hunter2@127.0.0.1:9",
    ],
)
def test_a_bad_proxy_of_the_environment_never_ends_the_program(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    with pytest.raises(CollectorError) as caught:
        get(SLACK)
    assert "hunter2" not in str(caught.value)


# -- certificates ----------------------------------------------------------------------------


def test_an_unknown_certificate_is_a_setting_and_a_known_one_is_trusted(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wire(always(answer()), certificate.context) as server:
        with pytest.raises(ConfigError, match="--ca-file"):
            get(server.url)
        assert server.heads == []  # the token was not sent before the certificate was seen
        monkeypatch.setenv("CURL_CA_BUNDLE", "")
        with pytest.raises(ConfigError, match="--ca-file"):
            get(server.url)
        assert get(server.url, ca_file=str(certificate.path)).status == 200
        assert server.header("Authorization") == f"Bearer {SECRET}"


def test_a_certificate_for_another_name_is_not_trusted(certificate: Certificate) -> None:
    with wire(always(answer()), certificate.context) as server:
        other = server.url.replace("127.0.0.1", "localhost")
        with pytest.raises(ConfigError, match="not trusted"):
            get(other, ca_file=str(certificate.path))
        assert server.heads == []


def test_the_certificate_of_a_proxy_is_looked_at_too(certificate: Certificate) -> None:
    with wire(always(FORBIDDEN.encode()), certificate.context) as proxy:
        url = f"https://me:hunter2@127.0.0.1:{proxy.port}"
        with pytest.raises(ConfigError, match="--ca-file") as caught:
            get(SLACK, proxy=url)
        assert "hunter2" not in str(caught.value)
        assert proxy.heads == []
        with pytest.raises(Retryable, match="proxy"):
            get(SLACK, proxy=url, ca_file=str(certificate.path))


def test_a_ca_file_that_is_none_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("-----BEGIN CERTIFICATE-----\nnot one\n", encoding="ascii")
    empty = tmp_path / "empty.pem"
    empty.touch()
    for path in (bad, empty, tmp_path / "missing.pem"):
        with pytest.raises(ConfigError, match="--ca-file"):
            get(SLACK, ca_file=str(path))


def test_a_bundle_of_the_environment_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    with pytest.raises(ConfigError, match=r"/nowhere/bundle\.pem"):
        get(SLACK, proxy="http://127.0.0.1:9")
