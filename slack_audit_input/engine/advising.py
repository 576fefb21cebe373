# SPDX-License-Identifier: Apache-2.0
"""Which sweep levels to have: what each has found, what others would do, what to do. Pure.

The reckoning is ``engine.advice``; here are the sets that are compared, and the rules by which
one is recommended. They are few, and each says its reason.
"""

from __future__ import annotations

from typing import NamedTuple

from slack_audit_input.engine.advice import (
    Forecast,
    Seen,
    appeared,
    forecast,
    found_later,
    poisson_upper,
)
from slack_audit_input.engine.sweeps import DEFAULT_LEVELS, Level

#: Fewer days or events than these say little.
DAYS_ENOUGH = 7
EVENTS_ENOUGH = 3_000
#: A level that costs fewer calls a minute than this is kept, whatever it has found.
CHEAP = 0.25
#: What to add when events come late: the first of them that is deeper than all there is. The
#: last one means six days of tolerance for one run a day.
DEEPER = (*DEFAULT_LEVELS[1:], Level(86_400, 604_800))
_DAY = 86_400


class OfLevel(NamedTuple):
    """A level: how many late events it found, and how many calls a minute it costs."""

    level: Level
    found: int
    calls: float


class Advice(NamedTuple):
    """``verdict``: "keep", "deeper", "shallower" or "wait"; ``reasons`` in sentences.

    ``latest``: nothing was found later than so many seconds after its own; None: something was
    found beyond the histogram. ``at_most``: the share of events later than that, with 95 %
    confidence. ``missed``: events that the present levels may have missed, by reckoning.
    ``only_deepest``: late ones that the deepest level found; ``late_half``: those found later
    than half of what is found for certain.
    """

    verdict: str
    reasons: tuple[str, ...]
    levels: tuple[OfLevel, ...]
    present: Forecast
    others: tuple[Forecast, ...]
    latest: int | None
    at_most: float
    missed: float
    only_deepest: int
    late_half: int


def advise(seen: Seen, page: int = 9999) -> Advice:
    """What to do about the levels. ``page``: entries in one call."""
    late = appeared(seen)
    present = forecast(seen.levels, late, seen.rate, page)
    others = tuple(forecast(levels, late, seen.rate, page) for levels in candidates(seen.levels))
    last = len(seen.levels) - 1
    latest = _latest(seen)
    advice = Advice(
        verdict="keep",
        reasons=(),
        levels=tuple(
            OfLevel(level, sum(seen.late.get(number, ())), _cost(seen, number, present, page))
            for number, level in enumerate(seen.levels)
        ),
        present=present,
        others=others,
        latest=latest,
        at_most=min(1.0, poisson_upper(0 if latest is not None else 1) / max(1, seen.events)),
        missed=present.missed,
        only_deepest=sum(seen.late.get(last, ())) if last else 0,
        late_half=found_later(seen, present.surely / 2) if last else 0,
    )
    return _judged(seen, advice)


def candidates(present: tuple[Level, ...]) -> list[tuple[Level, ...]]:
    """Sets to compare with: each sweep left out, rarer polls, one sweep more."""
    found: list[tuple[Level, ...]] = [
        present[:number] + present[number + 1 :] for number in range(1, len(present))
    ]
    for poll in (10, 30, 60):
        if poll > present[0].period:
            first = Level(poll, max(15, 3 * poll))
            found.append((first, *(level for level in present[1:] if _behind(level, first))))
    if Level(60, 180) != present[0]:
        found.append((Level(60, 180), Level(600, 1800)))
    found += [(*present, level) for level in _deeper(present)]
    return [levels for levels in dict.fromkeys(found) if levels != present]


def _deeper(present: tuple[Level, ...]) -> list[Level]:
    """The sweep to add, if there is one."""
    return [level for level in DEEPER if _behind(level, present[-1])][:1]


def _behind(level: Level, before: Level) -> bool:
    return level.period > before.period and level.depth > before.depth


def _cost(seen: Seen, number: int, present: Forecast, page: int) -> float:
    """Calls a minute that a level adds; the poll has all of its own."""
    if number == 0:
        return 60 / seen.levels[0].period
    without = seen.levels[:number] + seen.levels[number + 1 :]
    return present.calls - forecast(without, (), seen.rate, page).calls


def _latest(seen: Seen) -> int | None:
    """The upper bound of the last bucket with anything in it; None when it has none."""
    filled = [place for counts in seen.late.values() for place, n in enumerate(counts) if n]
    if not filled:
        return 0
    return seen.bounds[max(filled)] if max(filled) < len(seen.bounds) else None


def _judged(seen: Seen, advice: Advice) -> Advice:
    reasons: list[str] = []
    if advice.missed >= 1 or (advice.late_half and advice.only_deepest):
        if advice.missed >= 1:
            reasons.append(
                f"up to about {advice.missed:.0f} events may have appeared too late for the "
                "present levels, by those that were found near their edge"
            )
        if advice.late_half:
            reasons.append(
                f"{advice.late_half} were found later than half the tolerance of "
                f"{advice.present.surely} s: how far the tail goes is not known"
            )
        for level in _deeper(seen.levels):
            deeper = next(one for one in advice.others if one.levels == (*seen.levels, level))
            reasons.append(
                f"a sweep {level.period}:{level.depth} more finds what is up to {deeper.surely} s "
                f"late, for {max(0.0, deeper.calls - advice.present.calls):.2f} calls a minute more"
            )
        reasons.append("`verify --from -7d --to -1d` shows what has been missed until now")
        return advice._replace(verdict="deeper", reasons=tuple(reasons))
    if seen.seconds < DAYS_ENOUGH * _DAY or seen.events < EVENTS_ENOUGH:
        reasons.append(
            f"only {seen.events} events in {seen.seconds / _DAY:.1f} days have been watched: "
            f"wait for {DAYS_ENOUGH} days and {EVENTS_ENOUGH} events before anything is changed"
        )
        return advice._replace(verdict="wait", reasons=tuple(reasons))
    idle = [one for one in advice.levels[1:] if not one.found]
    dear = [one for one in idle if one.calls >= CHEAP]
    if dear:
        one = dear[-1]
        reasons.append(
            f"the sweep {one.level.period}:{one.level.depth} has found nothing in "
            f"{seen.seconds / _DAY:.0f} days and costs {one.calls:.1f} calls a minute: it may go, "
            f"if {_share(advice.at_most)} of the events, the most that can be excluded by now, may "
            "come later unseen"
        )
        return advice._replace(verdict="shallower", reasons=tuple(reasons))
    if idle:
        names = ", ".join(f"{one.level.period}:{one.level.depth}" for one in idle)
        reasons.append(
            f"nothing was found by {names}, but the calls that would save are "
            f"{max(0.0, sum(one.calls for one in idle)):.2f} a minute: a cheap insurance"
        )
    if advice.latest is not None and advice.latest <= advice.present.surely / 2:
        reasons.append(
            f"what was late was found within {advice.latest} s, and the levels find all that is up "
            f"to {advice.present.surely} s late"
        )
    return advice._replace(reasons=tuple(reasons))


def _share(share: float) -> str:
    return f"1 in {1 / share:,.0f}" if share else "none"
