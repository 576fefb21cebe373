# SPDX-License-Identifier: Apache-2.0
"""The books of a soak: what Slack had against what arrived; and which promises were kept. Pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.soak.lives import End
from tests.soak.slack import Shown
from tests.soak.tally import Tally

#: An event this late is found by a sweep only.
LATE = 15.0


class Output(NamedTuple):
    """What arrived at one output. ``bound``: so many may come twice.

    Those are the events in flight at ends of lives, and what a receiver had written and nobody
    had committed when it was killed.
    """

    delivered: int
    lost: int
    repeated: int
    bound: int
    alien: int
    delay_median: float
    delay_95: float
    delay_most: float

    @property
    def kept(self) -> bool:
        """Is it as promised?"""
        return self.lost == self.alien == 0 and self.repeated <= self.bound


class Check(NamedTuple):
    """One thing that the soak is to show, and whether it has. ``seen``: the figure."""

    what: str
    seen: str
    holds: bool


def output(truth: Sequence[Shown], tally: Tally, bound: int, since: float) -> Output:
    """The books of one output. ``since``: what happened before was backlog, and has no delay."""
    there = {row.id: row for row in truth}
    counts = tally.counts
    delays = sorted(
        max(0.0, tally.first[name] - row.visible_at)
        for name, row in there.items()
        if name in tally.first and row.second >= since
    )
    return Output(
        delivered=len(counts.keys() & there.keys()),
        lost=len(there.keys() - counts.keys()),
        repeated=sum(counts.values()) - len(counts),
        bound=bound,
        alien=len(counts.keys() - there.keys()),
        delay_median=round(statistics.median(delays), 1) if delays else 0.0,
        delay_95=round(delays[int(len(delays) * 0.95)], 1) if delays else 0.0,
        delay_most=round(delays[-1], 1) if delays else 0.0,
    )


def lost(truth: Sequence[Shown], tally: Tally, most: int = 50) -> list[dict[str, Any]]:
    """Events that never came: id, second, by how many seconds they were late. So many at most."""
    return [
        {"id": row.id, "second": row.second, "late_s": round(row.visible_at - row.second, 1)}
        for row in truth
        if row.id not in tally.counts
    ][:most]


def last_to_come(truth: Sequence[Shown], tally: Tally, most: int = 8) -> list[dict[str, Any]]:
    """The events that came longest after Slack had shown them: second, lateness, delay."""
    rows = [
        {
            "second": row.second,
            "late_s": round(row.visible_at - row.second, 1),
            "delay_s": round(tally.first[row.id] - row.visible_at, 1),
        }
        for row in truth
        if row.id in tally.first
    ]
    return sorted(rows, key=lambda row: -row["delay_s"])[:most]


def lives(ends: Sequence[End]) -> dict[str, Any]:
    """What became of the processes."""
    kills = [end for end in ends if end.how in ("anywhere", "after a write")]
    exits = Counter(str(end.code) for end in ends if end.how == "exit")
    return {
        "kills": len(kills),
        "kills after a write": sum(end.how == "after a write" for end in kills),
        "kills with events in flight": sum(any(end.in_flight.values()) for end in kills),
        "exits by themselves, by code": dict(sorted(exits.items())),
        "median life in seconds": round(statistics.median([e.lived for e in ends]), 1)
        if ends
        else 0.0,
    }


def in_flight(ends: Sequence[End], name: str) -> tuple[int, int]:
    """Events in flight at kills, and at other ends of lives."""
    at_kills = sum(end.in_flight[name] for end in ends if end.how in ("anywhere", "after a write"))
    return at_kills, sum(end.in_flight[name] for end in ends) - at_kills


def of_slack(truth: Sequence[Shown], page: int, deepest: float) -> list[Check]:
    """Were the events what they had to be: bursts, ties, late ones?"""
    seconds = Counter(row.second for row in truth)
    late = [row.visible_at - row.second for row in truth if row.visible_at - row.second > LATE]
    ties = max(seconds.values(), default=0)
    most = max(late, default=0.0)
    return [
        Check("generated", f"{len(truth)} events", len(truth) > 0),
        Check("ties: most events in one second", str(ties), ties > page),
        Check(
            f"late by more than {LATE:.0f} s",
            f"{len(late)}, the latest by {most / 3600:.2f} h",
            most > 0.5 * deepest,
        ),
    ]


def traces(counters: Mapping[str, Any]) -> dict[str, int]:
    """Traces of faults that the emulator has counted, by kind."""
    faults, statuses = counters["faults"], counters["statuses"]
    return {
        "others": statuses.get("429", 0) - faults.get("rate_limited", 0),
        "cursors": statuses.get("400", 0),
        "outage": faults.get("http_503", 0),
        "revoked": statuses.get("401", 0) + statuses.get("403", 0),
    }


#: Exit code of a process that met what nobody had thought of.
MISTAKE = "1"
#: What these traces are.
_TRACES = {
    "others": "429 because other tools take the limit",
    "cursors": "400 for a dead cursor",
    "outage": "503 answered",
    "revoked": "tokens refused",
}


def struck(
    counters: Mapping[str, Any], done: Mapping[str, int], met: Mapping[str, int]
) -> list[Check]:
    """Did every fault strike? ``done``: how often each was ordered; ``met``: its traces."""
    faults = counters["faults"]
    found = [
        Check(f"{kind} of Slack's", f"{faults.get(kind, 0)} answers", faults.get(kind, 0) > 0)
        for kind in ("http_500", "cut", "reset", "slow_start", "drip", "rate_limited")
    ]
    refreshed = counters.get("grants", {}).get("refreshes", 0)
    found.append(Check("a token is refreshed meanwhile", f"{refreshed} times", refreshed > 0))
    seen = traces(counters)
    for kind, count in sorted(done.items()):
        trace = seen.get(kind, met.get(kind, count))
        words = _TRACES.get(kind, "traces of it")
        found.append(Check(kind, f"{count} times; {words}: {trace}", count > 0 and trace > 0))
    return found


def of_lives(kills: Mapping[str, Any], wanted: int) -> list[Check]:
    """Was it killed often enough, and did it never end by a mistake of its own?"""
    mistakes = kills["exits by themselves, by code"].get(MISTAKE, 0)
    return [
        Check("kills", f"{kills['kills']} of {wanted}", kills["kills"] >= wanted),
        Check("ends by a mistake of the collector's", f"{mistakes} times", not mistakes),
    ]


def of_coverage(records: Mapping[str, Mapping[str, Any]]) -> list[Check]:
    """Has every closed hour its record, and is it complete and true?"""
    found = []
    for name, one in records.items():
        bad = {kind: one[kind] for kind in ("absent", "incomplete", "untrue") if one[kind]}
        words = "all complete and true" if not bad else str(bad)
        seen = f"{one['hours']} hours, {one['records']} records: {words}"
        found.append(Check(f"coverage records, {name}", seen[:600], not bad and one["hours"] > 0))
    return found


def closed(found: Mapping[str, Any], checks: Sequence[Check]) -> dict[str, Any]:
    """The books with what the very end has shown."""
    wrong = [f"{check.what}: {check.seen}" for check in checks if not check.holds]
    return {
        **found,
        "checks": [*found["checks"], *(check._asdict() for check in checks)],
        "failures": [*found["failures"], *wrong],
    }


def failures(outputs: Mapping[str, Output], checks: Sequence[Check]) -> list[str]:
    """What was promised and not kept, in words."""
    found = []
    for name, one in outputs.items():
        if one.lost:
            found.append(f"{name}: {one.lost} events lost")
        if one.repeated > one.bound:
            found.append(f"{name}: {one.repeated} repeated, {one.bound} were in flight")
        if one.alien:
            found.append(f"{name}: {one.alien} events that Slack never had")
    return found + [f"{check.what}: {check.seen}" for check in checks if not check.holds]
