# SPDX-License-Identifier: Apache-2.0
"""From an input's counters to the advice on its sweep levels: the same in every host."""

from __future__ import annotations

from slack_audit_input.collector.counters import LATENESS_BOUNDS, Counters
from slack_audit_input.engine.advice import Seen
from slack_audit_input.engine.advising import advise
from slack_audit_input.engine.sweeps import DEFAULT_LEVELS, Level


def seen_by(counters: Counters) -> tuple[Seen, bool]:
    """What the counters of a checkpoint have seen, and whether they know the levels themselves.

    Those of an earlier version know how late and by which level, but not both together, nor
    which levels that were: then the default ones are taken, and the shallowest that can have
    found it.
    """
    watch = counters.watch
    if watch.levels:
        levels = tuple(Level(*level) for level in watch.levels)
        return Seen(levels, watch.events, watch.seconds, watch.late, LATENESS_BOUNDS), True
    late: dict[int, list[int]] = {}
    for place, count in enumerate(counters.lateness):
        most = LATENESS_BOUNDS[min(place, len(LATENESS_BOUNDS) - 1)]
        fits = [number for number, level in enumerate(DEFAULT_LEVELS) if most <= level.depth]
        row = late.setdefault(fits[0] if fits else 3, [0] * len(counters.lateness))
        row[place] += count
    events = max(counters.total["events"], sum(counters.lateness))
    return Seen(DEFAULT_LEVELS, events, 0, late, LATENESS_BOUNDS), False


def in_one_line(counters: Counters) -> dict[str, object]:
    """The advice for a log; ``found_within_s`` is "more" when something was beyond all bounds."""
    seen, _ = seen_by(counters)
    advice = advise(seen)
    levels = ",".join(f"{one.level.period}:{one.level.depth}={one.found}" for one in advice.levels)
    return {
        "verdict": advice.verdict,
        "reason": "; ".join(advice.reasons),
        "watched_events": seen.events,
        "watched_days": round(seen.seconds / 86_400, 1),
        "late_events": seen.late_events,
        "late_by_level": levels,
        "found_within_s": "more" if advice.latest is None else advice.latest,
        "missed": round(advice.missed, 1),
    }
