# SPDX-License-Identifier: Apache-2.0
"""The rate limit: one bucket of calls for the whole organization, whatever token they bring.

Pure: the time of each call goes in. Slack counts per organization (tier 3: 50 calls a minute and
more, with some burst), so that all tools of a customer share one limit.
"""

from __future__ import annotations

import math


class Bucket:
    """Calls that may be made: refilled evenly, up to a capacity."""

    def __init__(self, per_minute: float, capacity: float | None = None, others: float = 0) -> None:
        """`per_minute` calls, 0 for no limit; `capacity`: calls at once, the same by default.

        `others`: calls a minute that other tools of the organization take from the same bucket.
        """
        if per_minute < 0 or others < 0 or (capacity is not None and capacity < 1):
            raise ValueError("a rate limit has no negative numbers and holds at least one call")
        self._per_minute = per_minute
        self._capacity = per_minute if capacity is None else capacity
        self._others = others
        self._held = float(self._capacity)
        self._at: float | None = None
        self._taken_by_others = 0.0

    def take(self, now: float) -> int | None:
        """Take a call at unix time `now`: None if it may be made, else seconds to wait."""
        if not self._per_minute:
            return None
        # A clock that is set back gives nothing and takes nothing.
        minutes = 0.0 if self._at is None else max(0.0, now - self._at) / 60
        self._at = now
        self._held = min(self._capacity, self._held + self._per_minute * minutes)
        self._taken_by_others += self._others * minutes
        taken = math.floor(self._taken_by_others)
        self._taken_by_others -= taken
        self._held = max(0.0, self._held - taken)
        if self._held >= 1:
            self._held -= 1
            return None
        net = self._per_minute - self._others
        if net <= 0:
            return 60
        return max(1, math.ceil((1 - self._held) / net * 60))
