# SPDX-License-Identifier: Apache-2.0
"""Read a stretch from end to end, page by page, in this thread: for scripts and for `verify`.

No state. Dead cursors, faults and the rate limit are seen to; every page says how far down
the stretch has been read whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple, TypeVar

from slack_audit_input.collector.backoff import Backoff
from slack_audit_input.collector.pool import Getter
from slack_audit_input.collector.ports import Clock
from slack_audit_input.collector.refusal import find_refused
from slack_audit_input.model.errors import (
    CursorRejected,
    GaveUp,
    ProtocolError,
    RateLimited,
    Refused,
    Retryable,
)
from slack_audit_input.model.event import Event, Page, between, without_keys
from slack_audit_input.model.ledger import BACKLOG, Reading
from slack_audit_input.slack.answers import page_of, params_of
from slack_audit_input.slack.budget import CallBudget
from slack_audit_input.slack.filters import Filters

#: Pages in a row that bring a walk no further before it is called a loop.
IDLE_PAGES_ALLOWED = 1000
#: Answers of an unknown shape in a row before they are a protocol error.
SHAPES_ALLOWED = 5
#: 429s in a row, each waited for, before a walk that may give up does so.
LIMITS_ALLOWED = 10
#: A page that fails so often is asked for in smaller pieces: a proxy may cut large bodies.
SMALLER_AFTER = 3
LIMIT_LEAST = 100

_Result = TypeVar("_Result")


class Step(NamedTuple):
    """A page's new events; every second from ``done_from`` up has now been read whole."""

    events: list[Event]
    page: Page
    done_from: int


class _AskLess(Exception):
    """The same page failed again and again: a smaller one may pass."""


class Walk:
    """Reads stretches with one client.

    ``sleep(seconds)`` waits; ``give_up_after`` as in ``collector.settings``. ``refused``:
    action names that Slack did not know; they were left out of what was read.
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
        self.refused: tuple[str, ...] = ()
        self._client = client
        self._budget = budget
        self._clock = clock
        self._sleep = sleep
        self._filters = filters or Filters()
        self._accept = self._filters.accept()
        self._limit = limit
        self._give_up_after = give_up_after
        self._backoff = Backoff(random or Random())
        # Of the call in hand, while it fails: since when, how often, and how often with 429.
        self._failing_since: float | None = None
        self._failures = 0
        self._limits = 0

    def steps(self, oldest: int, latest: int) -> Iterator[Step]:
        """Everything from ``latest`` down to ``oldest`` (unix seconds, inclusive), newest first.

        An event is given once, even when its second is read twice. Raises GaveUp, AuthError,
        ConfigError or ProtocolError.
        """
        top, cursor, idle, limit = latest, "", 0, self._limit
        seen: set[int] = set()  # keys of the second that may be read again
        undated: set[int] = set()
        while top >= oldest:
            if not cursor:
                latest = top
            reading = reading_of(oldest, latest, cursor, limit, top)
            try:
                page = self._page(reading)
            except CursorRejected:
                cursor = ""
                continue
            except _AskLess:
                # A cursor must match the request that gave it, so it goes with the page size.
                limit, cursor = max(LIMIT_LEAST, limit // 2), ""
                continue
            # By second and key; unpacked in here, an event would have to be put together again.
            fresh = [
                event
                for event in between(page.events, oldest, top)
                if event[0] != top or event[1] not in seen
            ]
            new_undated = without_keys(page.undated, undated)
            undated.update(key for _, key, _ in new_undated)
            boundary = top if page.oldest is None else min(page.oldest, top)
            stuck = boundary == top and not fresh
            idle = idle + 1 if stuck else 0
            if idle > IDLE_PAGES_ALLOWED or not page.ordered:
                raise ProtocolError(
                    f"Slack's pages for {oldest}..{latest} "
                    + ("go in a circle" if page.ordered else "are not newest first")
                )
            ended = _ended(page, reading, boundary)
            # A full second whose rest Slack does not give: what lies below it can still be read.
            below = stuck and not ended and not page.next_cursor
            top, done_from = (boundary - 1, boundary) if below else (boundary, boundary + 1)
            if ended or top < oldest:
                done_from = oldest
            if boundary == reading.top:
                seen.update(key for _, key, _ in fresh)
            else:
                seen = {key for second, key, _ in fresh if second == boundary}
            yield Step(fresh + new_undated, page, done_from)
            if ended:
                return
            cursor = page.next_cursor if page.next_cursor != cursor else ""

    def patiently(self, call: Callable[[], _Result]) -> _Result:
        """The result of ``call``, which calls Slack once; within the budget, and again on faults.

        Raises GaveUp, and every error that another attempt cannot heal.
        """
        return self._patiently(call, lambda _error: False)

    def _page(self, reading: Reading) -> Page:
        def ask() -> Page:
            answer = self._client.get("logs", params_of(reading, self._filters))
            try:
                return page_of(answer, reading, self._accept)
            except Retryable as error:
                if error.kind == "shape" and self._failures + 1 >= SHAPES_ALLOWED:
                    raise ProtocolError(
                        f"{error}, {SHAPES_ALLOWED} times in a row", answer.body[:65536]
                    ) from None
                raise

        def smaller(error: Retryable) -> bool:
            big = reading.limit > LIMIT_LEAST and self._failures >= SMALLER_AFTER
            return big and error.kind in ("body", "timeout", "network")

        try:
            return self._patiently(ask, smaller)
        except Refused as error:
            self._leave_out(error)
        return self._patiently(ask, smaller)

    def _patiently(
        self, call: Callable[[], _Result], smaller: Callable[[Retryable], bool]
    ) -> _Result:
        while True:
            wait = self._budget.wait(self._clock.monotonic(), urgent=False)
            if wait > 0:
                # Less might be lost in a clock's rounding, and then this would never end.
                self._sleep(max(wait, 0.001))
                continue
            began = self._clock.monotonic()
            self._budget.take(began, urgent=False)
            self.calls += 1
            try:
                result = call()
            except RateLimited as error:
                self._budget.pause(self._clock.monotonic() + error.retry_after)
                self._limits += 1
                self._failed(began, error, self._limits >= LIMITS_ALLOWED)
            except Retryable as error:
                self._failures += 1
                self._failed(began, error, True)
                self._sleep(self._backoff.after(self._failures))
                if smaller(error):
                    raise _AskLess from None
            else:
                self._failing_since, self._failures, self._limits = None, 0, 0
                return result

    def _failed(self, began: float, error: Exception, may_end: bool) -> None:
        if self._failing_since is None:
            self._failing_since = began
        failing = self._clock.monotonic() - self._failing_since
        if may_end and 0 < self._give_up_after < failing:
            raise GaveUp(f"no good answer from Slack; the last: {error}") from None

    def _leave_out(self, error: Refused) -> None:
        """After a 400 without a cursor: find the action names at fault, and do without them.

        Raises ConfigError when none is left, ProtocolError when the names are not at fault.
        """
        refused: tuple[str, ...] = ()
        if "action" in self._filters.params() and error.code in ("", "invalid_action"):
            refused = find_refused(self._filters.actions, self._is_refused)
        if not refused:
            raise ProtocolError(
                f"{error}: does the stretch begin before the organization's audit log, or end in "
                "the future?"
            ) from None
        self.refused += refused
        self._filters = self._filters.without(refused)
        self._accept = self._filters.accept()

    def _is_refused(self, names: tuple[str, ...]) -> bool:
        filters = self._filters._replace(actions=names)
        # The stretch plays no part here: whatever Slack shows last will do.
        reading = reading_of(0, 0, "", 1, 0)
        try:
            self.patiently(
                lambda: page_of(
                    self._client.get("logs", {"limit": 1, **filters.params()}), reading, None
                )
            )
        except Refused:
            return True
        return False


def _ended(page: Page, reading: Reading, boundary: int) -> bool:
    """Has the stretch been read to its end? A full page's silence about it is not believed."""
    if boundary < reading.oldest:
        return True
    if page.next_cursor:
        return False
    return page.end_stated or page.entries < reading.limit


def reading_of(oldest: int, latest: int, cursor: str, limit: int, top: int) -> Reading:
    """A reading outside any ledger."""
    return Reading(oldest, latest, cursor, limit, BACKLOG, known=0, level=0, top=top, turn=0)
