# SPDX-License-Identifier: Apache-2.0
"""Waiting for a host: for ever, but not beyond being told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random

from slack_audit_input.model.errors import Unfinished

#: Seconds of the first wait after a failure, and of the longest.
FIRST, MOST = 0.5, 60.0
#: Seconds between two looks at whether we are to stop.
LOOK_UP = 0.25
#: Seconds that an acknowledgement under way may still take after we are told to stop.
GRACE = 5.0

_WORDS = (
    "stopped while no host accepted the page in hand. Nothing of this page is checkpointed: it "
    "comes again at the next start"
)


class Patience:
    """``stop``: are we to stop? Time, sleep and randomness come from outside."""

    def __init__(
        self,
        stop: Callable[[], bool],
        random: Random | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.now = monotonic
        self._stop = stop
        self._random = random or Random()
        self._sleep = sleep
        self._told: float | None = None

    def pause(self, seconds: float) -> None:
        """Wait. Raises Unfinished as soon as we are to stop: nothing is under way."""
        until = self.now() + seconds
        while (left := until - self.now()) > 0:
            if self._stop():
                raise Unfinished(_WORDS)
            self._sleep(min(left, LOOK_UP))

    def look_up(self) -> None:
        """While something is under way: raises Unfinished when we are to stop, after GRACE."""
        if not self._stop():
            return
        if self._told is None:
            self._told = self.now()
        if self.now() - self._told > GRACE:
            raise Unfinished(_WORDS)

    def after(self, failures: int) -> float:
        """Seconds to rest after so many failures in a row: half to all of a doubling step."""
        step = min(MOST, FIRST * 2.0 ** min(failures - 1, 20))
        return float(step * (0.5 + 0.5 * self._random.random()))
