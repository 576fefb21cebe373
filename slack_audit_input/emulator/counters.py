# SPDX-License-Identifier: Apache-2.0
"""What the emulator counts: calls, answers, entries, how full pages were, the last calls."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

_MINUTES = 10_000
_CALLS = 1000


class Counters:
    """Counts since the start or the last reset; times are the emulator's."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin at zero."""
        self._endpoints: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._faults: Counter[str] = Counter()
        self._minutes: Counter[int] = Counter()
        self._calls: deque[dict[str, Any]] = deque(maxlen=_CALLS)
        self.pages = 0
        self.entries = 0
        self.extras = 0
        self._asked = 0

    def call(self, endpoint: str, status: int, now: float, params: dict[str, str]) -> None:
        """Count an answered call."""
        self._endpoints[endpoint] += 1
        self._statuses[status] += 1
        if endpoint == "logs":
            self._minutes[int(now // 60) * 60] += 1
            if len(self._minutes) > _MINUTES:
                del self._minutes[min(self._minutes)]
        self._calls.append({"at": now, "endpoint": endpoint, "status": status, "params": params})

    def page(self, entries: int, limit: int) -> None:
        """Count a page of entries."""
        self.pages += 1
        self.entries += entries
        self._asked += limit

    def fault(self, kind: str) -> None:
        """Count a fault that was planted."""
        self._faults[kind] += 1

    def state(self) -> dict[str, Any]:
        """Everything, as the control endpoint tells it.

        `page_fill`: entries served for each one asked for; `calls_per_minute`: calls of /logs by
        the minute's first second, refused ones too.
        """
        return {
            "calls": dict(self._endpoints),
            "statuses": {str(status): count for status, count in self._statuses.items()},
            "rate_limited": self._statuses[429],
            "faults": dict(self._faults),
            "pages": self.pages,
            "entries": self.entries,
            "extra_entries": self.extras,
            "page_fill": round(self.entries / self._asked, 4) if self._asked else None,
            "calls_per_minute": {str(minute): n for minute, n in sorted(self._minutes.items())},
        }

    def last_calls(self) -> list[dict[str, Any]]:
        """The last thousand calls, oldest first: time, endpoint, status, parameters."""
        return list(self._calls)
