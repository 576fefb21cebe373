# SPDX-License-Identifier: Apache-2.0
"""What sweep levels would do, reckoned from how late events were seen to appear. Pure.

The model. An event shown ``late`` seconds after its own second is caught by a level (period p,
depth d) if one of its runs falls between that moment and d seconds after the event's second. Runs
fall anywhere, so that the chance is ``(d - late) / p``, between 0 and 1, and the wait until then is
even between 0 and ``min(p, d - late)``. The shallowest level that catches it does so first.

What was seen is when a late event was found, less its second, in a histogram by level. When it
appeared is not known: up to a period of that level earlier. The lateness that explains the
histogram best is found by expectation and maximization over a grid (Turnbull, The empirical
distribution function with arbitrarily grouped, censored and truncated data, Journal of the Royal
Statistical Society B 38, 1976).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from slack_audit_input.engine.sweeps import Level

#: Points in each bucket of the histogram among which the lateness is looked for.
_GRID = 6
#: Rounds of it. More would fit the chance in the counts, not the lateness behind them.
_ROUNDS = 60
#: A chance of being found below this is not divided by: one event would stand for hundreds.
_LEAST_CHANCE = 0.05
_DAY = 86_400


class Seen(NamedTuple):
    """What a collector has seen under ``levels`` (level 0 is the live poll).

    ``events``: first seen by live readings and sweeps, over ``seconds`` watched. ``late``: by
    level, the histogram of when late ones were found, less their second; ``bounds``: its upper
    bounds in seconds, the last bucket has none.
    """

    levels: tuple[Level, ...]
    events: int
    seconds: int
    late: Mapping[int, Sequence[int]]
    bounds: tuple[int, ...]

    @property
    def late_events(self) -> int:
        """How many were late."""
        return sum(map(sum, self.late.values()))

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds if self.seconds else 0.0


class Lateness(NamedTuple):
    """``events`` (a fraction, as they are spread) that appeared ``seconds`` late."""

    seconds: float
    events: float


class Forecast(NamedTuple):
    """What a set of levels would do; times in seconds.

    ``calls``: a minute. ``median``, ``p95``: of the wait from Slack's showing an event to its
    reading, without Slack's answer time. ``missed``: events that no run would have found, of all
    that ``appeared``; ``late_found``: share of the late ones that would be. ``surely``: what
    appears no later is found for certain; ``at_most``: what appears later is never. ``reads``:
    how often each event is read.
    """

    levels: tuple[Level, ...]
    calls: float
    median: float
    p95: float
    missed: float
    late_found: float
    surely: int
    at_most: int
    reads: float


def appeared(seen: Seen) -> list[Lateness]:
    """How late events appeared: those that were found, and those missed beside them; on time at 0.

    An event found although its chance was q stands for 1/q (Horvitz and Thompson, Journal of the
    American Statistical Association 47, 1952). What appears later than the deepest level reaches
    has no chance, and is not in this.
    """
    on_time = Lateness(0.0, max(0, seen.events - seen.late_events))
    observed = [
        (_edges(seen, place), level, count)
        for level, counts in seen.late.items()
        for place, count in enumerate(counts)
        if count
    ]
    if not observed:
        return [on_time]
    points = [
        lower + (upper - lower) * (step + 0.5) / _GRID
        for lower, upper in (_edges(seen, place) for place in range(len(seen.bounds) + 1))
        for step in range(_GRID)
    ]
    likely = [[_likely(seen.levels, late, *found[:2]) for late in points] for found in observed]
    # What a pause of the collector made late fits no level: it is taken for as late as found.
    shares = [1 / len(points)] * len(points)
    for _ in range(_ROUNDS):
        shares = _next(shares, likely, [count for _, _, count in observed])
    whole = sum(shares) or 1.0
    fits = [any(row) for row in likely]
    fitting = sum(count for (_, _, count), fit in zip(observed, fits) if fit)
    late = [
        Lateness(
            point,
            fitting * share / whole / max(_LEAST_CHANCE, chance_of_all(seen.levels, point)),
        )
        for point, share in zip(points, shares)
    ]
    late += [Lateness(edges[1], count) for (edges, _, count), fit in zip(observed, fits) if not fit]
    return [on_time, *(one for one in late if one.events > 1e-9)]


def _edges(seen: Seen, place: int) -> tuple[int, int]:
    """The bounds of a bucket; the last one is taken to be as wide again as all before it."""
    lower = seen.bounds[place - 1] if place else 0
    return lower, seen.bounds[place] if place < len(seen.bounds) else 2 * seen.bounds[-1]


def _likely(levels: Sequence[Level], late: float, edges: tuple[int, int], level: int) -> float:
    """The chance that an event shown so late, if it is found, is found by a level in a bucket."""
    found = chance_of_all(levels, late)
    if level >= len(levels) or not found:
        return 0.0
    by = levels[level]
    first, last = max(edges[0], late), min(edges[1], late + by.period, by.depth)
    shallower = math.prod(1 - chance(one, late) for one in levels[:level])
    return shallower * max(0.0, last - first) / by.period / found


def _next(
    shares: Sequence[float], likely: Sequence[Sequence[float]], counts: Sequence[int]
) -> list[float]:
    """One round: every count is shared out among the points as they explain it by now."""
    following = [0.0] * len(shares)
    for row, count in zip(likely, counts):
        weights = [share * one for share, one in zip(shares, row)]
        whole = sum(weights)
        if whole > 0:
            for place, weight in enumerate(weights):
                following[place] += count * weight / whole
    total = sum(following)
    return [one / total for one in following] if total else list(shares)


def chance(level: Level, late: float) -> float:
    """That a level's runs catch an event shown ``late`` seconds after its second."""
    return min(1.0, max(0.0, (level.depth - late) / level.period))


def chance_of_all(levels: Iterable[Level], late: float) -> float:
    """That any of them does."""
    return 1 - math.prod(1 - chance(level, late) for level in levels)


def forecast(
    levels: tuple[Level, ...], late: Sequence[Lateness], rate: float, page: int
) -> Forecast:
    """What ``levels`` would do with events that appear so late.

    ``rate``: events a second. ``page``: entries in one call.
    """
    waits: list[tuple[float, float]] = []  # (weight, longest wait)
    missed = late_found = late_all = 0.0
    for seconds, events in late:
        left = events
        for level in levels:
            caught = left * chance(level, seconds)
            if caught:
                waits.append((caught, min(level.period, level.depth - seconds)))
            left -= caught
        missed += left
        if seconds:
            late_all += events
            late_found += events - left
    return Forecast(
        levels,
        calls=sum(runs * _pages(level, rate, page) for level, runs in _runs(levels)) * 60,
        median=_quantile(waits, 0.5),
        p95=_quantile(waits, 0.95),
        missed=missed,
        late_found=late_found / late_all if late_all else 1.0,
        surely=max(level.depth - level.period for level in levels),
        at_most=max(level.depth for level in levels),
        reads=sum(runs * level.depth for level, runs in _runs(levels)),
    )


def _runs(levels: Sequence[Level]) -> list[tuple[Level, float]]:
    """Runs a second of each level that no deeper one replaces at that moment."""
    rates = [1 / level.period for level in levels]
    deeper = [*rates[1:], 0.0]
    return [(level, own - more) for level, own, more in zip(levels, rates, deeper)]


def _pages(level: Level, rate: float, page: int) -> int:
    return max(1, math.ceil(rate * level.depth / page))


def _quantile(waits: Sequence[tuple[float, float]], share: float) -> float:
    """The wait that ``share`` of the events do not exceed; each waits evenly from 0 to its most."""
    whole = sum(weight for weight, _ in waits)
    if not whole:
        return 0.0
    low, high = 0.0, max(most for _, most in waits)
    while high - low > 0.01:
        middle = (low + high) / 2
        below = sum(weight * min(1.0, middle / most) for weight, most in waits if most > 0)
        low, high = (middle, high) if below < share * whole else (low, middle)
    return high


def poisson_upper(count: int) -> float:
    """The most events that one can expect, with 95 % confidence, where ``count`` were seen.

    The mean whose Poisson distribution gives ``count`` or fewer with a chance of 5 % (Garwood,
    Biometrika 28, 1936). For none it is 3.0, the rule of three (Hanley and Lippman-Hand, JAMA 249,
    1983).
    """
    low, high = float(count), count + 4 * math.sqrt(count + 1) + 4
    while high - low > 1e-6:
        middle = (low + high) / 2
        term = total = 1.0
        # Relative to the largest term, or exp(-mean) would be 0 for large ones.
        for number in range(count, 0, -1):
            term *= number / middle
            total += term
            if term < 1e-12 * total:
                break
        logarithm = math.log(total) + count * math.log(middle) - middle - math.lgamma(count + 1)
        low, high = (middle, high) if logarithm > math.log(0.05) else (low, middle)
    return high


def found_later(seen: Seen, than: float) -> int:
    """How many were found more than so many seconds after their own, for certain."""
    lowers = (0, *seen.bounds)
    return sum(
        count
        for counts in seen.late.values()
        for lower, count in zip(lowers, counts)
        if lower >= than
    )
