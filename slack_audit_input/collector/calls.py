# SPDX-License-Identifier: Apache-2.0
"""Calls under the budget: whether one may start, starting it, and waiting for what comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from slack_audit_input.collector.counters import Counters
from slack_audit_input.collector.ports import Clock, Outcome, Pool
from slack_audit_input.slack.budget import CallBudget

#: Seconds between two looks at whether we are to stop, while waiting for one certain answer.
LOOK_UP = 1.0


class Stopped(Exception):
    """We were told to stop while waiting for one certain answer. Not an error."""


class Calls:
    """One collector's way to Slack."""

    def __init__(
        self,
        pool: Pool,
        clock: Clock,
        budget: CallBudget,
        counters: Counters,
        stop: Callable[[], bool],
    ) -> None:
        self.budget = budget
        self._pool = pool
        self._clock = clock
        self._counters = counters
        self._stop = stop
        self._waited = False
        self._kept: list[Outcome] = []

    def may_start(self, now: float, urgent: bool) -> bool:
        """May a call start now? A wait is counted once, however often it is asked about."""
        if self.budget.wait(now, urgent) == 0.0:
            self._waited = False
            return True
        if not self._waited:
            self._waited = True
            self._counters.add("budget_waits")
        return False

    def start(
        self, ticket: object, path: str, params: Mapping[str, str | int], urgent: bool
    ) -> None:
        """Start one; its outcome comes from ``wait``."""
        self.budget.take(self._clock.monotonic(), urgent)
        self._counters.add("calls")
        self._pool.submit(ticket, path, params)

    def wait(self, timeout: float) -> Outcome | None:
        """The next outcome, or None after ``timeout`` seconds."""
        return self._kept.pop(0) if self._kept else self._pool.wait(timeout)

    def arrived(self) -> int:
        """How many outcomes ``wait`` would return at once."""
        return len(self._kept) + self._pool.arrived()

    def ask(self, ticket: object, path: str, params: Mapping[str, str | int]) -> Outcome:
        """One call and its outcome; what else arrives meanwhile is kept for ``wait``.

        Raises Stopped when we are told to stop first.
        """
        self.rest(lambda: self.budget.wait(self._clock.monotonic(), urgent=True))
        self.start(ticket, path, params, urgent=True)
        while not self._stop():
            outcome = self._pool.wait(LOOK_UP)
            if outcome is not None and outcome.ticket == ticket:
                return outcome
            if outcome is not None:
                self._kept.append(outcome)
        raise Stopped

    def rest(self, left: Callable[[], float]) -> None:
        """Wait until ``left()`` is 0; outcomes that arrive are kept. Raises Stopped."""
        while (seconds := left()) > 0:
            if self._stop():
                raise Stopped
            outcome = self._pool.wait(seconds)
            if outcome is not None:
                self._kept.append(outcome)
