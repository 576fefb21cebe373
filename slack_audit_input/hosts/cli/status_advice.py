# SPDX-License-Identifier: Apache-2.0
"""``status --advise``: what the lateness of events says about the sweeps, in words and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slack_audit_input.collector.counters import LATENESS_BOUNDS, Counters
from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.engine.advice import Forecast, Seen
from slack_audit_input.engine.advising import advise
from slack_audit_input.hosts.lateness import seen_by

_DAY = 86_400


def advice_for(checkpoint: Checkpoint) -> dict[str, Any]:
    """The advice on an input, which must have a state, for JSON. Raises StoreError."""
    state = checkpoint.load()
    return advice_of(Counters(state.counters if state is not None else ""))


def advice_of(counters: Counters) -> dict[str, Any]:
    """The advice for JSON; shares are fractions, times seconds."""
    seen, known = seen_by(counters)
    advice = advise(seen)
    return {
        "verdict": advice.verdict if known else "wait",
        "reasons": list(advice.reasons)
        if known
        else ["an earlier version has counted: run this one for a week, then ask again"],
        "levels_known": known,
        "watched_events": seen.events,
        "watched_s": seen.seconds,
        "late_events": seen.late_events,
        "found_later_than_s": advice.latest,
        "later_at_most_share": advice.at_most,
        "missed_by_present_levels": round(advice.missed, 2),
        "found_only_by_deepest": advice.only_deepest,
        "found_later_than_half_the_tolerance": advice.late_half,
        "levels": [
            {
                "period": one.level.period,
                "depth": one.level.depth,
                "late_found": one.found,
                "calls_a_minute": round(one.calls, 3),
            }
            for one in advice.levels
        ],
        "present": _forecast(advice.present, seen),
        "others": [_forecast(one, seen) for one in advice.others],
    }


def _forecast(one: Forecast, seen: Seen) -> dict[str, Any]:
    return {
        "poll_every": one.levels[0].period,
        "sweeps": ",".join(f"{level.period}:{level.depth}" for level in one.levels[1:]) or "none",
        "calls_a_minute": round(one.calls, 2),
        "delay_median_s": round(one.median, 1),
        "delay_95_s": round(one.p95, 1),
        "late_found_share": round(one.late_found, 4),
        "missed_events": round(one.missed, 1),
        "missed_share": one.missed / seen.events if seen.events else 0.0,
        "surely_found_up_to_s": one.surely,
        "never_found_after_s": one.at_most,
        "reads_of_each_event": round(one.reads, 1),
    }


def advice_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """For people."""
    days = found["watched_s"] / _DAY
    yield (
        f"advice: {found['verdict'].upper()}"
        + ("" if found["levels_known"] else " (the default levels are taken for the present ones)")
    )
    for reason in found["reasons"]:
        yield f"  {reason}"
    yield (
        f"watched: {found['watched_events']} events in {days:.1f} days; {found['late_events']} "
        "appeared after their second had been read"
    )
    yield from _confidence(found)
    yield "levels (period:depth): late events found, calls a minute that it costs"
    for level in found["levels"]:
        name = f"{level['period']}:{level['depth']}"
        yield f"  {name:<14} {level['late_found']:>8}  {max(0.0, level['calls_a_minute']):.3f}"
    yield "what other levels would do with the events that were seen:"
    head = ("poll", "sweeps", "calls/min", "median", "95 %", "late found", "missed", "surely up to")
    rows = [head, *(_row(one) for one in (found["present"], *found["others"]))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    for number, row in enumerate(rows):
        cells = [cell.rjust(width) for cell, width in zip(row, widths)]
        yield f"{'  ' if number != 1 else '* '}{'  '.join(cells)}"
    yield "(* the present ones; delays without Slack's answer time. Nothing changes by itself.)"


def _confidence(found: Mapping[str, Any]) -> Iterator[str]:
    share = found["later_at_most_share"]
    words = f"{100 * share:.4f} % of all (1 in {1 / share:,.0f})" if share else "nothing"
    latest = found["found_later_than_s"]
    reach = found["present"]["never_found_after_s"]
    if latest is None:
        yield f"found: some later than {LATENESS_BOUNDS[-1]} s, after a pause of the collector"
    elif latest >= reach:
        yield f"found: as late as the sweeps look back, {reach} s"
    else:
        yield (
            f"found: nothing more than {latest} s after its second; with 95 % confidence at most "
            f"{words} come later, as far as the sweeps look back"
        )
    yield (
        f"not seen by any sweep: what appears later than {reach} s. Only `verify` over an older "
        "stretch finds that"
    )
    if found["missed_by_present_levels"] >= 0.05:
        missed = found["missed_by_present_levels"]
        yield f"missed by the present levels, by reckoning: up to about {missed} events"


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        str(one["poll_every"]),
        one["sweeps"],
        f"{one['calls_a_minute']:.1f}",
        f"{one['delay_median_s']:.1f} s",
        f"{one['delay_95_s']:.1f} s",
        f"{100 * one['late_found_share']:.2f} %",
        f"{one['missed_events']:.1f}",
        f"{one['surely_found_up_to_s']} s",
    )
