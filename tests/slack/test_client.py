# SPDX-License-Identifier: Apache-2.0
"""One GET over a real connection: whole answers, and every way in which one can break."""

from __future__ import annotations

import contextlib
import copy
import gzip
import pickle
import socket
import time
import tracemalloc
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from slack_audit_input.model.errors import (
    AuthError,
    CallFailed,
    CollectorError,
    ConfigError,
    Retryable,
)
from slack_audit_input.model.ledger import BACKLOG, Reading
from slack_audit_input.slack.answers import page_of
from slack_audit_input.slack.client import Answer, Client
from slack_audit_input.slack.settings import Settings, checked_url
from slack_audit_input.slack.token import Token
from slack_audit_input.slack.unpack import TooLarge, inflate
from tests.slack.servers import Wire, always, answer, reset, wire

SECRET = "xoxp-1-secret"
TOKEN = Token(SECRET)
BODY = b'{"entries":[' + b",".join(b'{"id":"%d","date_create":7}' % i for i in range(500)) + b"]}"
PACKED = gzip.compress(BODY)


def settings(url: str, **more: Any) -> Settings:
    return Settings(url, timeouts=(1.0, 0.3), patience=5.0)._replace(**more)


@contextlib.contextmanager
def client(url: str, token: Token | None = TOKEN, **more: Any) -> Iterator[Client]:
    made = Client(settings(url, **more), token)
    try:
        yield made
    finally:
        made.close()


def get(server: Wire, token: Token | None = TOKEN, **more: Any) -> Answer:
    with client(server.url, token, **more) as made:
        return made.get("logs", {"oldest": 1, "latest": 2})


# -- whole answers ---------------------------------------------------------------------------


def test_what_is_sent_and_what_comes_back() -> None:
    date = formatdate(1_700_000_000, usegmt=True)
    reply = answer(PACKED, "Content-Encoding: GZIP ", f"Date: {date}", "Retry-After: 7")
    with wire(always(reply)) as server:
        with client(server.url, agent="x/1") as made:
            got = made.get("logs", {"oldest": 1, "cursor": "a+/b="})
        assert got == Answer(200, PACKED, "gzip", 1_700_000_000, "7")
        assert inflate(got.body, got.encoding) == BODY
        assert server.heads[0].startswith("GET /audit/v1/logs?oldest=1&cursor=a%2B%2Fb%3D HTTP/1.1")
        assert server.header("Authorization") == f"Bearer {SECRET}"
        assert server.header("Accept") == "application/json"
        assert server.header("Accept-Encoding") == "gzip"
        assert server.header("User-Agent") == "x/1"
        assert server.header("Cookie") is None


def test_identity_chunks_and_an_end_without_a_length() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
        b"%x\r\n%s\r\n" % (len(BODY[i : i + 999]), BODY[i : i + 999])
        for i in range(0, len(BODY), 999)
    )
    both = chunked.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n", 1)
    until_the_end = b"HTTP/1.1 200 OK\r\n\r\n" + BODY
    odd = b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n" + BODY
    for reply, keep in [
        (answer(BODY), True),
        (chunked + b"0\r\n\r\n", True),
        (both + b"0\r\n\r\n", True),
        (until_the_end, False),
        (odd, False),
    ]:
        with wire(always(reply, keep)) as server:
            assert get(server) == Answer(200, BODY)


def test_one_connection_serves_many_calls() -> None:
    packed = answer(PACKED, "Content-Encoding: gzip")
    with wire(always(packed)) as server, client(server.url) as made:
        for _ in range(5):
            assert made.get("logs", {}).body == PACKED
        assert (len(server.heads), server.connections) == (5, 1)


def test_a_connection_that_slack_has_closed_is_made_anew() -> None:
    with wire(always(answer(), keep=False)) as server, client(server.url) as made:
        for _ in range(3):
            assert made.get("logs", {}).status == 200
            time.sleep(0.02)
        assert server.connections == 3


@pytest.mark.parametrize("status", ["401 x", "429 x", "500 x", "400 x"])
def test_errors_keep_the_connection_too(status: str) -> None:
    with wire(always(answer(b'{"ok":false}', status=status))) as server, client(server.url) as made:
        assert {made.get("logs", {}).status for _ in range(3)} == {int(status[:3])}
        assert server.connections == 1


# -- broken answers --------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [answer(BODY), answer(PACKED, "Content-Encoding: gzip")])
@pytest.mark.parametrize("missing", [1, 100])
def test_a_cut_body_is_asked_for_again(reply: bytes, missing: int) -> None:
    with wire(always(reply[:-missing], keep=False)) as server, pytest.raises(Retryable):
        get(server)


def test_a_cut_chunk_is_asked_for_again() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for rest in (b"", b"5\r\nabc", b"5\r\nabcde\r\n", b"zz\r\nabc", b"5\r\nabcde"):
        with wire(always(head + rest, keep=False)) as server, pytest.raises(Retryable):
            get(server)


@pytest.mark.parametrize("sent", [0, 20, len(answer(BODY)) // 2])
def test_a_reset_is_asked_for_again(sent: int) -> None:
    def reply(_head: str, connection: socket.socket) -> bool:
        connection.sendall(answer(BODY)[:sent])
        reset(connection)
        return False

    with wire(reply) as server, pytest.raises(Retryable) as caught:
        get(server)
    assert caught.value.kind == "network"


def test_silence_is_a_time_out() -> None:
    for sent in (0, 20, len(answer(BODY)) // 2):
        with pytest.raises(Retryable, match="in time") as caught, silent_after(sent) as server:
            get(server)
        assert caught.value.kind == "timeout"


@contextlib.contextmanager
def silent_after(sent: int) -> Iterator[Wire]:
    def reply(_head: str, connection: socket.socket) -> bool:
        connection.sendall(answer(BODY)[:sent])
        return server.wait(10)

    with wire(reply) as server:
        yield server


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_that_drips_is_given_up(chunked: bool) -> None:
    def reply(_head: str, connection: socket.socket) -> bool:
        length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 1000000"
        connection.sendall(f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n".encode())
        while not server.wait(0.02):
            connection.sendall(b"1\r\nx\r\n" if chunked else b"x")
        return False

    with wire(reply) as server:
        began = time.monotonic()
        with pytest.raises(Retryable, match="drips") as caught:
            get(server, patience=0.2)
        assert time.monotonic() - began < 2
    assert caught.value.kind == "timeout"


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\r\n\r\n",
        b"<html>not http</html>\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x00\xff" * 50,
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nDate: 99 Foo\r\nDate: \xff\xfe\r\nRetry-After: \xb2\r\n\r\n",
    ],
    ids=lambda reply: repr(reply[:24]),
)
def test_what_is_no_http_never_ends_the_program(reply: bytes) -> None:
    with wire(always(reply, keep=False)) as server, contextlib.suppress(CallFailed):
        assert get(server).status == 200


def test_nobody_there() -> None:
    with (
        pytest.raises(Retryable, match="no answer") as caught,
        client("http://127.0.0.1:9") as made,
    ):
        made.get("logs", {})
    assert caught.value.kind == "network"


def test_an_endless_body_is_stopped() -> None:
    def reply(_head: str, connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not server.wait(0):
            connection.sendall(b"x" * 65536)
        return False

    with wire(reply) as server, pytest.raises(TooLarge, match="more than 1000000 bytes"):
        get(server, body_most=1_000_000)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 x", "400 x", "429 x", "503 x"])
@pytest.mark.parametrize("how", ["cut", "endless", "silent", "reset", "bad chunk"])
def test_the_status_of_an_error_stands_whatever_its_body(status: str, how: str) -> None:
    def reply(_head: str, connection: socket.socket) -> bool:
        if how == "bad chunk":
            chunked = f"HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
            connection.sendall(chunked.encode())
            return False
        length = "Content-Length: 500\r\n" if how != "endless" else ""
        connection.sendall(f"HTTP/1.1 {status}\r\n{length}\r\nhalf".encode())
        while how == "endless" and not server.wait(0):
            connection.sendall(b"x" * 65536)
        if how == "silent":
            server.wait(10)
        if how == "reset":
            reset(connection)
        return False

    tracemalloc.start()
    with wire(reply) as server:
        got = get(server)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert got == Answer(int(status[:3]), b"")
    assert peak < 20 << 20


def test_an_empty_401_is_an_auth_error() -> None:
    with wire(always(answer(b"", status="401 Unauthorized"))) as server:
        got = get(server)
    reading = Reading(0, 9, "", 10, BACKLOG, known=0, level=0, top=9, turn=0)
    with pytest.raises(AuthError):
        page_of(got, reading, None)


# -- the token stays with Slack --------------------------------------------------------------


@pytest.mark.parametrize("status", ["301 x", "302 x", "303 x", "307 x", "308 x"])
def test_a_redirect_takes_the_token_nowhere(status: str) -> None:
    with wire(always(answer())) as other:
        location = f"Location: {other.url}"
        with wire(always(answer(b"moved", location, status=status))) as server:
            assert get(server) == Answer(int(status[:3]), b"moved")
            assert len(server.heads) == 1
        assert (other.heads, other.connections) == ([], 0)


@pytest.mark.parametrize(
    "location",
    ["", "http://[::1", "//", "\xff\xfe", "http://\x80/", "ftp://x", "logs", "http://:x"],
)
def test_an_odd_location_is_no_matter(location: str) -> None:
    with wire(always(answer(b"", f"Location: {location}", status="302 Found"))) as server:
        assert get(server).status == 302


def test_a_redirect_with_an_endless_body_is_no_matter() -> None:
    def reply(_head: str, connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n")
        while not server.wait(0):
            connection.sendall(b"x" * 65536)
        return False

    with wire(reply) as server:
        assert get(server) == Answer(302, b"")


@pytest.mark.parametrize("entry", ["default", "machine 127.0.0.1"])
def test_netrc_plays_no_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, entry: str) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"{entry} login somebody password other\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with wire(always(answer())) as server:
        get(server)
        assert server.header("Authorization") == f"Bearer {SECRET}"
        get(server, token=None)
        assert server.header("Authorization") is None


def test_a_token_shows_itself_to_nobody() -> None:
    token = Token(f" {SECRET}\n")
    with client("http://127.0.0.1:9", token) as made:
        for shown in (repr(token), str(token), f"{token}", repr([token]), repr(vars(made))):
            assert "secret" not in shown
        for shown in (repr(made.__dict__["_session"].auth), repr(made.__dict__["_settings"])):
            assert "secret" not in shown
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps({"token": token}, protocol)
    for duplicate in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            duplicate(token)
    assert not hasattr(token, "__dict__")


@pytest.mark.parametrize(
    "secret", ["", " \n", "xoxp 1", "xoxp-1\nxoxp-2", "xoxp-\x00", "xöxp-1", "xoxp-1\r\nX-Evil: 1"]
)
def test_texts_that_are_no_token_are_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Token(secret)
    assert "xoxp" not in str(caught.value)


# -- addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://api.slack.com/audit/v1/", "https://api.slack.com/audit/v1/"),
        ("https://api.slack-gov.com/audit/v1", "https://api.slack-gov.com/audit/v1/"),
        (" https://x.example///\n", "https://x.example/"),
        ("HTTPS://X.example", "https://X.example/"),
        ("https://x.example:8443/a/b//", "https://x.example:8443/a/b/"),
        ("https://x.example/?", "https://x.example/"),
        ("http://127.0.0.1:8080/audit/v1", "http://127.0.0.1:8080/audit/v1/"),
        ("http://127.8.9.1/", "http://127.8.9.1/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://localhost:1/", "http://localhost:1/"),
        ("http://LOCALHOST/", "http://LOCALHOST/"),
        ("https://[::1]/", "https://[::1]/"),
    ],
)
def test_addresses_that_are_taken(url: str, base: str) -> None:
    assert checked_url(url) == base
    assert checked_url(base) == base


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "no URL"),
        ("slack.com/audit/v1", "no URL"),
        ("//slack.com/", "no URL"),
        ("https://", "no URL"),
        ("https:///audit", "no URL"),
        ("https://[::1", "no URL"),
        ("https://[zz]/", "no URL"),
        ("https://x.example:port/", "no URL"),
        ("https://x.example:0/", "no URL"),
        ("https://x.example:99999/", "no URL"),
        ("https://x .example/", "no URL"),
        ("https://x.example/\nHost: evil", "no URL"),
        ("https://x.example\\@evil.example/", "no URL"),
        ("ftp://x.example/", "no URL"),
        ("file:///etc/passwd", "no URL"),
        ("http://slack.com/audit/v1/", "https://"),
        ("http://10.0.0.1/", "https://"),
        ("http://localhost.example/", "https://"),
        ("http://127.0.0.1.example/", "https://"),
        ("http://127.1/", "https://"),
        ("http://0.0.0.0/", "https://"),
        ("http://127.0.0.1@evil.example/", "neither a user"),
        ("https://somebody:hunter2@x.example/", "neither a user"),
        ("https://:hunter2@x.example/", "neither a user"),
        ("https://somebody:hunter2@x.example:port/", "no URL"),
        ("ftp://somebody:hunter2@x.example/", "no URL"),
        ("https://x.example/?token=hunter2", "a query"),
        ("https://x.example/#a", "a fragment"),
    ],
)
def test_addresses_that_are_refused(url: str, words: str) -> None:
    for attempt in (lambda: checked_url(url), lambda: Client(Settings(url), Token(SECRET))):
        with pytest.raises(ConfigError, match="--api-url") as caught:
            attempt()
        assert words in str(caught.value)
        assert "hunter2" not in str(caught.value)


def test_every_error_is_one_of_ours() -> None:
    assert issubclass(TooLarge, Retryable) and issubclass(Retryable, CollectorError)


def test_closing_closes_even_while_something_holds_on_to_the_pool() -> None:
    # As the traceback of a failed call does, until the garbage collector comes.
    with wire(always(answer())) as server:
        made = Client(settings(server.url), TOKEN)
        assert made.get("logs", {}).status == 200
        manager = made.__dict__["_session"].get_adapter(server.url).poolmanager
        held = [manager.pools[key] for key in manager.pools.keys()]  # noqa: SIM118
        assert len(held) == 1 and server.open == 1
        made.close()
        for _ in range(100):
            if server.open == 0:
                break
            time.sleep(0.01)
        assert server.open == 0
