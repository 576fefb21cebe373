# SPDX-License-Identifier: Apache-2.0
"""One run of the benchmark: sizes, a folder to work in, and what it has found so far."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.table import Figure
from tests.bench.truth import Difference


@dataclass(frozen=True)
class Sizes:
    """How much of everything: events, seconds, repetitions."""

    events: int = 200_000
    times: int = 10
    #: The median counts: on a machine that others share, one round in three may be a slow one.
    rounds: int = 5
    slow_events: int = 1_500_000
    live_seconds: int = 120
    idle_seconds: int = 60
    starts: int = 3


QUICK = Sizes(20_000, 4, 1, 120_000, 20, 10, 1)
"""To see whether the benchmark works; its figures say nothing."""


@dataclass
class Bench:
    """Parts of the benchmark put their figures here."""

    sizes: Sizes
    folder: Path
    figures: list[Figure] = field(default_factory=list)
    difference: Difference = field(default_factory=Difference)
    began: float = field(default_factory=time.monotonic)

    def note(self, words: str) -> None:
        """Progress, on stderr."""
        seconds = time.monotonic() - self.began
        print(f"bench {seconds:5.0f} s  {words}", file=sys.stderr, flush=True)

    def add(self, *figures: Figure) -> None:
        """Rows of the table."""
        for figure in figures:
            self.note(f"{figure.what}: {figure.shown}")
        self.figures.extend(figures)

    def check(self, what: str, difference: Difference) -> None:
        """What was lost or repeated is summed up and said at once."""
        self.difference = self.difference.plus(difference)
        if any(difference):
            self.note(f"{what}: {difference.lost} LOST, {difference.repeated} REPEATED")

    def fresh(self, name: str) -> Path:
        """A file that is not there yet, nor what SQLite keeps beside it."""
        path = self.folder / name
        for suffix in ("", "-wal", "-shm", "-journal"):
            path.with_name(name + suffix).unlink(missing_ok=True)
        return path
