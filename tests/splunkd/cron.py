# SPDX-License-Identifier: Apache-2.0
"""The five fields of cron, as far as `interval` takes them."""

from __future__ import annotations

import time

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


def is_due(cron: str, moment: float) -> bool:
    """Does the minute of ``moment`` (unix seconds, local time) match? ValueError for nonsense."""
    fields = cron.split()
    if len(fields) != 5:
        raise ValueError(f"{cron!r} is no cron schedule of five fields")
    local = time.localtime(moment)
    now = (local.tm_min, local.tm_hour, local.tm_mday, local.tm_mon, (local.tm_wday + 1) % 7)
    return all(now[i] in _values(field, *_RANGES[i]) for i, field in enumerate(fields))


def _values(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        else:
            begin, dash, end = span.partition("-")
            first = int(begin)
            last = int(end) if dash else (high if step else first)
        if not low <= first <= last <= high + (1 if high == 6 else 0):
            raise ValueError(f"{field!r} lies outside {low} to {high}")
        values = range(first, last + 1, int(step or 1))
        found.update(value % 7 if high == 6 else value for value in values)
    return found
