# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.bench.organizations``: one process that collects 50 organizations.

The emulator of all of them runs in a process of its own, whose CPU and memory do not count. Each
organization has its own token, output file (fsync for every page) and place in one SQLite state.
First the history is caught up with, so that every index holds what it would hold in the long run;
then delay, CPU and memory are measured for some minutes, and at last every id is counted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

from tests.bench.children import Emulator, Failed, command, started
from tests.bench.live import _cpu
from tests.bench.machine import load
from tests.bench.organizations.memory import memory
from tests.bench.organizations.slack import LATE, token_of

#: The longest that live events may take to be there after the last: one sweep of the first level.
_STRAGGLERS = 90.0


class Tail:
    """A file of lines as it grows: when (unix) each id came, and how many came again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0
        self._rest = b""
        self.at: dict[str, float] = {}
        self.repeated = 0

    def read(self) -> None:
        """Take in what is new."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._place)
            data = file.read()
        if not data:
            return
        now = time.time()
        self._place += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            name = json.loads(line)["id"]
            self.repeated += name in self.at
            self.at.setdefault(name, now)


@contextmanager
def organizations(count: int, a_day: float, history: float) -> Iterator[Emulator]:
    """The emulator of all of them."""
    line = [
        sys.executable,
        "-m",
        "tests.bench.organizations.slack",
        *map(str, (count, a_day, history)),
    ]
    began = int(time.time())
    with started(line, stdout=PIPE) as child:
        assert child.stdout is not None
        told = child.stdout.readline()
        if not told:
            raise Failed("the emulator does not start")
        yield Emulator(json.loads(told), began)


def settings(folder: Path, count: int) -> Path:
    """A file of --config with a table for each."""
    lines = []
    for number in range(count):
        token = folder / f"{number}.token"
        token.touch(mode=0o600)
        token.write_text(token_of(number))
        lines += [
            f"[inputs.org{number}]",
            f'token-file = "{token}"',
            f'output-file = "{folder / str(number)}.ndjson"',
        ]
    path = folder / "collector.toml"
    path.write_text("\n".join(lines))
    return path


def measure(count: int, a_day: float, history: float, seconds: float, folder: Path) -> int:
    """Measure and print; 1 if anything was lost or repeated."""
    with organizations(count, a_day, history) as slack, (folder / "log").open("wb") as log:
        start = slack.began - round(history * 3600)
        line = command("run", "--all-inputs", "--config", settings(folder, count))
        line += [
            "--api-url",
            slack.base_url,
            "--state",
            str(folder / "state"),
            "--start",
            str(start),
        ]
        tails = [Tail(folder / f"{number}.ndjson") for number in range(count)]
        with started(line, stderr=log) as child:
            _caught_up(slack, tails, child, start)
            caught_up = memory(child.pid)
            _follow(tails, child, time.time() + 15)
            first, cpu = time.time(), _cpu(child.pid)
            _follow(tails, child, first + seconds)
            last, cpu = time.time(), _cpu(child.pid) - cpu
            now = memory(child.pid)
            for number in range(count):
                slack.control(f"rate?org={number}", "POST", {"events_per_second": 0})
            _follow(tails, child, last + 12)
            shown = [_visible(slack, number, start) for number in range(count)]
            end = last + _STRAGGLERS
            while time.time() < end and any(s.keys() - t.at.keys() for s, t in zip(shown, tails)):
                _follow(tails, child, time.time() + 1)
    lost = sum(len(s.keys() - t.at.keys()) for s, t in zip(shown, tails))
    repeated = sum(t.repeated + len(t.at.keys() - s.keys()) for s, t in zip(shown, tails))
    delays = sorted(
        tail.at[name] - visible
        for seen, tail in zip(shown, tails)
        for name, visible in seen.items()
        if name in tail.at and first <= visible <= last
    )
    rows = [
        ("organizations, events a day of each", f"{count}, {a_day:,.0f}"),
        ("events in all", f"{sum(map(len, shown)):,}"),
        ("lost, repeated", f"{lost}, {repeated}"),
        (f"delay ({LATE} late), median", f"{statistics.median(delays):.2f} s"),
        ("delay, 95 %", f"{delays[len(delays) * 95 // 100]:.2f} s"),
        ("delay, longest", f"{delays[-1]:.2f} s"),
        ("share of one CPU", f"{100 * cpu / (last - first):.1f} %"),
        ("memory (PSS)", f"{now.pss:.1f} MB"),
        ("memory, after catching up; peak", f"{caught_up.pss:.1f} MB; {now.peak:.1f} MB"),
        ("state on disk", f"{sum(p.stat().st_size for p in folder.glob('state*')) / 1e6:.1f} MB"),
        ("measured for, machine's load", f"{last - first:.0f} s, {load()}"),
    ]
    for what, figure in rows:
        print(f"{what:<38} {figure:>24}")
    return int(bool(lost or repeated))


def _caught_up(slack: Emulator, tails: list[Tail], child: Popen[bytes], start: int) -> None:
    end = time.time() + 600
    wanted = [
        slack.control(f"truth/summary?org={n}&oldest={start}&latest={slack.began - 60}")["count"]
        for n in range(len(tails))
    ]
    while any(len(tail.at) < count for tail, count in zip(tails, wanted)):
        if time.time() > end:
            raise Failed("the history was not caught up with in ten minutes")
        _follow(tails, child, time.time() + 0.5)


def _follow(tails: list[Tail], child: Popen[bytes], until: float) -> None:
    while time.time() < until:
        if child.poll() is not None:
            raise Failed("the collector has ended")
        for tail in tails:
            tail.read()
        time.sleep(0.1)


def _visible(slack: Emulator, number: int, start: int) -> dict[str, float]:
    path = f"/control/truth?org={number}&oldest={start}&visible=0"
    with slack.open("GET", path) as answer:
        return {row["id"]: row["visible_at"] for row in map(json.loads, answer)}


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[1])
    parser.add_argument("--count", type=int, default=50, help="organizations (50)")
    parser.add_argument("--events-per-day", type=float, default=60_000, help="of each (60000)")
    parser.add_argument("--history-hours", type=float, default=8, help="caught up with first (8)")
    parser.add_argument("--seconds", type=float, default=300, help="measured for (300)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return measure(
            given.count, given.events_per_day, given.history_hours, given.seconds, Path(folder)
        )


if __name__ == "__main__":
    sys.exit(main())
