# SPDX-License-Identifier: Apache-2.0
"""What a running host takes from the machine: its clocks, and the signals that end it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Seconds that only rise."""
        return time.monotonic()

    def wall(self) -> float:
        """Unix seconds."""
        return time.time()


class StopSign:
    """Set by SIGTERM or SIGINT: the page in hand is finished and committed, then exit 0."""

    def __init__(self) -> None:
        self._set = False
        self.wake: Callable[[], None] = lambda: None

    def __call__(self) -> bool:
        """Is it time to stop?"""
        return self._set

    def set(self) -> None:
        """Stop, as if a signal had come."""
        self._set = True
        self.wake()

    def install(self) -> None:
        """Take over the signals; a second SIGINT interrupts at once."""
        # The last is what Windows sends to a process that is to end.
        for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
            number = getattr(signal, name, None)
            if number is not None:
                signal.signal(number, self._on_signal)

    def wait(self, seconds: float) -> bool:
        """Wait so long, less when it is time to stop; is it?"""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._set:
            time.sleep(0.05)
        return self._set

    def _on_signal(self, number: int, _frame: Any) -> None:
        if self._set and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.set()
