# SPDX-License-Identifier: Apache-2.0
"""How many entries an hour has: a working week of people in Europe and America.

Pure: seconds and rates go in, numbers come out. Hours are UTC.
"""

from __future__ import annotations

import math

HOUR = 3600
DAY = 86_400

# Entries by hour of a weekday, relative to one another: Europe's morning, both continents in the
# afternoon, America's evening.
_HOURS = (3, 2, 2, 2, 3, 6, 14, 34, 58, 66, 64, 56, 60, 72, 78, 80, 74, 62, 50, 42, 34, 24, 12, 6)
# Monday first. People who work on Sunday are few; integrations never rest.
_WEEKDAYS = (1.0, 1.08, 1.1, 1.06, 0.86, 0.2, 0.16)
_MEAN_DAY = sum(_HOURS) * sum(_WEEKDAYS) / 7
PEAK_SHARE = max(_HOURS) * max(_WEEKDAYS) / _MEAN_DAY
"""The largest share of a mean day's entries that falls into one hour."""


def share_of_hour(second: int) -> float:
    """Share of a mean day's entries that falls into the hour of `second` (unix)."""
    day = second // DAY
    # 1 January 1970 was a Thursday.
    return _HOURS[second % DAY // HOUR] * _WEEKDAYS[(day + 3) % 7] / _MEAN_DAY


def poisson(mean: float, first: float, second: float) -> int:
    """A number of entries where `mean` are expected, from two random numbers in [0, 1)."""
    if mean <= 0:
        return 0
    if mean < 40:
        count, term = 0, math.exp(-mean)
        total = term
        while first >= total and count < 1000:
            count += 1
            term *= mean / count
            total += term
        return count
    # The normal distribution is near enough for more than that.
    normal = math.sqrt(-2 * math.log(1 - first)) * math.cos(2 * math.pi * second)
    return max(0, round(mean + math.sqrt(mean) * normal))
