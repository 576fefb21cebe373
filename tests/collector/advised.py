# SPDX-License-Identifier: Apache-2.0
"""The advice held against what happens: days reckoned from one run, then run under other levels.

``python -m tests.collector.advised`` prints the table of docs/audit.md. Each day is lived through
once with the default levels; from its counters alone the advice says what other levels would have
done; then the same day is lived through with those.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from slack_audit_input.engine.advice import Forecast, appeared, forecast
from slack_audit_input.engine.sweeps import DEFAULT_LEVELS, Level, parse_levels
from slack_audit_input.hosts.lateness import seen_by
from tests.collector.scenarios import LATENCY, SCENARIOS, Books, Scenario, run

SETS = (
    (5, "60:180,600:1800,21600:86400"),
    (5, "60:180,600:1800"),
    (5, "600:1800,21600:86400"),
    (5, "none"),
    (30, "600:1800,21600:86400"),
    (60, "600:1800"),
)


class Case(NamedTuple):
    """A day under some levels: what was reckoned, and what came of it."""

    day: str
    levels: tuple[Level, ...]
    reckoned: Forecast
    books: Books

    @property
    def name(self) -> str:
        """Of the levels."""
        sweeps = ",".join(f"{level.period}:{level.depth}" for level in self.levels[1:])
        return f"{self.levels[0].period} s, {sweeps or 'none'}"


def cases(days: Sequence[Scenario], sets: Sequence[tuple[int, str]] = SETS) -> Iterator[Case]:
    """Every day under every set."""
    for one in days:
        # Coverage readings find what sweeps missed; here it is to be seen what sweeps miss.
        day = one._replace(coverage=False)
        first = run(day)
        seen, known = seen_by(first.counters)
        assert known
        late = appeared(seen)
        for poll, sweeps in sets:
            levels = parse_levels(sweeps, poll)
            reckoned = forecast(levels, late, seen.rate, day.page_size)
            books = first if levels == DEFAULT_LEVELS else run(day._replace(levels=levels))
            yield Case(day.name, levels, reckoned, books)


def main() -> int:
    """Print the table."""
    head = ("a day of", "poll, sweeps", "calls/min", "median", "95 %", "missed")
    sys.stdout.write("| " + " | ".join(head) + " |\n|" + "---|" * len(head) + "\n")
    for case in cases([SCENARIOS[2], SCENARIOS[3], SCENARIOS[4]]):
        reckoned, books = case.reckoned, case.books
        sys.stdout.write(
            f"| {case.day} | {case.name} | {reckoned.calls:.1f} / {books.calls_a_minute:.1f} "
            f"| {reckoned.median + LATENCY:.1f} / {books.median:.1f} s "
            f"| {reckoned.p95 + LATENCY:.1f} / {books.p95:.1f} s "
            f"| {reckoned.missed:.0f} / {books.lost} |\n"
        )
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
