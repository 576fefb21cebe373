# SPDX-License-Identifier: Apache-2.0
"""What to ask next, and when: live first, then sweeps and backlog, then coverage.

As far as the call budget and the workers allow. Nothing is decided here that the engine decides;
this is about who may go now, and how long to wait until somebody may.
"""

from __future__ import annotations

from slack_audit_input.collector.around import Around
from slack_audit_input.collector.calls import Calls
from slack_audit_input.collector.coverage import Coverage
from slack_audit_input.collector.work import Work
from slack_audit_input.model.ledger import BACKLOG, COVERAGE, Reading
from slack_audit_input.slack.answers import params_of

#: Pages that may wait to be taken in; with more, memory would grow with Slack's speed.
PAGES_AHEAD = 2
#: A coverage reading comes after everything else, but for one page in so many seconds.
COVERAGE_AT_LEAST = 60.0
#: Live readings after which something else that is open has its turn first. It matters only
#: where polls alone use up the budget; else others go between them anyway.
POLLS_IN_A_ROW = 3
#: Calls for coverage in a run that ends by itself.
COVERAGE_OF_ONCE = 30


class Dispatch:
    """Starts the calls of one collector. ``filters``: what every reading asks for.

    ``live`` False: nothing new is planned, and nothing covered; what is open is read.
    """

    def __init__(
        self, around: Around, work: Work, coverage: Coverage, calls: Calls, live: bool
    ) -> None:
        settings = around.settings
        self.filters = settings.filters
        self.live_failures = 0
        #: No live reading before this (monotonic seconds): the last one failed.
        self.live_at = float("-inf")
        self._settings = settings
        self._work = work
        self._coverage = coverage
        self._calls = calls
        self._slack_clock = around.slack_clock
        self._counters = around.counters
        self._random = around.random
        self._live = live
        self._covers = live and settings.coverage
        self._covered_at = float("-inf")
        self._polls = 0
        # Polls fall on a random fraction of their second. Always on the same one, they would
        # never meet a Date that has just turned, and Slack's clock would stay badly known.
        self._phase = 0.0

    def start(self, now: float) -> None:
        """Start all calls that may start ``now`` (monotonic seconds)."""
        if self._polls >= POLLS_IN_A_ROW:
            self._let_another(now)
        if self._live and self._live_is_due(now) and self._calls.may_start(now, True):
            self._phase = self._random.random()
            reading = self._work.next_live(self._slack_clock.now(now))
            if reading is not None:
                self._polls += 1
                self._ask(reading, urgent=True)
        # Beside a backlog of days, one call a minute: or records would be days late, too.
        if now - self._covered_at >= COVERAGE_AT_LEAST:
            self._cover(now)
        while self._worker_is_free():
            reading = self._work.next_waiting(now) or self._work.next_open()
            if reading is None and self._work.density and self._calls.may_start(now, False):
                reading = self._work.next_half()
                self._counters.add("cuts", reading is not None)
            if reading is None:
                self._cover(now)
                return
            urgent = reading.kind != BACKLOG
            if not self._calls.may_start(now, urgent):
                return
            self._polls = 0
            self._ask(reading, urgent)

    def pause(self, now: float) -> float:
        """Seconds until something may be due; no more than a beat."""
        wait = self._calls.budget.wait
        times = [self._settings.beat_every]
        if self._live and not self._work.live_under_way():
            due = self._work.live_due() + self._phase - self._slack_clock.exact(now)
            times.append(max(due, self.live_at - now, wait(now, True)))
        if self._work.workers_busy() < self._settings.workers:
            times += [
                max(at - now, wait(now, kind != BACKLOG)) for at, kind in self._work.ripe_at()
            ]
            at = self._coverage.at()
            if at is not None:
                times.append(max(at - now, wait(now, False)))
            # An open window waits for the budget only; so does half of one.
            times.append(wait(now, False) or self._settings.beat_every)
        return max(0.0, min(times))

    def nothing_left(self) -> bool:
        """Has a run that ends by itself done all it is to do?"""
        if not self._work.nothing_left() or self._coverage.under_way():
            return False
        # A cron job is to end before its next one: a long history is covered bit by bit.
        spent = self._counters.run["coverage_calls"] >= COVERAGE_OF_ONCE
        return not self._covers or spent or not self._coverage.waiting(self._work.ledger)

    def _live_is_due(self, now: float) -> bool:
        if now < self.live_at or self._work.live_under_way():
            return False
        due = self._work.live_due() + self._phase
        return self.live_failures > 0 or self._slack_clock.exact(now) >= due

    def _worker_is_free(self) -> bool:
        """And is not too much waiting to be taken in?"""
        busy = self._work.workers_busy() + self._coverage.under_way()
        return busy < self._settings.workers and self._calls.arrived() < PAGES_AHEAD

    def _let_another(self, now: float) -> None:
        """One call for what polls have kept waiting, if anything is and there is a place."""
        if not (self._worker_is_free() and self._calls.may_start(now, True)):
            return
        reading = self._work.next_waiting(now) or self._work.next_open()
        if reading is not None:
            self._polls = 0
            self._ask(reading, urgent=True)
        else:
            self._cover(now)

    def _ask(self, reading: Reading, urgent: bool) -> None:
        ticket = self._work.begin(reading)
        self._calls.start(ticket, "logs", params_of(reading, self.filters), urgent)

    def _cover(self, now: float) -> None:
        if not (self._covers and self._worker_is_free()):
            return
        reading = self._coverage.next(self._work.ledger, now)
        if reading is None or not self._calls.may_start(now, False):
            return
        self._covered_at = now
        self._polls = 0
        self._coverage.begin(reading)
        self._counters.add("coverage_calls")
        self._calls.start(COVERAGE, "logs", params_of(reading, self.filters), False)
