# SPDX-License-Identifier: Apache-2.0
"""What coverage costs: calls, delay of fresh events, and bytes of state, on the virtual clock.

``python -m tests.collector.coverage_cost`` prints the table of docs/proof.md; with a number it
begins with that row. Each row is lived
through twice, with coverage and without. Of a day with 5 million events an hour is lived
through, with sweeps of up to half an hour, and its calls are reckoned up to 24 hours: how deep the
sweeps are changes when an hour is covered, and not what that takes.
"""

from __future__ import annotations

import random
import sys
from typing import NamedTuple

from slack_audit_input.collector.settings import Settings
from slack_audit_input.engine.records import is_record
from slack_audit_input.engine.sweeps import DEFAULT_LEVELS, Level
from tests.collector.lives import HOUR, Life, spread
from tests.fakes.world import EPOCH

DAY = 24 * HOUR
_START = EPOCH - EPOCH % HOUR + HOUR


class Row(NamedTuple):
    """``seconds`` with ``events`` in them, then so many more until their hours are covered."""

    name: str
    events: int
    seconds: int
    quiet: int
    levels: tuple[Level, ...]


ROWS = (
    Row("60,000 events a day", 60_000, DAY, DAY + 1800, DEFAULT_LEVELS),
    Row("5 million a day", 208_333, HOUR, 1900, DEFAULT_LEVELS[:3]),
)


class Cost(NamedTuple):
    """Of one life."""

    calls: int
    coverage_calls: int
    records: int
    median: float
    p95: float
    state: int
    record_bytes: int


def _late(r: random.Random) -> float:
    return r.uniform(1, 120) if r.random() < 0.2 else 0.0


def live(row: Row, coverage: bool) -> Cost:
    """Live through a row."""
    settings = Settings("input", "org", _START, levels=row.levels, coverage=coverage)
    life = Life(spread(row.events, _START, row.seconds, _late), settings)
    life.clock.now = float(_START)
    most = [0]

    def watch(_collector: object) -> None:
        # The index is fullest shortly before a deepest sweep lets go of its oldest minutes.
        if int(life.clock.now) % 600 < 5:
            most[0] = max(most[0], sum(map(len, life.memory.buckets.values())))

    life.run(row.seconds + row.quiet, watch=watch)
    first = life.host.first
    delays = sorted(first[e.text] - e.visible_at for e in life.slack.entries)
    rows = [text for text in life.memory.coverage.values() if is_record(text)]
    return Cost(
        life.total("calls"),
        life.total("coverage_calls"),
        len(rows),
        delays[len(delays) // 2],
        delays[len(delays) * 95 // 100],
        most[0],
        sum(map(len, rows)) // max(1, len(rows)),
    )


def main() -> int:
    """Print the table."""
    head = "| | calls a day | of them for coverage | records | bytes each | delay median | 95 % | "
    sys.stdout.write(f"{head}index at most |\n|---|---|---|---|---|---|---|---|\n")
    for row in ROWS[int(sys.argv[1]) :] if sys.argv[1:] else ROWS:
        for coverage in (False, True):
            cost = live(row, coverage)
            days = (row.seconds + row.quiet) / DAY
            # Coverage is of the hours with events; the calls are of all the time.
            covering = cost.coverage_calls / max(1, cost.records) * 24
            words = "with coverage" if coverage else "without"
            sys.stdout.write(
                f"| {row.name}, {words} | {cost.calls / days:,.0f} | {covering:,.0f} "
                f"| {cost.records} | {cost.record_bytes} | {cost.median:.2f} s | {cost.p95:.2f} s "
                f"| {cost.state / 1e6:.2f} MB |\n"
            )
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
