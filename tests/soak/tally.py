# SPDX-License-Identifier: Apache-2.0
"""What has arrived at one output: how often each event, when first, and what a kill left behind."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol

from slack_audit_input.engine.delivered import MINUTE, sealable, unpack
from slack_audit_input.engine.ledger import from_json
from slack_audit_input.model.state import State
from slack_audit_input.slack.keys import keys_of

Arrival = tuple[str, int]
"""An event's id and its second."""


class Checkpoint(Protocol):
    """What a process has left; see ``collector.ports.Checkpoint``."""

    def load(self) -> State | None:
        """The ledger and the rest."""

    def keys(self, first: int, last: int) -> Mapping[int, bytes]:
        """Packed keys by minute."""


class Tally:
    """Counts arrivals. Threads may share it."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: dict[str, float] = {}
        """When each id came first, by Slack's clock."""
        self._recent: list[Arrival] = []
        self._lock = threading.Lock()

    def take(self, events: Iterable[Arrival], now: float) -> None:
        """Events that have just arrived."""
        with self._lock:
            for name, second in events:
                self.counts[name] += 1
                self.first.setdefault(name, now)
                self._recent.append((name, second))

    def total(self) -> int:
        """Arrivals so far, repeats included."""
        with self._lock:
            return sum(self.counts.values())

    def forget(self, arrivals: Iterable[Arrival]) -> None:
        """Do not count these among what the next ``settle`` finds: they have been counted."""
        with self._lock:
            for arrival in arrivals:
                if arrival in self._recent:
                    self._recent.remove(arrival)

    def settle(self, left: Checkpoint) -> int:
        """How many of what came since the last call have no checkpoint: they were in flight.

        For when the process that wrote them has ended; ``left``: the checkpoint it left.
        """
        with self._lock:
            recent, self._recent = self._recent, []
        return len(uncommitted(recent, left))


def uncommitted(arrivals: Iterable[Arrival], left: Checkpoint) -> list[str]:
    """Ids, repeats included, that the delivered index does not hold, and that are still to come."""
    recent = list(arrivals)
    if not recent:
        return []
    state = left.load()
    if state is None:
        return [name for name, _ in recent]
    ledger = from_json(state.ledger)
    minutes = [second // MINUTE for _, second in recent]
    stored = {
        minute: set(unpack(packed))
        for minute, packed in left.keys(min(minutes), max(minutes)).items()
    }
    # Of a minute that is sealed no keys are left; and it has none but committed events.
    passed = set(sealable(set(minutes), ledger.floor, ledger.windows))
    return [
        name
        for (name, _), minute in zip(recent, minutes)
        if minute not in passed and keys_of([name])[0] not in stored.get(minute, ())
    ]
