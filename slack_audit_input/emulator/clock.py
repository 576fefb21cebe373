# SPDX-License-Identifier: Apache-2.0
"""The emulator's clock: the machine's, shifted, or standing still until it is moved."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Clock:
    """Unix time with fraction. Threads may share it."""

    def __init__(
        self,
        at: float | None = None,
        frozen: bool = False,
        source: Callable[[], float] = time.time,
    ) -> None:
        """A clock that shows `at` now (the machine's time by default); `frozen`: stands still."""
        self._source = source
        self._lock = threading.Lock()
        self._frozen: float | None = None
        self._offset = 0.0
        # In this order: one that stands still then shows `at` to the last digit.
        if frozen:
            self.freeze()
        if at is not None:
            self.set(at)

    def now(self) -> float:
        """What the clock shows."""
        with self._lock:
            return self._now()

    def set(self, at: float) -> None:
        """Show `at`; go on from there, or stand there if frozen."""
        with self._lock:
            if self._frozen is not None:
                self._frozen = at
            self._offset = at - self._source()

    def step(self, seconds: float) -> None:
        """Move by `seconds`, back if negative."""
        self.set(self.now() + seconds)

    def freeze(self, frozen: bool = True) -> None:
        """Stand still at what is shown now; False: go on from there."""
        with self._lock:
            shown = self._now()
            self._frozen = shown if frozen else None
            self._offset = shown - self._source()

    def state(self) -> dict[str, object]:
        """What the control endpoint tells: `now`, `frozen`, and `offset` from the machine's."""
        with self._lock:
            shown = self._now()
            offset = shown - self._source()
            return {"now": shown, "frozen": self._frozen is not None, "offset": offset}

    def _now(self) -> float:
        return self._source() + self._offset if self._frozen is None else self._frozen
