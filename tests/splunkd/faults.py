# SPDX-License-Identifier: Apache-2.0
"""Faults of splunkd, as tests order them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from tests.splunkd.entries import Fail


@dataclass
class _Fault:
    when: str
    status: int
    left: int
    text: str


class Faults:
    """Which of the next requests go wrong. ``when``: a part of "METHOD path"."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[_Fault] = []
        self._slow: list[tuple[str, float]] = []
        self.read_only = False
        """Refuse everything that writes, as a member without a captain does."""

    def fail(self, status: int, count: int = 1, when: str = "", text: str = "fault") -> None:
        """The next ``count`` requests get ``status`` (503 while starting up, 500, 401, …)."""
        with self._lock:
            self._faults.append(_Fault(when, status, count, text))

    def slow(self, seconds: float, when: str = "") -> None:
        """Requests take so much longer, until cleared."""
        with self._lock:
            self._slow.append((when, seconds))

    def clear(self) -> None:
        """No faults any more."""
        with self._lock:
            self._faults.clear()
            self._slow.clear()
            self.read_only = False

    def meet(self, method: str, path: str) -> None:
        """What happens to a request. Raises Fail when it goes wrong."""
        line = f"{method} {path}"
        with self._lock:
            pause = max((seconds for when, seconds in self._slow if when in line), default=0.0)
        if pause:
            time.sleep(pause)
        with self._lock:
            for fault in self._faults:
                if fault.left > 0 and fault.when in line:
                    fault.left -= 1
                    raise Fail(fault.status, fault.text)
        if self.read_only and method != "GET":
            raise Fail(503, "This node is in read-only mode")
