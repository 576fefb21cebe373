# SPDX-License-Identifier: Apache-2.0
"""Read a stretch from end to end, page by page, in this thread: for scripts and for `verify`.

No state. Dead cursors, faults and the rate limit are seen to; every page says how far down
the stretch has been read whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

from slack_audit_input.collector.backoff import Backoff
from slack_audit_input.collector.pool import Getter
from slack_audit_input.collector.ports import Clock
from slack_audit_input.model.errors import (
    CursorRejected,
    GaveUp,
    ProtocolError,
    RateLimited,
    Refused,
    Retryable,
)
from slack_audit_input.model.event import Event, Page
from slack_audit_input.model.ledger import BACKLOG, Reading
from slack_audit_input.slack.answers import page_of, params_of
from slack_audit_input.slack.budget import CallBudget
from slack_audit_input.slack.filters import Filters

#: Pages in a row that bring a walk no further before it is called a loop.
IDLE_PAGES_ALLOWED = 1000


class Step(NamedTuple):
    """A page's new events; every second from ``done_from`` up has now been read whole."""

    events: list[Event]
    page: Page
    done_from: int


class Walk:
    """Reads stretches with one client.

    ``sleep(seconds)`` waits; ``give_up_after`` as in ``collector.settings``.
    """

    def __init__(
        self,
        client: Getter,
        budget: CallBudget,
        clock: Clock,
        sleep: Callable[[float], None],
        *,
        filters: Filters | None = None,
        limit: int = 9999,
        give_up_after: float = 600.0,
        random: Random | None = None,
    ) -> None:
        self.calls = 0
        self._client = client
        self._budget = budget
        self._clock = clock
        self._sleep = sleep
        self._filters = filters or Filters()
        self._accept = self._filters.accept()
        self._limit = limit
        self._give_up_after = give_up_after
        self._backoff = Backoff(random or Random())

    def steps(self, oldest: int, latest: int) -> Iterator[Step]:
        """Everything from ``latest`` down to ``oldest`` (unix seconds, inclusive), newest first.

        An event is given once, even when its second is read twice. Raises GaveUp, AuthError,
        ConfigError or ProtocolError.
        """
        top, cursor, idle = latest, "", 0
        seen: set[int] = set()  # keys of the second that may be read again, and of undated ones
        undated: set[int] = set()
        while top >= oldest:
            if not cursor:
                latest = top
            reading = reading_of(oldest, latest, cursor, self._limit, top)
            try:
                page = self._page(reading)
            except CursorRejected:
                cursor = ""
                continue
            fresh = [
                e
                for e in page.events
                if oldest <= e.second <= top and not (e.second == top and e.key in seen)
            ]
            new_undated = [e for e in page.undated if e.key not in undated]
            undated.update(e.key for e in new_undated)
            boundary = top if page.oldest is None else min(page.oldest, top)
            ended = self._ended(page, reading, boundary, fresh)
            if boundary < top:
                seen = set()
            seen.update(e.key for e in fresh if e.second == boundary)
            idle = 0 if boundary < top or fresh else idle + 1
            if idle > IDLE_PAGES_ALLOWED or not page.ordered:
                raise ProtocolError(
                    f"Slack's pages for {oldest}..{latest} "
                    + ("go in a circle" if page.ordered else "are not newest first")
                )
            yield Step(fresh + new_undated, page, oldest if ended else boundary + 1)
            if ended:
                return
            top = boundary
            cursor = page.next_cursor if page.next_cursor != cursor else ""

    def _ended(self, page: Page, reading: Reading, boundary: int, fresh: list[Event]) -> bool:
        if boundary < reading.oldest:
            return True
        if page.next_cursor:
            return False
        # A full page without a word about its end is not believed; see engine.absorb.
        full = page.entries >= reading.limit and not page.end_stated
        return not full or (boundary == reading.top and not fresh)

    def _page(self, reading: Reading) -> Page:
        began = self._clock.monotonic()
        attempts = 0
        while True:
            wait = self._budget.wait(self._clock.monotonic(), urgent=False)
            if wait > 0:
                self._sleep(wait)
                continue
            self._budget.take(self._clock.monotonic(), urgent=False)
            self.calls += 1
            try:
                return page_of(
                    self._client.get("logs", params_of(reading, self._filters)),
                    reading,
                    self._accept,
                )
            except RateLimited as error:
                self._budget.pause(self._clock.monotonic() + error.retry_after)
            except Refused as error:
                raise ProtocolError(f"{error}: is the stretch, or an action name, wrong?") from None
            except Retryable as error:
                attempts += 1
                if self._clock.monotonic() - began > self._give_up_after:
                    raise GaveUp(f"no good answer from Slack; the last: {error}") from None
                self._sleep(self._backoff.after(attempts))


def reading_of(oldest: int, latest: int, cursor: str, limit: int, top: int) -> Reading:
    """A reading outside any ledger."""
    return Reading(oldest, latest, cursor, limit, BACKLOG, known=0, level=0, top=top, turn=0)
