# SPDX-License-Identifier: Apache-2.0
"""Slack's clock, from the ``Date`` of its answers, never ahead of the real one.

A machine whose clock is ahead would ask for the future (an error), one that is behind would
see events late. ``Date`` has whole seconds, rounded down, so each answer gives a lower bound
of the difference between Slack's clock and ours; the largest of the last few is the best.
"""

from __future__ import annotations

import email.utils
from collections import deque

#: Answers looked back on: enough to meet a Date that has just turned, few enough to follow a
#: clock that is corrected.
ANSWERS = 20
#: The last second of the year 9999. The parser takes any number of hours for a time of day.
_LAST = 253_402_300_799


def date_of(header: str | None) -> int | None:
    """Unix seconds of an HTTP date, or None where it is missing or no date."""
    try:
        parsed = email.utils.parsedate_tz(header) if header else None
        found = -1 if parsed is None else int(email.utils.mktime_tz(parsed))
    except (ValueError, OverflowError, IndexError, TypeError):
        return None  # the parser was made for good dates and fails in these ways on others
    return found if 0 <= found <= _LAST else None


class SlackClock:
    """Slack's time for a monotonic time of ours; before the first answer, by our wall clock."""

    def __init__(self, wall: float, monotonic: float) -> None:
        self._guess = wall - monotonic
        self._differences: deque[float] = deque(maxlen=ANSWERS)

    @property
    def heard(self) -> bool:
        """Has Slack said its time yet?"""
        return bool(self._differences)

    @property
    def ahead(self) -> float:
        """Seconds by which Slack's clock is ahead of this machine's wall clock at the start."""
        return self._difference() - self._guess

    def observe(self, date: int | None, received: float) -> None:
        """Take in an answer's ``Date`` and the monotonic time of its arrival."""
        if date is not None:
            self._differences.append(date - received)

    def distrust(self) -> None:
        """Forget all answers but the last: Slack found our idea of now in its future."""
        while len(self._differences) > 1:
            self._differences.popleft()

    def now(self, monotonic: float) -> int:
        """Slack's clock in whole seconds."""
        return int(self.exact(monotonic))

    def exact(self, monotonic: float) -> float:
        """Slack's clock with its fraction, as far as it is known."""
        return monotonic + self._difference()

    def _difference(self) -> float:
        return max(self._differences) if self._differences else self._guess
