# SPDX-License-Identifier: Apache-2.0
"""The calls that running collectors leave: what work that can wait may use.

Slack's limit holds for the whole organization. A collector counts its calls in its checkpoint,
which it writes every few seconds: the difference over a minute is what it uses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from slack_audit_input.slack.budget import MINUTE, CallBudget

#: Seconds between two looks at the counters.
LOOK_EVERY = 5.0
#: Until a minute of them has been seen, this part of the whole: a collector that only reads live
#: takes a quarter, one with a backlog all it may.
FIRST_PART = 3
#: Seconds without a call after a collector was answered 429: how long Slack asks others to wait
#: is not known here; Slack's own words are a minute at most in ordinary days.
AFTER_429 = 30.0
#: However busy the others are: with one call a minute it ends some day, and 46 are still
#: fewer than Slack's 50.
LEAST = 1


class Used(NamedTuple):
    """What a running collector has done so far: ``calls``, and answers 429."""

    input: str
    calls: int
    rate_limited: int


class SpareBudget(CallBudget):
    """A budget of ``per_minute`` less what others use of it in the last minute.

    ``look()``: the collectors that run on the account now, [] when none does.
    """

    def __init__(self, per_minute: int, look: Callable[[], Iterable[Used]]) -> None:
        super().__init__(per_minute)
        self.whole = per_minute
        self._look = look
        self._looked = float("-inf")
        self._seen: dict[str, deque[tuple[float, Used]]] = {}

    def wait(self, now: float, urgent: bool) -> float:
        """See ``CallBudget``; before that, how much is left is looked up."""
        if now - self._looked >= LOOK_EVERY:
            self._looked = now
            self.per_minute = self._spare(now)
        return super().wait(now, urgent)

    def _spare(self, now: float) -> int:
        found = {used.input: used for used in self._look()}
        for gone in self._seen.keys() - found.keys():
            del self._seen[gone]
        most = self.whole
        taken = 0.0
        for name, used in found.items():
            past = self._seen.setdefault(name, deque())
            if past and used.rate_limited > past[-1][1].rate_limited:
                self.pause(now + AFTER_429)
            if past and used.calls < past[-1][1].calls:
                past.clear()  # begun anew
            past.append((now, used))
            # One look from a minute ago, or just before, stays to be compared with.
            while len(past) > 1 and past[1][0] <= now - MINUTE:
                past.popleft()
            began, first = past[0]
            if now - began < MINUTE:
                most = max(LEAST, self.whole // FIRST_PART)
            taken += (used.calls - first.calls) * MINUTE / max(MINUTE, now - began)
        return max(LEAST, min(most, int(self.whole - taken)))
