# SPDX-License-Identifier: Apache-2.0
"""What was done: counted per run and, with the checkpoint, in total."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from slack_audit_input.engine.lateness import BUCKETS, LATENESS_BOUNDS, added
from slack_audit_input.model.errors import StoreError

__all__ = ["LATENESS_BOUNDS", "MEANINGS", "Counters"]

#: Every counter, with its meaning: shown by ``status``, and a name outside is a mistake.
MEANINGS = {
    "events": "events delivered",
    "duplicates": "entries that had been delivered before",
    "late": "events that appeared after their second had been read",
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


class Counters:
    """Counts of this run and of all runs."""

    def __init__(self, text: str = "") -> None:
        self.run: Counter[str] = Counter()
        self.total: Counter[str] = Counter()
        self.lateness = [0] * BUCKETS
        self.found_by_level: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        #: Closed hours without a coverage record, as of the last commit.
        self.hours_waiting = 0
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
                "unknown": dict(self.unknown),
                "hours_waiting": self.hours_waiting,
            },
            separators=(",", ":"),
        )

    def _read(self, text: str) -> None:
        try:
            data = json.loads(text)
            self.total.update(_counts(data["total"]))
            self.found_by_level.update(_counts(data["found_by_level"]))
            self.unknown.update(_counts(data["unknown"]))
            # A state of before there were records lacks it.
            self.hours_waiting = int(data.get("hours_waiting", 0))
            lateness = data["lateness"]
            if len(lateness) == len(self.lateness):
                self.lateness = [int(count) for count in lateness]
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
