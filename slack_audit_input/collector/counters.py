# SPDX-License-Identifier: Apache-2.0
"""What was done: counted per run and, with the checkpoint, in total."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from slack_audit_input.engine.lateness import BUCKETS, LATENESS_BOUNDS, added
from slack_audit_input.model.errors import StoreError
from slack_audit_input.model.ledger import BACKLOG, LIVE, Reading

__all__ = ["LATENESS_BOUNDS", "MEANINGS", "Counters"]

#: Every counter, with its meaning: shown by ``status``, and a name outside is a mistake.
MEANINGS = {
    "events": "events delivered",
    "duplicates": "entries that had been delivered before",
    "late": "events that appeared after their second had been read",
    "watched": "events first seen by live readings and sweeps",
    "watched_s": "seconds that live readings have watched",
    "outside": "entries outside the stretch that was asked for",
    "undated": "events without a usable date_create",
    "odd": "entries without an id or a date, or that are no objects",
    "pages": "pages read",
    "entries": "entries on those pages",
    "calls": "calls to Slack",
    "capacity": "entries that those pages could have held",
    "budget_waits": "times a call had to wait for the call budget",
    "rate_limited": "answers 429",
    "cursor_rejected": "dead cursors",
    "retry_network": "retries: no answer",
    "retry_timeout": "retries: no answer in time",
    "retry_server": "retries: fault at Slack (5xx)",
    "retry_body": "retries: cut, empty or not JSON",
    "retry_shape": "retries: answer of an unknown shape",
    "retry_redirect": "retries: redirect",
    "retry_range": "retries: stretch refused",
    "retry_credentials": "retries: no token at hand, or none that could be kept",
    "unknown_actions": "pages with an action that no catalogue knows",
    "actions_dropped": "action filters that Slack does not know",
    "unproven_ends": "full pages that ended without Slack saying so",
    "unordered": "pages that were not newest first",
    "hours_covered": "coverage records written",
    "coverage_calls": "calls for coverage readings",
    "coverage_missing": "events that a coverage reading found missing",
    "coverage_repaired": "events of these that were delivered then",
    "coverage_differs": "coverage records of hours that differ from what was delivered",
    "cuts": "windows cut in two for an idle worker",
    "commits": "checkpoints written",
    "dead_letters": "events that a host refuses, set aside in the dead letters",
    "altered": "events with a value that had to travel as text",
    "forward_batches": "batches acknowledged by a forward host",
    "forward_retries": "attempts without an acknowledgement",
    "forward_splits": "batches halved because they were refused",
    "forward_probes": "records sent once more to see whether a host is well",
    "forward_failovers": "changes from one forward host to another",
}


class Watch:
    """How late events appeared, by the sweep level that found them, under one set of levels.

    ``levels``: ``(period, depth)`` of each, () while nobody has said. ``events``: first seen by
    live readings and sweeps; ``seconds`` that live readings have watched; ``late``: by level, the
    histogram of when late ones were found less their second.
    """

    def __init__(self, levels: Sequence[tuple[int, int]] = ()) -> None:
        self.levels = tuple((int(period), int(depth)) for period, depth in levels)
        self.events = 0
        self.seconds = 0
        self.late: dict[int, list[int]] = {}

    def add(self, level: int, events: int, seconds: int, lateness: Iterable[int]) -> None:
        """Count what one reading has brought."""
        self.events += events
        self.seconds += seconds
        late = list(lateness)
        if late:
            self.late[level] = added(self.late.get(level, ()), late)

    def under(self, levels: Sequence[tuple[int, int]]) -> Watch:
        """Itself or, when it was kept under other levels, a new one: they do not mix."""
        new = Watch(levels)
        return self if new.levels == self.levels else new

    def to_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {
            "levels": [list(level) for level in self.levels],
            "events": self.events,
            "seconds": self.seconds,
            "late": {str(level): counts for level, counts in self.late.items()},
        }

    @classmethod
    def from_dict(cls, data: Any) -> Watch:
        """What ``to_dict`` gave. Raises what Python raises for anything else."""
        watch = cls(data["levels"])
        watch.events, watch.seconds = int(data["events"]), int(data["seconds"])
        for level, counts in data["late"].items():
            if len(counts) == BUCKETS:
                watch.late[int(level)] = [int(count) for count in counts]
        return watch


class Counters:
    """Counts of this run and of all runs."""

    def __init__(self, text: str = "") -> None:
        self.run: Counter[str] = Counter()
        self.total: Counter[str] = Counter()
        self.lateness = [0] * BUCKETS
        self.found_by_level: Counter[str] = Counter()
        self.watch = Watch()
        self.unknown: Counter[str] = Counter()
        #: Closed hours without a coverage record, as of the last commit.
        self.hours_waiting = 0
        #: When the calls of the last minute started, as of the last commit: unix seconds.
        self.called: list[float] = []
        if text:
            self._read(text)

    def add(self, name: str, count: int = 1) -> None:
        """Count under a name of MEANINGS."""
        if name not in MEANINGS:
            raise KeyError(name)
        if count:
            self.run[name] += count
            self.total[name] += count

    def add_late(self, lateness: Iterable[int], level: int) -> None:
        """Count late events, by how late (seconds) and by the sweep level that found them."""
        found = list(lateness)
        if found:
            self.lateness = added(self.lateness, found)
            self.add("late", len(found))
            self.found_by_level[str(level)] += len(found)

    def add_watched(self, reading: Reading, events: int, lateness: Sequence[int]) -> None:
        """Count what a reading of the present brought: ``events`` new ones, some of them late.

        What the backlog brings says nothing about how late Slack shows its events.
        """
        if reading.kind == BACKLOG:
            return
        fresh = reading.latest - max(reading.known, reading.oldest - 1)
        seconds = max(0, fresh) if reading.kind == LIVE and not reading.cursor else 0
        self.add("watched", events)
        self.add("watched_s", seconds)
        self.watch.add(reading.level, events, seconds, lateness)

    def add_unknown(self, name: str) -> bool:
        """Count a page with an action that no catalogue knows; True if it is the first."""
        self.add("unknown_actions")
        self.unknown[name] += 1
        return self.unknown[name] == 1

    def to_json(self) -> str:
        """The totals, for the checkpoint."""
        return json.dumps(
            {
                "total": dict(self.total),
                "lateness": self.lateness,
                "found_by_level": dict(self.found_by_level),
                "watch": self.watch.to_dict(),
                "unknown": dict(self.unknown),
                "hours_waiting": self.hours_waiting,
                "called": [round(moment, 2) for moment in self.called],
            },
            separators=(",", ":"),
        )

    def _read(self, text: str) -> None:
        try:
            data = json.loads(text)
            self.total.update(_counts(data["total"]))
            self.found_by_level.update(_counts(data["found_by_level"]))
            self.unknown.update(_counts(data["unknown"]))
            # A state of before there were records lacks it; calls are noted since later still.
            self.hours_waiting = int(data.get("hours_waiting", 0))
            self.called = [float(moment) for moment in data.get("called", ())]
            lateness = data["lateness"]
            if len(lateness) == len(self.lateness):
                self.lateness = [int(count) for count in lateness]
            if "watch" in data:
                self.watch = Watch.from_dict(data["watch"])
        except (
            *(ValueError, TypeError, KeyError, AttributeError),
            *(OverflowError, RecursionError),  # an Infinity; nesting without end
        ) as error:
            reason = str(error)[:200]
            raise StoreError(
                f"the counters of the checkpoint are not readable ({reason}); left as they are"
            ) from None


def _counts(data: Any) -> dict[str, int]:
    return {str(name): int(count) for name, count in data.items()}
