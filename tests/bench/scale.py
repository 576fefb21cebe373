# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.bench.scale``: one organization at so many events a day, for some minutes.

The emulator keeps Slack's limit of 50 calls a minute, and gives pages of up to 9,999 entries. What
the collector cannot fetch within the limit stays open in its ledger: it is counted as waiting, not
as lost. ``--reckon`` prints what no run of minutes can show: calls a minute of all levels in the
long run, the reads of each event, and the state's size.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from slack_audit_input.engine.sweeps import Level, parse_levels
from slack_audit_input.model.state import Change
from slack_audit_input.stores.sql import SqlState
from tests.bench.children import Failed, command, emulator, started
from tests.bench.live import _cpu
from tests.bench.machine import load
from tests.bench.organizations.memory import memory

DAY = 86_400
PAGE = 9999
DEFAULT_SWEEPS = "60:180,600:1800,21600:86400"


class Arrived:
    """A file of lines as it grows: how many, how many again, and how old they were."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0
        self._rest = b""
        self._seen: set[int] = set()
        self.repeated = 0
        self.ages: list[float] = []

    def __len__(self) -> int:
        return len(self._seen)

    def read(self) -> None:
        """Take in what is new."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._place)
            data = file.read()
        self._place += len(data)
        now = time.time()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            entry = json.loads(line)
            key = hash(entry["id"])
            self.repeated += key in self._seen
            self._seen.add(key)
            # It happened, and appeared, somewhere within its second.
            self.ages.append(now - entry["date_create"] - 0.5)


def measure(a_day: float, seconds: float, options: Sequence[str], folder: Path) -> list[list[str]]:
    """One run; rows of what was seen."""
    rate = a_day / DAY
    with (
        emulator("--history-days", 0.01, "--live-rate", rate) as slack,
        (folder / "log").open("wb") as log,
    ):
        state, file = folder / "state", folder / "events.ndjson"
        line = command("run", "--api-url", slack.base_url, "--state", state, "--start", slack.began)
        line += ["--output-file", str(file), *options]
        arrived = Arrived(file)
        with started(line, stderr=log) as child:
            end, samples = time.time() + seconds, []
            while time.time() < end:
                if child.poll() is not None:
                    raise Failed(f"the collector has ended: {(folder / 'log').read_text()[-500:]}")
                arrived.read()
                if end - time.time() < seconds / 2:
                    samples.append(memory(child.pid))
                time.sleep(0.2)
            cpu = _cpu(child.pid)
            visible = slack.control(f"truth/summary?oldest={slack.began}")["count"]
            arrived.read()
            counters = slack.control("counters")
        ages = sorted(arrived.ages[len(arrived.ages) // 3 :])
        size = sum(path.stat().st_size for path in folder.glob("state*"))
        calls = counters["calls"]["logs"]
        waiting = max(0, visible - len(arrived)) / rate
        middle = statistics.median(sample.pss for sample in samples)
        peak = max(sample.peak for sample in samples)
        return [
            ["events a second, shown by Slack", f"{visible / seconds:,.0f}"],
            ["events a second, delivered", f"{len(arrived) / seconds:,.0f}"],
            ["waiting at the end, seconds of traffic", f"{waiting:.1f}"],
            ["repeated", str(arrived.repeated)],
            ["delay, median; 95 %", f"{_at(ages, 50):.1f} s; {_at(ages, 95):.1f} s"],
            ["calls a minute", f"{calls / seconds * 60:.1f}"],
            ["share of one CPU", f"{100 * cpu / seconds:.1f} %"],
            ["memory (PSS), median; peak", f"{middle:.0f} MB; {peak:.0f} MB"],
            ["state, bytes an event", f"{size / max(1, len(arrived)):.1f}"],
            ["machine's load", load()],
        ]


def _at(values: Sequence[float], percent: int) -> float:
    return values[len(values) * percent // 100] if values else math.nan


def reads(levels: Sequence[Level]) -> float:
    """How often each event is read in the long run."""
    return sum(level.depth * times for level, times in zip(levels, _runs(levels)))


def calls(levels: Sequence[Level], rate: float) -> float:
    """Calls a minute in the long run, at an even rate; a run is one call at least."""
    return sum(
        60 * times * max(1, math.ceil(rate * level.depth / PAGE))
        for level, times in zip(levels, _runs(levels))
    )


def _runs(levels: Sequence[Level]) -> list[float]:
    """Runs a second of each level in which it is the deepest that is due."""
    rarer = [1 / level.period for level in levels[1:]] + [0.0]
    return [1 / level.period - after for level, after in zip(levels, rarer)]


def most(levels: Sequence[Level], budget: float) -> float:
    """Events a day that so many calls a minute carry."""
    low, high = 0.0, 1e6
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (middle, high) if calls(levels, middle) <= budget else (low, middle)
    return low * DAY


def commit_ms(keys: int, folder: Path) -> float:
    """Median milliseconds of a commit whose two minutes hold so many keys each."""
    state = SqlState(str(folder / "commits"))
    checkpoint = state.checkpoint("one")
    times = []
    for version in range(30):
        change = Change("a", "", "{}", "{}", "o", 0.0, {1: b"k" * 8 * keys, 2: b"k" * 8 * keys})
        began = time.perf_counter()
        checkpoint.commit(version, change)
        times.append(time.perf_counter() - began)
    state.close()
    for path in folder.glob("commits*"):
        path.unlink()
    return 1000 * statistics.median(times)


def reckon() -> None:
    """Print what the levels cost and carry."""
    head = ("poll, sweeps", "reads", "at 5 M", "50 M", "500 M a day", "most a day at 45 calls")
    print("{:<42}{:>6}{:>8}{:>8}{:>13}{:>24}".format(*head))
    for poll, sweeps in (
        (5, DEFAULT_SWEEPS),
        (5, "60:180,600:1800,86400:172800"),
        (5, "60:120,1800:3600"),
        (5, "60:120"),
        (15, "120:180,3600:5400"),
        (60, "none"),
    ):
        levels = parse_levels(sweeps, poll)
        few, more, many = (calls(levels, a_day / DAY) for a_day in (5e6, 50e6, 500e6))
        carried = f"{most(levels, 45) / 1e6:.1f} M"
        print(
            f"{poll:>3} s, {sweeps:<35}{reads(levels):8.2f}{few:8.1f}{more:8.1f}{many:13.1f}"
            f"{carried:>24}"
        )
    with tempfile.TemporaryDirectory() as folder:
        for a_day in (5e6, 50e6, 500e6):
            minute = round(a_day / 1440)
            took = commit_ms(minute, Path(folder))
            print(
                f"{a_day / 1e6:.0f} M events a day: {minute:,} keys a minute, state of a day "
                f"{a_day * 8 / 1e6:,.0f} MB of keys, a commit of two minutes {took:.1f} ms"
            )


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[1])
    parser.add_argument("--events-per-day", type=float, default=5e6)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--reckon", action="store_true")
    parser.add_argument("options", nargs="*", help="of the collector, after --")
    given = parser.parse_args()
    if given.reckon:
        reckon()
        return 0
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(given.events_per_day, given.seconds, given.options, Path(folder))
    print(f"{given.events_per_day:,.0f} events a day, {given.seconds:.0f} s, {given.options}")
    for what, figure in rows:
        print(f"{what:<40} {figure:>20}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
