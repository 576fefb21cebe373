# SPDX-License-Identifier: Apache-2.0
"""The call budget: never more than so many calls in any minute, live and sweeps first.

Slack's limit is 50 calls a minute for the whole organization, shared with the customer's other
tools (reference section 6). Urgent calls take any free place. The others are spread over what
urgent ones leave, so that a poll never waits for a minute to pass behind a burst of backlog.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from slack_audit_input.model.errors import ConfigError

MINUTE = 60.0
#: Places that may be made up for when answers come late. More would be a burst, and would set
#: more workers going than the budget feeds: each ends its window with a page half full.
CATCH_UP = 0.5
#: Seconds after which the urgent calls seen say how many there will be in a minute.
MINUTE_SEEN = 10.0


class CallBudget:
    """Counts calls; times are monotonic seconds passed in.

    Raises ConfigError for less than one call a minute.
    """

    def __init__(self, per_minute: int) -> None:
        if per_minute < 1:
            raise ConfigError(f"at least one call a minute is needed, not {per_minute}")
        self.per_minute = per_minute
        self._calls: deque[float] = deque()
        self._urgent: deque[float] = deque()
        self._slot = float("-inf")
        self._began: float | None = None
        self._paused_until = float("-inf")

    def wait(self, now: float, urgent: bool) -> float:
        """Seconds until a call may start; 0 when it may start now."""
        self._forget(now)
        ready = self._paused_until
        if len(self._calls) >= self.per_minute:
            ready = max(ready, self._calls[-self.per_minute] + MINUTE)
        if not urgent:
            ready = max(ready, self._slot)
        return max(0.0, ready - now)

    def take(self, now: float, urgent: bool) -> None:
        """Count a call that starts now."""
        self._forget(now)
        self._calls.append(now)
        if self._began is None:
            self._began = now
        if urgent:
            self._urgent.append(now)
        else:
            # In its first minute the urgent calls to come are not yet in the count: without a
            # guess at them, polls would wait ten seconds at the minute's end.
            elapsed = min(MINUTE, max(now - self._began, MINUTE_SEEN))
            urgents = len(self._urgent) * MINUTE / elapsed
            spacing = MINUTE / max(1.0, self.per_minute - urgents)
            self._slot = max(self._slot, now - CATCH_UP * spacing) + spacing

    def pause(self, until: float) -> None:
        """No call before ``until``: Slack said Retry-After, and it holds for all workers."""
        self._paused_until = max(self._paused_until, until)

    def paused(self, now: float) -> float:
        """Seconds that a Retry-After still holds."""
        return max(0.0, self._paused_until - now)

    def used(self, now: float) -> int:
        """Calls in the last minute."""
        self._forget(now)
        return len(self._calls)

    def recent(self, now: float) -> list[float]:
        """How many seconds ago each call of the last minute started, the oldest first."""
        self._forget(now)
        return [now - call for call in self._calls]

    def remember(self, now: float, ages: Iterable[float]) -> None:
        """Before any call: count those of the process before this one, ``ages`` as of ``recent``.

        What is no age of less than a minute is passed over: the clock was set since.
        """
        known = sorted((age for age in ages if 0 <= age < MINUTE), reverse=True)
        self._calls.extend(now - age for age in known)

    def _forget(self, now: float) -> None:
        for calls in (self._calls, self._urgent):
            while calls and calls[0] + MINUTE <= now:
                calls.popleft()
