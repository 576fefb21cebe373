# SPDX-License-Identifier: Apache-2.0
"""The histogram of lateness: by how many seconds events appear behind their own second. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

#: Upper bounds of the lateness histogram, in seconds; the last bucket has none.
LATENESS_BOUNDS = (
    *(5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600),
    *(7200, 10800, 21600, 43200, 64800, 86400),
)
BUCKETS = len(LATENESS_BOUNDS) + 1


def added(buckets: Sequence[int], lateness: Iterable[int]) -> list[int]:
    """The histogram with further events, each given by its lateness in seconds."""
    counts = list(buckets) or [0] * BUCKETS
    for seconds in lateness:
        counts[bisect_left(LATENESS_BOUNDS, seconds)] += 1
    return counts
