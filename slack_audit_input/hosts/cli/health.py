# SPDX-License-Identifier: Apache-2.0
"""How this process is doing, as its own memory knows it: for the listener, without the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from slack_audit_input.collector.heartbeat import Heartbeat
from slack_audit_input.collector.loop import Collector
from slack_audit_input.collector.ports import Clock
from slack_audit_input.collector.settings import Settings

#: Seconds without a good answer from Slack, a commit or a page accepted that are still well.
TOO_LONG = 300.0
#: Seconds without a turn of the loop, waiting for the host apart, that are taken for a hang.
HUNG = 900.0

STARTING, STANDBY, COLLECTING = "starting", "standby", "collecting"


class Sample(NamedTuple):
    """What the loop knew at its last turn. ``at``: monotonic seconds. The rest in seconds."""

    at: float
    answer_at: float
    lag: float
    backlog: int
    budget: int
    used: int
    total: Mapping[str, int]
    hours_waiting: int = 0


class Health:
    """Told by the loop's thread, asked by the listener's: whole values are put in place at once."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.account = settings.account
        self.input = settings.input
        self.state = STARTING
        self.sample: Sample | None = None
        self.took_over = 0
        self._clock = clock
        self._since = clock.monotonic()
        self._heart: Heartbeat | None = None

    # -- told ------------------------------------------------------------------------------

    def waiting(self) -> None:
        """Another collector may own the input: stand by."""
        self._heart, self.sample = None, None
        self.state, self._since = STANDBY, self._clock.monotonic()

    def begins(self, heart: Heartbeat) -> None:
        """The input is ours."""
        self.took_over += 1
        self._heart = heart
        self.state, self._since = COLLECTING, self._clock.monotonic()

    def collecting(self, collector: Collector) -> None:
        """A turn of the loop."""
        now = self._clock.monotonic()
        self.sample = Sample(
            now,
            now - collector.silent(),
            collector.lag(),
            collector.work.backlog(),
            collector.budget.per_minute,
            collector.budget_used(),
            dict(collector.counters.total),
            collector.counters.hours_waiting,
        )

    # -- asked -----------------------------------------------------------------------------

    def trouble(self) -> str:
        """What is wrong, in words; "" while all is well, or while standing by."""
        now = self._clock.monotonic()
        if self.state != COLLECTING:
            return ""
        waited = self.waiting_for_host()
        if waited > TOO_LONG:
            return f"the output has not accepted a page for {waited:.0f} s"
        sample = self.sample
        answered = now - (sample.answer_at if sample else self._since)
        if answered > TOO_LONG:
            return f"no good answer from Slack for {answered:.0f} s"
        committed = now - (self.last_commit() or self._since)
        if committed > TOO_LONG:
            return f"nothing was checkpointed for {committed:.0f} s"
        return ""

    def hung(self) -> bool:
        """Has the loop stood still, other than by waiting for the host or for Slack's return?"""
        if self.state != COLLECTING or self.sample is None or self.waiting_for_host():
            return False
        return self._clock.monotonic() - self.sample.at > HUNG

    def waiting_for_host(self) -> float:
        """Seconds since the page that is being written was begun; 0 when none is."""
        since = self._heart.writing_since if self._heart else None
        return 0.0 if since is None else self._clock.monotonic() - since

    def last_commit(self) -> float | None:
        """When this process committed last, in monotonic seconds; None before."""
        return self._heart.last_commit if self._heart else None

    def report(self) -> dict[str, object]:
        """For /healthz."""
        trouble = self.trouble()
        found: dict[str, object] = {
            "state": self.state,
            "input": self.input,
            "account": self.account,
            "trouble": trouble,
        }
        if self.sample is not None:
            found["lag_s"] = round(self.sample.lag, 1)
            found["backlog_s"] = self.sample.backlog
        committed = self.last_commit()
        if committed is not None:
            found["last_commit_s_ago"] = round(self._clock.monotonic() - committed, 1)
        return found

    def ages(self) -> dict[str, float]:
        """Seconds since the last good answer and the last commit, as far as there were any."""
        now = self._clock.monotonic()
        found = {}
        if self.sample is not None:
            found["answer"] = now - self.sample.answer_at
        committed = self.last_commit()
        if committed is not None:
            found["commit"] = now - committed
        return found
