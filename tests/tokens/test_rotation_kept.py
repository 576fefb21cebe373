# SPDX-License-Identifier: Apache-2.0
"""What is kept of a rotation, on a virtual clock: through full disks, kills, other processes."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator

import pytest

from slack_audit_input.model.errors import Retryable, StoreError
from slack_audit_input.slack.credentials import credentials_in
from slack_audit_input.slack.schedule import RETRY_MOST
from slack_audit_input.slack.token import Token
from tests.tokens.fakes import HOUR, MemoryStore, World, kept


class Killed(BaseException):
    """The process ends here: nothing after it runs."""


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
