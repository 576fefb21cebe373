# SPDX-License-Identifier: Apache-2.0
"""Shared key and user, as Fluentd and as Fluent Bit do it; and what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from slack_audit_input.model.errors import ConfigError
from slack_audit_input.sinks.forward.failures import Misfit
from slack_audit_input.sinks.forward.handshake import (
    Credentials,
    Greeting,
    Secret,
    check_pong,
    greeting_of,
    ping,
)
from tests.forward.events import events
from tests.forward.over_network import Reports, forward_to, quick
from tests.receivers.running import running

KEY = "a key \u00e9"
STYLES = ["fluentd", "fluent-bit"]


def with_key(key: str = KEY, user: str = "", password: str = "") -> Credentials:
    """What we can prove."""
    return Credentials(Secret(key), user, Secret(password))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("user", ["", "sender:secret"])
def test_key_and_user(tmp_path: Path, style: str, user: str) -> None:
    with running(tmp_path, "--shared-key", KEY, "--style", style, "--user", user) as host:
        access = quick(credentials=with_key(KEY, *user.split(":")))
        sink = forward_to([host.address], tmp_path, access)
        for first in range(0, 30, 10):
            sink.write(events(10, first))
        assert host.ids() == dict.fromkeys(range(30), 1)


@pytest.mark.parametrize("style", STYLES)
def test_a_user_that_nobody_asks_for(tmp_path: Path, style: str) -> None:
    with running(tmp_path, "--shared-key", KEY, "--style", style) as host:
        access = quick(credentials=with_key(KEY, "sender", "secret"))
        forward_to([host.address], tmp_path, access).write(events(10))
        assert host.ids() == dict.fromkeys(range(10), 1)


def test_a_host_that_closes_after_each_answer(tmp_path: Path) -> None:
    with running(tmp_path, "--shared-key", KEY, "--no-keepalive") as host:
        log = Reports()
        sink = forward_to([host.address], tmp_path, quick(credentials=with_key()), log=log)
        for first in range(0, 30, 10):
            sink.write(events(10, first))
        assert host.ids() == dict.fromkeys(range(30), 1)
        assert log.lines == []


@pytest.mark.parametrize(
    ("style", "options", "ours", "words"),
    [
        ("fluentd", ("--shared-key", KEY), with_key("other"), "shared_key mismatch"),
        (
            "fluentd",
            ("--shared-key", KEY, "--user", "u:right"),
            with_key(KEY, "u", "wrong"),
            "username/password mismatch",
        ),
        (
            "fluent-bit",
            ("--shared-key", KEY, "--user", "u:right"),
            with_key(),
            "username/password mismatch",
        ),
        ("fluentd", ("--shared-key", KEY), Credentials(), "wants a shared key"),
        ("fluentd", (), with_key(), "sends no HELO"),
        ("fluentd", ("--shared-key", KEY, "--fault", "refuse"), with_key(), "not today"),
    ],
)
def test_what_does_not_fit_is_said(
    tmp_path: Path, style: str, options: tuple[str, ...], ours: Credentials, words: str
) -> None:
    with running(tmp_path, "--style", style, *options) as host:
        sink = forward_to([host.address], tmp_path, quick(credentials=ours))
        with pytest.raises(ConfigError, match=words) as caught:
            sink.write(events(10))
        assert host.ids() == {}
        assert KEY not in str(caught.value)


def test_a_close_on_a_wrong_key_is_said_and_tried_again(tmp_path: Path) -> None:
    """As Fluent Bit does; it may be dying, too."""
    log = Reports()
    with running(tmp_path, "--style", "fluent-bit", "--shared-key", "other") as host:
        access = quick(credentials=with_key())
        stop = iter([False] * 8 + [True] * 1000).__next__
        sink = forward_to([host.address], tmp_path, access, log=log, stop=stop)
        with pytest.raises(Exception, match="stopped while no host accepted"):
            sink.write(events(1))
    assert "Is the shared key right?" in log.reasons()


def test_a_host_that_does_not_know_the_key_is_found_out() -> None:
    sent = ping(Greeting(b"n" * 16, b"", True), "me", with_key())
    good = ["PONG", True, "", "host", "0" * 128]
    with pytest.raises(Misfit, match="does not know the shared key itself"):
        check_pong(good, sent, with_key())


@pytest.mark.parametrize(
    "message",
    [None, 5, "HELO", [], ["PONG"], ["PONG", True], {"ack": "x"}, ["PONG", 1, "", "", ""]],
)
def test_odd_pongs(message: object) -> None:
    sent = ping(Greeting(b"n", b"", True), "me", with_key())
    with pytest.raises(Misfit):
        check_pong(message, sent, with_key())


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        (["HELO", {"nonce": b"\xff1", "auth": b""}], Greeting(b"\xff1", b"", True)),
        (["HELO", {"nonce": "\udcff1", "auth": "s"}], Greeting(b"\xff1", b"s", True)),
        (["HELO", {"nonce": b"1", "keepalive": False}], Greeting(b"1", b"", False)),
        (["HELO"], Greeting(b"", b"", True)),
        (["HELO", 5], Greeting(b"", b"", True)),
        (["PONG", {}], None),
        ({"ack": 1}, None),
        (72, None),
    ],
)
def test_greetings(message: object, wanted: Greeting | None) -> None:
    assert greeting_of(message) == wanted


def test_the_salt_travels_as_text() -> None:
    sent = ping(Greeting(b"n", b"", True), "me", with_key())
    assert isinstance(sent.message[2], str)
    assert sent.message[2].isascii()
    assert sent.salt == sent.message[2] != ping(Greeting(b"n", b"", True), "me", with_key()).salt


def test_secrets_do_not_show() -> None:
    assert "secret" not in repr(with_key("secret", "user", "secret"))
    assert "secret" not in repr(quick(credentials=with_key("secret")))
