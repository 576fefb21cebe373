# SPDX-License-Identifier: Apache-2.0
"""A collector on the virtual clock, as many lives of it as a test wants."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from slack_audit_input.collector.loop import Collector
from slack_audit_input.collector.settings import Settings
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

HOUR = 3600
#: An hour's beginning, half a day into virtual time, for tests that count in whole hours.
DAWN = EPOCH - EPOCH % HOUR + 12 * HOUR


class Life:
    """One input, its Slack, its host and its state."""

    def __init__(self, entries: list[Entry], settings: Settings, **slack: Any) -> None:
        self.slack = FakeSlack(entries, **slack)
        self.clock = FakeClock(skew=3.0)
        self.host = Host(self.clock)
        self.memory = Memory()
        self.settings = settings
        self.random = random.Random(7)
        self.collector: Collector | None = None
        self.log: list[tuple[str, dict[str, object]]] = []

    def run(
        self,
        seconds: float,
        kill: int = 0,
        *,
        once: bool = False,
        watch: Callable[[Collector], None] | None = None,
    ) -> bool:
        """Collect for so long; True if it was killed, at the ``kill``-th step."""
        until = self.clock.now + seconds
        hand = Kill(kill)
        self.collector = Collector(
            self.settings,
            MemoryCheckpoint(self.memory, hand),
            HostSink(self.host, hand),
            VirtualPool(self.clock, self.slack.get, lambda: 0.2, hand),
            self.clock,
            self._say,
            random=self.random,
        )
        try:
            self.collector.run(lambda: self.clock.now >= until, once=once, watch=watch)
        except Killed:
            return True
        return False

    def _say(self, level: str, action: str, **fields: object) -> None:
        del level
        self.log.append((action, fields))

    def records(self) -> list[dict[str, Any]]:
        """What the host has of coverage, in the order in which it came."""
        return [json.loads(text) for _, _, text in self.host.records]

    def total(self, name: str) -> int:
        """A counter."""
        assert self.collector is not None
        return self.collector.counters.total[name]


def spread(
    count: int,
    first: int,
    seconds: int,
    late: Callable[[random.Random], float] = lambda _random: 0.0,
    seed: int = 5,
) -> list[Entry]:
    """So many entries, by chance over a stretch."""
    r = random.Random(seed)
    found = []
    for _ in range(count):
        second = first + r.randrange(seconds)
        found.append(entry(second, second + r.random() + late(r), r.getrandbits(60)))
    return found
