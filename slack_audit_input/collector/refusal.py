# SPDX-License-Identifier: Apache-2.0
"""Which action names does Slack refuse? One bad name fails a whole request (reference 3)."""

from __future__ import annotations

from collections.abc import Callable

from slack_audit_input.collector.calls import Calls
from slack_audit_input.collector.ports import Clock
from slack_audit_input.collector.retries import Retries
from slack_audit_input.model.errors import CollectorError, RateLimited, Retryable
from slack_audit_input.slack.answers import refusal_of
from slack_audit_input.slack.filters import Filters


def find_refused(
    names: tuple[str, ...], is_refused: Callable[[tuple[str, ...]], bool]
) -> tuple[str, ...]:
    """The names that are refused by themselves, found by halving; () when none is.

    ``is_refused`` asks Slack about several names at once. With one bad name among thirty it
    is asked about ten times.
    """
    if not names or not is_refused(names):
        return ()
    if len(names) == 1:
        return names
    half = len(names) // 2
    return (
        *find_refused(names[:half], is_refused),
        *find_refused(names[half:], is_refused),
    )


class Refusals:
    """Asks Slack about action names, under the budget and with retries."""

    def __init__(self, calls: Calls, clock: Clock, retries: Retries) -> None:
        self._calls = calls
        self._clock = clock
        self._retries = retries

    def among(self, filters: Filters) -> tuple[str, ...]:
        """The actions of ``filters`` that Slack refuses. Raises what no retry can help."""
        return find_refused(
            filters.actions, lambda names: self._refused(filters._replace(actions=names))
        )

    def _refused(self, filters: Filters) -> bool:
        attempts = 0
        while True:
            ticket = ("probe", filters.actions)
            outcome = self._calls.ask(ticket, "logs", {"limit": 1, **filters.params()})
            error: CollectorError | None = outcome.error
            if outcome.answer is not None:
                if outcome.answer.status in (200, 400):
                    return outcome.answer.status == 400
                error = refusal_of(outcome.answer)
            assert error is not None
            attempts += 1
            if isinstance(error, RateLimited):
                self._calls.budget.pause(outcome.ended + error.retry_after)
                error = Retryable(str(error), "server")
            until = self._clock.monotonic() + self._retries.delay(error, attempts)
            self._calls.rest(lambda until=until: until - self._clock.monotonic())  # type: ignore[misc]
