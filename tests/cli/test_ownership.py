# SPDX-License-Identifier: Apache-2.0
"""Who owns an input, and when another may have it."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

import pytest

from slack_audit_input.collector.heartbeat import Heartbeat
from slack_audit_input.collector.ownership import SILENT, is_gone, owner_name, wait_for_owner
from slack_audit_input.hosts.running import SystemClock
from slack_audit_input.model.errors import StoreAway, StoreError, Superseded
from slack_audit_input.model.event import Event
from slack_audit_input.model.state import State
from tests.cli.command import until
from tests.fakes.world import FakeClock, Memory, MemoryCheckpoint
from tests.stores.changes import change

HOST = socket.gethostname()


def quiet(level: str, action: str, **fields: object) -> None:
    """No log."""


def test_a_name_says_host_and_process_and_is_never_the_same() -> None:
    assert owner_name().startswith(f"{HOST}:{os.getpid()}:")
    assert owner_name() != owner_name()


def test_who_is_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mark = owner_name().rpartition(":")[2][:-8]
    owner = f"{HOST}:{process.pid}:{mark}x"
    assert not is_gone(owner)
    assert not is_gone(f"elsewhere:{process.pid}:x")
    process.kill()
    # Not waited for yet: a zombie, which still has its number.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(owner)
    process.communicate()
    assert is_gone(owner)
    assert not is_gone(f"elsewhere:{process.pid}:{mark}x")
    assert is_gone(f"{HOST}:{os.getpid()}:{mark}an-earlier-run")
    assert is_gone(f"{HOST}:99999999999999999999:{mark}x")
    # Another container with the same host name, whose process 1 says nothing about ours.
    assert not is_gone(f"{HOST}:{process.pid}:00000000-x")
    assert not is_gone(f"{HOST}:{os.getpid()}:00000000-x")
    for odd in ("", HOST, f"{HOST}:", f"{HOST}:x:y", ":::"):
        assert not is_gone(odd)


@pytest.fixture
def owned() -> MemoryCheckpoint:
    """An input that somebody elsewhere owns."""
    checkpoint = MemoryCheckpoint(Memory())
    checkpoint.commit(0, change(owner="elsewhere:1:x"))
    return checkpoint


def waiting(
    checkpoint: MemoryCheckpoint, clock: FakeClock, then: Callable[[], bool] = lambda: False
) -> bool:
    """Wait for the owner; ``then`` happens with every second, and says when to stop."""

    def wait(seconds: float) -> bool:
        clock.now += seconds
        return then()

    return wait_for_owner(checkpoint, clock, wait, quiet)


def test_nobody_is_not_waited_for() -> None:
    clock = FakeClock()
    checkpoint = MemoryCheckpoint(Memory())
    assert waiting(checkpoint, clock)
    checkpoint.commit(0, change(owner=""))
    assert waiting(checkpoint, clock)
    assert clock.now == FakeClock().now


def test_a_silent_owner_is_waited_for_so_long(owned: MemoryCheckpoint) -> None:
    clock = FakeClock()
    assert waiting(owned, clock)
    assert clock.now - FakeClock().now == SILENT


def test_an_owner_that_leaves_is_waited_for_no_longer(owned: MemoryCheckpoint) -> None:
    clock = FakeClock()
    assert waiting(owned, clock, lambda: owned.commit(1, change(owner="")) < 0)
    assert clock.now - FakeClock().now == 1


def test_a_living_owner_is_named(owned: MemoryCheckpoint) -> None:
    with pytest.raises(StoreError, match=r"\(elsewhere:1:x\)"):
        waiting(owned, FakeClock(), lambda: owned.commit(1, change(owner="elsewhere:1:x")) < 0)


def test_who_is_told_to_stop_does_not_take_over(owned: MemoryCheckpoint) -> None:
    assert not waiting(owned, FakeClock(), lambda: True)


def standing_by(
    checkpoint: MemoryCheckpoint, clock: FakeClock, then: Callable[[int], bool], **more: float
) -> bool:
    """Stand by; ``then(n)`` happens with the n-th second, and says when to stop."""
    seconds = itertools.count(1)

    def wait(span: float) -> bool:
        clock.now += span
        return then(next(seconds))

    return wait_for_owner(checkpoint, clock, wait, quiet, standby=True, **more)  # type: ignore[arg-type]


def test_a_living_owner_is_stood_by_for_as_long_as_it_lives(owned: MemoryCheckpoint) -> None:
    clock = FakeClock()

    def commits_for_1000_s(second: int) -> bool:
        if second <= 1000:
            owned.commit(second, change(owner="elsewhere:1:x"))
        return False

    assert standing_by(owned, clock, commits_for_1000_s)
    assert clock.now - FakeClock().now == 1000 + SILENT


def test_a_beat_is_as_good_as_a_commit_whatever_the_clocks_say(owned: MemoryCheckpoint) -> None:
    clock = FakeClock(skew=86_400.0)

    def beats_for_100_s(second: int) -> bool:
        if second <= 100 and second % 10 == 0:
            # A clock that stands a year behind, and goes backwards.
            assert owned.beat(1, "elsewhere:1:x", 1e9 - second)
        return False

    assert standing_by(owned, clock, beats_for_100_s, silent=20.0)
    assert clock.now - FakeClock().now == 120


def test_who_stands_by_stops_when_told(owned: MemoryCheckpoint) -> None:
    assert not standing_by(owned, FakeClock(), lambda second: second == 5)


class Shaky(MemoryCheckpoint):
    """A store out of reach for the first ``away`` looks."""

    away = 0

    def load(self) -> State | None:
        self.away -= 1
        if self.away >= 0:
            raise StoreAway("cannot read the state: no route")
        return super().load()


def test_a_store_out_of_reach_is_waited_for_and_says_nothing_about_the_owner() -> None:
    clock = FakeClock()
    checkpoint = Shaky(Memory())
    checkpoint.commit(0, change(owner="elsewhere:1:x"))
    checkpoint.away = 100
    assert standing_by(checkpoint, clock, lambda _: False)
    assert clock.now - FakeClock().now == 100 + SILENT
    checkpoint.away = 1
    with pytest.raises(StoreAway):
        waiting(checkpoint, clock)


class Slow:
    """A sink that keeps whoever writes waiting until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.pages = 0

    def write(self, events: Sequence[Event]) -> None:
        assert self.go.wait(30)
        self.pages += 1

    def write_records(self, records: Sequence[Event]) -> None:
        self.write(records)

    def close(self) -> None:
        """Nothing to do."""


def test_an_owner_that_waits_for_its_host_gives_signs_of_life(owned: MemoryCheckpoint) -> None:
    heart = Heartbeat(owned, SystemClock(), quiet, every=0.2)
    slow = Slow()
    sink = heart.over(slow)
    heart.commit(1, change(owner="us"))
    writing = threading.Thread(target=sink.write, args=([],))
    writing.start()
    for _ in range(3):
        state = owned.load()
        assert state is not None
        until(lambda beat=state.beat: owned.load().beat > beat, 10)  # type: ignore[misc,union-attr]
    assert owned.load().version == 2  # type: ignore[union-attr]
    # Somebody takes over all the same: it learns of that while it waits.
    owned.commit(2, change(owner="them"))
    until(lambda: heart.lost, 10)
    slow.go.set()
    writing.join()
    with pytest.raises(Superseded):
        heart.commit(2, change(owner="us"))
    with pytest.raises(Superseded):
        sink.write([])
    assert slow.pages == 1
    heart.close()
    assert owned.load().owner == "them"  # type: ignore[union-attr]


def test_who_was_paused_and_taken_over_writes_nothing(owned: MemoryCheckpoint) -> None:
    clock = FakeClock()
    heart = Heartbeat(owned, clock, quiet, every=10.0)
    slow = Slow()
    slow.go.set()
    sink = heart.over(slow)
    heart.commit(1, change(owner="us"))
    sink.write([])
    clock.now += 60  # a pause in which nobody came: it goes on
    sink.write([])
    assert slow.pages == 2
    owned.commit(2, change(owner="them"))
    clock.now += 60
    with pytest.raises(Superseded, match="has taken over"):
        sink.write([])
    assert slow.pages == 2
    heart.close()


def test_whoever_ends_lets_others_begin_at_once(owned: MemoryCheckpoint) -> None:
    heart = Heartbeat(owned, FakeClock(), quiet, every=10.0)
    heart.commit(1, change(owner="us"))
    heart.close()
    assert owned.load().owner == ""  # type: ignore[union-attr]
