# SPDX-License-Identifier: Apache-2.0
"""The rules of token rotation, on a virtual clock; each test names the failure that demands it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator

import pytest

from slack_audit_input.model.errors import (
    AuthError,
    ConfigError,
    RateLimited,
    Retryable,
    StoreError,
)
from slack_audit_input.slack.credentials import credentials_in
from slack_audit_input.slack.schedule import RETRY_MOST
from slack_audit_input.slack.token import Token
from tests.tokens.fakes import HOUR, MemoryStore, World


def kept(world: World) -> dict[str, object]:
    assert world.store.text is not None
    found = json.loads(world.store.text)
    assert isinstance(found, dict)
    return found


class Killed(BaseException):
    """The process ends here: nothing after it runs."""


# -- ahead of expiry -------------------------------------------------------------------------


def test_refreshed_at_two_thirds_of_its_life() -> None:
    world = World()
    source = world.source()
    first = source.token()
    world.time.now += 8 * HOUR - 1
    assert source.token().same_as(first) and world.slack.calls == 0
    world.time.now += 2
    second = source.token()
    assert not second.same_as(first) and world.slack.takes(second) and world.slack.calls == 1
    assert source.token().same_as(second) and world.slack.calls == 1


def test_chance_brings_it_forward_a_little() -> None:
    world = World()
    sooner, later = world.source(chance=lambda: 1.0), world.source(chance=lambda: 0.0)
    assert sooner.due_at() is not None and later.due_at() is not None
    assert later.due_at() - sooner.due_at() == pytest.approx(0.05 * 12 * HOUR)  # type: ignore[operator]


def test_a_year_of_rotations() -> None:
    world = World()
    source = world.source()
    for _ in range(3 * 365):
        world.time.now += 8 * HOUR
        token = source.token()
        assert world.slack.takes(token)
        source.used(token)
    assert kept(world)["serial"] == 3 * 365 + 1


def test_a_token_without_rotation_stays() -> None:
    world = World()
    credentials = world.slack.sign_in()
    pair = credentials.pair._replace(refresh=None, expires_at=None)
    world.store.text = credentials._replace(pair=pair).text()
    source = world.source()
    world.time.now += 10_000 * HOUR
    assert source.token().same_as(pair.access) and world.slack.calls == 0
    assert source.refused(pair.access) is None and world.slack.calls == 0


# -- faults ----------------------------------------------------------------------------------


def test_a_fault_ahead_of_expiry_costs_nothing() -> None:
    world = World()
    source = world.source()
    first = source.token()
    world.slack.faults = [Retryable("HTTP 500", "server")] * 3
    world.time.now += 8 * HOUR + 1
    assert source.token().same_as(first)
    assert source.token().same_as(first) and world.slack.calls == 1, "not asked again at once"
    for _ in range(10):
        world.time.now += 2
        token = source.token()
    assert not token.same_as(first) and world.slack.calls == 4
    assert world.told.actions() == ["token_not_refreshed"] * 3 + ["token_refreshed"]


def test_when_it_has_expired_the_fault_is_raised() -> None:
    world = World()
    source = world.source()
    world.slack.faults = [Retryable("HTTP 503", "server")] * 100
    world.time.now += 13 * HOUR
    with pytest.raises(Retryable, match="503"):
        source.token()
    with pytest.raises(Retryable, match="503"):
        source.token()
    assert world.slack.calls == 1
    world.slack.faults.clear()
    world.time.now += 2
    assert world.slack.takes(source.token())


def test_slack_says_how_long_to_wait() -> None:
    world = World()
    source = world.source()
    world.slack.faults = [RateLimited("HTTP 429", 900.0)]
    world.time.now += 8 * HOUR + 1
    source.token()
    world.time.now += 800
    source.token()
    assert world.slack.calls == 1
    world.time.now += 101
    source.token()
    assert world.slack.calls == 2


def test_an_answer_that_is_lost_is_asked_for_again_within_the_grace() -> None:
    world = World()
    source = world.source()
    world.slack.lost = [Retryable("timeout", "timeout")]
    world.time.now += 8 * HOUR + 1
    first = source.token()
    world.time.now += 2
    second = source.token()
    assert not second.same_as(first) and world.slack.takes(second)


def test_a_refresh_token_that_is_spent_is_told_while_the_access_token_goes_on() -> None:
    world = World(grace=0.0)
    source = world.source()
    world.slack.lost = [Retryable("timeout", "timeout")]
    world.time.now += 8 * HOUR + 1
    first = source.token()
    for _ in range(3):
        world.time.now += RETRY_MOST
        assert source.token().same_as(first)
    level, action, fields = world.told[-1]
    assert (level, action) == ("error", "token_not_refreshed")
    assert 0 < int(str(fields["good_for_s"])) < 4 * HOUR
    world.time.now += 5 * HOUR
    with pytest.raises(AuthError, match="invalid_refresh_token"):
        source.token()


def test_a_clock_that_jumps_back_does_not_stop_the_attempts() -> None:
    world = World()
    source = world.source()
    world.time.now += 100 * HOUR
    world.slack.faults = [Retryable("HTTP 500", "server")]
    with pytest.raises(Retryable):
        source.token()
    world.time.now -= 80 * HOUR
    assert world.slack.takes(source.token())


# -- refused by Slack ------------------------------------------------------------------------


def test_a_token_that_slack_refuses_is_replaced_at_once() -> None:
    world = World()
    source = world.source()
    first = source.token()
    other = source.refused(first)
    assert other is not None and world.slack.takes(other) and source.token().same_as(other)
    assert world.slack.calls == 1
    again = source.refused(first)
    assert again is not None and again.same_as(other) and world.slack.calls == 1, (
        "another worker is given what the first one got"
    )


def test_a_new_token_that_is_refused_too_is_not_replaced_for_ever() -> None:
    world = World()
    source = world.source()
    other = source.refused(source.token())
    assert other is not None
    assert source.refused(other) is None and world.slack.calls == 1
    world.time.now += HOUR
    assert source.refused(other) is not None and world.slack.calls == 2


def test_what_another_process_has_kept_is_used_first() -> None:
    world = World()
    mine, theirs = world.source(), world.source()
    token = mine.token()
    got = theirs.refused(token)
    assert got is not None
    found = mine.refused(token)
    assert found is not None and found.same_as(got) and world.slack.calls == 1


def test_a_sign_in_that_was_made_anew_is_found() -> None:
    world = World()
    source = world.source()
    old = source.token()
    world.slack.grants.revoke_all()
    world.store.text = world.slack.sign_in().text()
    found = source.refused(old)
    assert found is not None and world.slack.takes(found) and world.slack.calls == 0


def test_signed_out_meanwhile() -> None:
    world = World()
    source = world.source()
    world.store.delete()
    with pytest.raises(AuthError, match="signed out"):
        source.refused(source.token())
    with pytest.raises(ConfigError, match="nobody has signed in"):
        world.source()


def test_a_fault_while_it_is_replaced_is_raised() -> None:
    world = World()
    source = world.source()
    world.slack.faults = [Retryable("HTTP 500", "server")]
    token = source.token()
    with pytest.raises(Retryable):
        source.refused(token)
    assert source.refused(token) is not None


# -- kept before it is used ------------------------------------------------------------------


def test_a_new_pair_is_kept_before_it_is_used_and_the_old_one_until_it_is_proven() -> None:
    world = World()
    source = world.source()
    first = source.token()
    world.time.now += 9 * HOUR
    second = source.token()
    assert world.store.text is not None
    found = credentials_in(world.store.text, "memory")
    assert found.pair.access.same_as(second) and found.previous is not None
    assert found.previous.access.same_as(first) and not found.begun
    source.used(first)
    assert kept(world)["previous"] is not None, "only the new one proves itself"
    source.used(second)
    assert kept(world)["previous"] is None


def test_a_pair_that_cannot_be_kept_is_not_used_and_not_forgotten() -> None:
    world = World()
    source = world.source()
    first = source.token()
    world.time.now += 9 * HOUR

    def full() -> None:
        world.store.broken = StoreError("the disk is full")

    world.slack.meanwhile = full
    assert source.token().same_as(first)
    world.time.now += 5
    assert source.token().same_as(first) and world.slack.calls == 1
    world.time.now += 4 * HOUR
    with pytest.raises(Retryable, match="disk is full"):
        source.token()
    world.store.broken = None
    world.time.now += RETRY_MOST
    second = source.token()
    assert world.slack.takes(second) and world.slack.calls == 1, "kept, not asked for again"
    assert kept(world)["serial"] == 2


def test_nothing_is_asked_for_when_nothing_could_be_kept() -> None:
    world = World()
    source = world.source()
    world.store.broken = StoreError("the disk is full")
    world.time.now += 9 * HOUR
    source.token()
    assert world.slack.calls == 0


# -- kills -----------------------------------------------------------------------------------


def test_killed_between_the_answer_and_the_store() -> None:
    world = World()
    source = world.source()
    world.time.now += 9 * HOUR

    def die() -> None:
        world.slack.meanwhile = lambda: None
        raise Killed

    world.slack.meanwhile = die
    with pytest.raises(Killed):
        source.token()
    assert kept(world)["begun"] == world.time.now
    world.time.now += 30
    again = world.source()
    assert world.slack.takes(again.token()) and kept(world)["serial"] == 2


def test_whoever_starts_after_a_kill_asks_at_once_though_it_is_not_due() -> None:
    world = World()
    source = world.source()
    token = source.token()

    def die() -> None:
        world.slack.meanwhile = lambda: None
        raise Killed

    world.slack.meanwhile = die
    with pytest.raises(Killed):
        source.refused(token)
    world.time.now += 30
    again = world.source()
    again.token()
    assert world.slack.calls == 2 and kept(world)["serial"] == 2


def test_the_refresh_token_before_is_tried_when_the_newest_is_not_known() -> None:
    world = World()
    source = world.source()
    world.time.now += 9 * HOUR
    source.token()
    # As if Slack had not kept what it answered.
    found = kept(world)
    tokens = found["tokens"]
    assert isinstance(tokens, dict)
    tokens["refresh"] = "xoxe-1-nobody-knows-this-one"
    world.store.text = json.dumps(found)
    world.time.now += 10
    again = world.source()
    other = again.refused(again.token())
    assert other is not None and world.slack.takes(other)


# -- two processes ---------------------------------------------------------------------------


@pytest.mark.parametrize("grace", [60.0, 0.0])
def test_two_processes_with_a_lock_refresh_once(grace: float) -> None:
    world = World(grace=grace)
    one, two = world.source(), world.source()
    for _ in range(50):
        world.time.now += 9 * HOUR
        first, second = one.token(), two.token()
        assert first.same_as(second) and world.slack.takes(first)
    assert world.slack.calls == 50


@pytest.mark.parametrize("grace", [60.0, 0.0])
def test_two_processes_without_a_lock_end_with_one_pair(grace: float) -> None:
    world = World(grace=grace, lockless=True)
    one, two = world.source(), world.source()
    for _ in range(20):
        world.time.now += 9 * HOUR
        # While Slack's answer to the first is on its way, the second asks as well.
        inside: list[Token] = []

        def meanwhile(inside: list[Token] = inside) -> None:
            world.slack.meanwhile = lambda: None
            inside.append(two.token())

        world.slack.meanwhile = meanwhile
        first = one.token()
        world.time.now += RETRY_MOST
        second = two.token()
        assert first.same_as(second) and world.slack.takes(first)
        one.used(first)


def test_a_process_that_holds_the_lock_is_waited_for_and_the_token_goes_on() -> None:
    world = World()
    source = world.source()
    token = source.token()
    world.time.now += 9 * HOUR
    with world.store.lock(0.0):
        assert source.token().same_as(token)
        with pytest.raises(Retryable, match="lock"):
            source.refused(token)


def test_threads_of_one_process_refresh_once() -> None:
    world = World()
    source = world.source()
    world.time.now += 13 * HOUR
    found: list[Token] = []
    threads = [threading.Thread(target=lambda: found.append(source.token())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.slack.calls == 1 and len(found) == 8
    assert all(token.same_as(found[0]) for token in found)


# -- what is kept ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", '{"format":2}', '{"format":1}', '{"format":[]}', "xoxe-1-secret"],
)
def test_what_is_damaged_is_said_without_being_shown(text: str) -> None:
    with pytest.raises(StoreError, match="sign in again") as raised:
        credentials_in(text, "memory")
    assert "xoxe" not in str(raised.value)


def test_text_and_back() -> None:
    world = World()
    source = world.source()
    world.time.now += 9 * HOUR
    source.token()
    assert world.store.text is not None
    assert credentials_in(world.store.text, "memory").text() == world.store.text


def test_nothing_shows_a_secret() -> None:
    world = World()
    source = world.source()
    world.time.now += 9 * HOUR
    source.token()
    shown = f"{source.credentials!r} {world.told} {source!r} {source.credentials}"
    assert "xox" not in shown and "secret" not in shown.replace("secret=Token(…)", "")


def test_a_store_in_memory_keeps_the_ports_promise() -> None:
    store = MemoryStore()
    assert store.read() is None and store.write("a", None) and not store.write("b", None)
    assert store.write("b", "a") and store.read() == "b"


def test_a_store_that_fails_altogether_stops_nothing_while_the_token_is_good() -> None:
    world = World()
    source = world.source()
    token = source.token()

    class Gone(MemoryStore):
        def read(self) -> str | None:
            raise StoreError("the folder is gone")

        @contextlib.contextmanager
        def lock(self, patience: float) -> Iterator[bool]:
            if patience >= 0:
                raise StoreError("the folder is gone")
            yield False

    source._store = Gone()
    world.time.now += 9 * HOUR
    assert source.token().same_as(token)
    with pytest.raises(Retryable, match="folder is gone"):
        source.refused(token)
    source._store = world.store
    world.time.now += RETRY_MOST
    assert world.slack.takes(source.token()) and world.slack.calls == 1
