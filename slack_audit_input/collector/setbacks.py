# SPDX-License-Identifier: Apache-2.0
"""What to do when a call has brought no page: later, smaller, without its cursor, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slack_audit_input.collector.around import Around
from slack_audit_input.collector.coverage import Coverage
from slack_audit_input.collector.dispatch import Dispatch
from slack_audit_input.collector.ports import Outcome
from slack_audit_input.collector.refusal import Refusals
from slack_audit_input.collector.retries import Retries, smaller_page
from slack_audit_input.collector.work import Work
from slack_audit_input.engine.absorb import dropped
from slack_audit_input.model.errors import (
    CollectorError,
    CursorRejected,
    ProtocolError,
    RateLimited,
    Refused,
    Retryable,
)
from slack_audit_input.model.ledger import COVERAGE, LIVE, Reading

#: How often a request without cursor and bad action may be refused before nobody knows why.
REFUSALS_ALLOWED = 2


class Setbacks:
    """Of one collector. ``accept``: the local filter, which loses the names Slack does not know."""

    def __init__(
        self,
        around: Around,
        work: Work,
        coverage: Coverage,
        dispatch: Dispatch,
        retries: Retries,
        refusals: Refusals,
    ) -> None:
        self.accept: Callable[[dict[str, Any]], bool] | None = dispatch.filters.accept()
        self._around = around
        self._counters = around.counters
        self._work = work
        self._coverage = coverage
        self._dispatch = dispatch
        self._retries = retries
        self._refusals = refusals

    def take(self, reading: Reading, error: CollectorError, outcome: Outcome) -> None:
        """See that what ``reading`` was about is asked again.

        Raises the error when no retry can help, GaveUp when the time is up, ProtocolError.
        """
        if isinstance(error, RateLimited):
            self._counters.add("rate_limited")
            self._around.budget.pause(outcome.ended + error.retry_after)
            self._around.log("warning", "rate_limited", wait_s=round(error.retry_after, 1))
            self._again(reading, 0.0)
        elif isinstance(error, CursorRejected):
            self._counters.add("cursor_rejected")
            self._around.log("info", "cursor_rejected", second=reading.top)
            self._without_cursor(reading, self._around.settings.page_size)
        elif isinstance(error, Refused):
            self._refused(reading, error)
        elif isinstance(error, Retryable):
            self._failed(reading, error, outcome.answer.body if outcome.answer else b"")
        else:
            raise error

    def _again(self, reading: Reading, delay: float) -> None:
        """Ask the same again later; a live reading is planned anew instead."""
        at = self._around.clock.monotonic() + delay
        if reading.kind == COVERAGE:
            self._coverage.later(reading, at)
        elif reading.kind == LIVE:
            self._dispatch.live_at = at
        else:
            self._work.later(reading, at)

    def _without_cursor(self, reading: Reading, limit: int, delay: float = 0.0) -> None:
        at = self._around.clock.monotonic() + delay
        if reading.kind == COVERAGE:
            self._coverage.without_cursor(reading, limit, at)
            return
        following = dropped(self._work.ledger, reading, self._work.readings(), limit)
        if following is not None:
            self._work.later(following._replace(attempts=reading.attempts), at)

    def _failed(self, reading: Reading, error: Retryable, evidence: bytes) -> None:
        if reading.kind == LIVE:
            self._dispatch.live_failures += 1
            reading = reading._replace(attempts=self._dispatch.live_failures)
        else:
            reading = reading._replace(attempts=reading.attempts + 1)
        delay = self._retries.delay(error, reading.attempts, evidence)
        limit = smaller_page(error, reading.attempts, self._around.settings.page_size)
        if reading.kind != LIVE and limit < reading.limit:
            # A cursor must match the request that gave it, so it goes with the page size.
            self._without_cursor(reading, limit, delay)
        else:
            self._again(reading, delay)

    def _refused(self, reading: Reading, error: Refused) -> None:
        """A 400 without a cursor: an action name, our clock, or something nobody knows."""
        filters = self._dispatch.filters
        if "action" in filters.params() and error.code in ("", "invalid_action"):
            refused = self._refusals.among(filters)
            if refused:
                self._dispatch.filters = filters.without(refused)
                self.accept = self._dispatch.filters.accept()
                self._counters.add("actions_dropped", len(refused))
                self._around.log(
                    "warning",
                    "actions_dropped",
                    names=",".join(refused),
                    note="Slack does not know them; the rest goes on",
                )
                self._again(reading, 0.0)
                return
        attempts = self._dispatch.live_failures if reading.kind == LIVE else reading.attempts
        if attempts >= REFUSALS_ALLOWED:
            raise ProtocolError(
                f"{error}, without a cursor, {attempts + 1} times in a row (is --start earlier "
                "than the organization's audit log?). The checkpoint is kept"
            )
        self._around.slack_clock.distrust()
        self._failed(reading, Retryable(str(error), "range"), b"")
