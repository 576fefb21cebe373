# SPDX-License-Identifier: Apache-2.0
"""Completeness over a simulated day: the collector as it is, on a virtual clock.

``python -m tests.collector.scenarios`` prints the table of the README. 60,000 events in each
day, then two quiet hours (a day and a half for the heavy tail); **lost**: visible events that
never arrived; **repeated**: deliveries beyond the first; **excused**: events that the host had
taken when a kill struck before the commit.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from slack_audit_input.collector.counters import Counters
from slack_audit_input.collector.loop import Collector
from slack_audit_input.collector.settings import Settings
from slack_audit_input.engine.sweeps import DEFAULT_LEVELS, Level
from slack_audit_input.model.event import Event
from slack_audit_input.model.state import Change
from slack_audit_input.slack.client import Answer
from tests.fakes.slack import Entry, FakeSlack, entry
from tests.fakes.world import (
    EPOCH,
    FakeClock,
    Host,
    HostSink,
    Kill,
    Killed,
    Memory,
    MemoryCheckpoint,
    VirtualPool,
)

DAY = 86_400
EVENTS = 60_000
#: Slack's answer takes so long, in seconds.
LATENCY = 0.3


class Scenario(NamedTuple):
    """A day. ``late``: seconds of lateness of an event, given a random source."""

    name: str
    seed: int
    late: Callable[[random.Random], float] = lambda _random: 0.0
    burst: int = 6_000
    kill_every: int = 0
    cursor_life: float = float("inf")
    faults: bool = False
    page_size: int = 9999
    quiet: int = 7_200
    events: int = EVENTS
    levels: tuple[Level, ...] = DEFAULT_LEVELS
    coverage: bool = True


class Books(NamedTuple):
    """What came of a day. Delays in seconds, from visible to delivered."""

    events: int
    lost: int
    repeated: int
    excused: int
    kills: int
    calls_a_minute: float
    median: float
    p95: float
    late_found: int
    counters: Counters


def _share(share: float, most: float) -> Callable[[random.Random], float]:
    return lambda r: r.uniform(1, most) if r.random() < share else 0.0


def _tail(r: random.Random) -> float:
    """A fifth late by up to a minute; one in fifty by up to 17.9 hours, evenly in the logarithm."""
    dice = r.random()
    if dice < 0.02:
        return float(64_440 ** r.random())
    return r.uniform(1, 60) if dice < 0.2 else 0.0


SCENARIOS = (
    Scenario("ties: bursts in one second", 11),
    Scenario("late by up to 10 s (a fifth)", 12, late=_share(0.2, 10)),
    Scenario("late by up to 120 s (a fifth)", 13, late=_share(0.2, 120)),
    Scenario("late by up to 900 s (a fifth)", 14, late=_share(0.2, 900)),
    Scenario("heavy tail up to 18 h", 15, late=_tail, quiet=130_000),
    Scenario("killed at every kind of step", 16, late=_share(0.2, 120), kill_every=700),
    Scenario(
        "killed, small pages, dead cursors",
        17,
        late=_share(0.2, 120),
        kill_every=1500,
        cursor_life=2.0,
        page_size=200,
        burst=24_000,
    ),
    Scenario("faults in 1 call of 11, rate limit", 18, burst=24_000, faults=True, page_size=1000),
)


class _Faults:
    """By number of the call, and a limit of 50 a minute for the organization."""

    def __init__(self) -> None:
        self._tokens, self._at = 50.0, 0.0

    def __call__(self, number: int, _params: Mapping[str, object], now: float) -> Answer | None:
        self._tokens = min(50.0, self._tokens + (now - self._at) * 50 / 60)
        self._at = now
        if self._tokens < 1:
            return Answer(429, b"", retry_after="5")
        self._tokens -= 1
        for every, answer in (
            (41, Answer(500, b'{"ok":false,"error":"internal_error"}')),
            (43, Answer(503, b"<html>busy</html>")),
            (47, Answer(200, b'{"entries":[{"id":"cut')),
            (53, Answer(429, b"", retry_after="30")),
        ):
            if number % every == 0:
                return answer
        return None


class _Counting(MemoryCheckpoint):
    """Tells the host what is committed, so that a kill's repeats can be excused exactly."""

    def __init__(self, memory: Memory, kill: Kill, sink: _Sink) -> None:
        super().__init__(memory, kill)
        self._sink = sink

    def commit(self, version: int, change: Change) -> int:
        before = self._memory.state.version if self._memory.state else 0
        try:
            return super().commit(version, change)
        finally:
            if self._memory.state and self._memory.state.version > before:
                self._sink.uncommitted = 0


class _Sink(HostSink):
    """Counts what the host has taken since the last commit."""

    uncommitted = 0

    def write(self, events: Sequence[Event]) -> None:
        taken = self._host.taken
        try:
            super().write(events)
        finally:
            self.uncommitted += self._host.taken - taken


def day(scenario: Scenario) -> list[Entry]:
    """The events of the day: most by chance over it, a burst within five minutes."""
    r = random.Random(scenario.seed)
    seconds = [EPOCH + r.randrange(DAY) for _ in range(scenario.events - scenario.burst)]
    seconds += [EPOCH + 50_000 + r.randrange(300) for _ in range(scenario.burst)]
    return [
        entry(second, second + r.random() + scenario.late(r), r.getrandbits(60))
        for second in seconds
    ]


def run(scenario: Scenario) -> Books:
    """Live through the day and keep the books."""
    r = random.Random(scenario.seed + 1)
    entries = day(scenario)
    slack = FakeSlack(
        entries,
        cursor_life=scenario.cursor_life,
        faults=_Faults() if scenario.faults else None,
    )
    clock = FakeClock(skew=-7.5)
    host, memory = Host(clock), Memory()
    settings = Settings(
        "day",
        "org",
        EPOCH,
        page_size=scenario.page_size,
        levels=scenario.levels,
        coverage=scenario.coverage,
    )
    end = EPOCH + DAY + scenario.quiet
    kills = excused = late = 0
    while clock.now < end:
        kill = Kill(r.randrange(1, 2 * scenario.kill_every) if scenario.kill_every else 0)
        sink = _Sink(host, kill)
        collector = Collector(
            settings,
            _Counting(memory, kill, sink),
            sink,
            VirtualPool(clock, slack.get, lambda: LATENCY * (0.5 + r.random()), kill),
            clock,
            lambda *_args, **_fields: None,
            random=r,
        )
        try:
            collector.run(stop=lambda: clock.now >= end)
        except Killed:
            kills += 1
            excused += sink.uncommitted
            clock.now += r.uniform(1, 600)
    late = collector.counters.total["late"]
    delays = sorted(host.first[e.text] - e.visible_at for e in entries if e.text in host.first)
    return Books(
        len(entries),
        sum(e.text not in host.texts for e in entries),
        host.repeated,
        excused,
        kills,
        len(slack.calls) / ((end - EPOCH) / 60),
        delays[len(delays) // 2],
        delays[len(delays) * 95 // 100],
        late,
        collector.counters,
    )


def main() -> int:
    """Print the table; 1 if anything was lost or repeated without excuse."""
    head = ("a day of", "lost", "repeated", "kills", "delay median", "95 %", "calls/min")
    sys.stdout.write("| " + " | ".join(head) + " |\n|" + "---|" * len(head) + "\n")
    bad = 0
    for scenario in SCENARIOS:
        books = run(scenario)
        bad += books.lost + max(0, books.repeated - books.excused)
        excuse = f" (in flight at kills: {books.excused})" if books.kills else ""
        sys.stdout.write(
            f"| {scenario.name} | {books.lost} | {books.repeated}{excuse} | {books.kills} "
            f"| {books.median:.1f} s | {books.p95:.1f} s | {books.calls_a_minute:.1f} |\n"
        )
        sys.stdout.flush()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
