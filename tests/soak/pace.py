# SPDX-License-Identifier: Apache-2.0
"""How fast the clock may run: as fast as asked for, on a machine that has the time.

A process needs its processor time to start, whatever its clock says. Where others use the machine
too, that takes longer, and a day that goes on at full speed meanwhile would be one in which
collectors hardly ever run. So the clock is slowed while processes get less than they need, and
while kills that are due wait for their turn.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.soak.clock import FastClock

#: Processor time after which a collector has started, in seconds, and times so long for it that
#: are nothing unusual.
STARTED = 0.2
USUAL = 2.5
#: The clock is not slowed to less than this share of its speed.
LEAST = 0.2
_TICKS = os.sysconf("SC_CLK_TCK")


class Pace:
    """Keeps ``clock`` at ``speed``, or below it."""

    def __init__(self, clock: FastClock, speed: float) -> None:
        self.clock = clock
        self.speed = speed
        self._busy = 1.0
        self._pid: int | None = None
        self._began = 0.0
        self._started = True
        self._looked = 0.0

    def look(self, pid: int | None, kills: int) -> None:
        """Once in a while: what runs now, and how many kills are due."""
        now = time.monotonic()
        if pid != self._pid:
            self._pid, self._began, self._started = pid, now, pid is None
        if now - self._looked < 0.1:
            return
        self._looked = now
        used = _used(pid) if pid is not None else 0.0
        took = now - self._began
        busy = self._busy
        if not self._started and used >= STARTED:
            # It has started: how long did that take?
            self._started = True
            busy = self._busy = 0.5 * self._busy + 0.5 * max(1.0, took / used)
        elif not self._started:
            busy = max(busy, took / STARTED)
        elif self._busy > 1.0:
            # Nothing is starting, so nothing says any more that the machine is as busy as it was.
            busy = self._busy = max(1.0, 0.98 * self._busy)
        slower = max(1.0, busy / USUAL) * (1.0 + max(0, kills - 1))
        wanted = self.speed * max(LEAST, 1.0 / slower)
        if abs(wanted - self.clock.speed) > 0.1 * self.clock.speed:
            self.clock.set_speed(wanted)


def _used(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
