# SPDX-License-Identifier: Apache-2.0
"""Delay of live events, the cost of waiting for them, and the time to the first."""

from __future__ import annotations

import json
import os
import select
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

from tests.bench.bench import Bench
from tests.bench.children import EVENTS_PER_DAY, Emulator, Failed, command, emulator, started
from tests.bench.machine import cold
from tests.bench.table import Figure
from tests.bench.truth import Difference

RATE = 10
#: The longest that live events may take to be there after the last: one sweep of the first level.
_STRAGGLERS = 90.0
_CHUNK = 1 << 16


class Arrivals:
    """Lines read from a collector's stdout, each with the moment (unix) it came."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._descriptor = pipe.fileno()
        self._rest = b""
        self.at: dict[str, float] = {}
        self.repeated = 0

    def read(self, until: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Read up to a moment, or until there is `enough`."""
        while not enough() and (left := until - time.time()) > 0:
            if not select.select([self._descriptor], [], [], min(left, 1.0))[0]:
                continue
            data = os.read(self._descriptor, _CHUNK)
            now = time.time()
            if not data:
                raise Failed("the collector has ended")
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                name = json.loads(line)["id"]
                self.repeated += name in self.at
                self.at.setdefault(name, now)


def live(bench: Bench) -> None:
    """D: from visible to delivered, with default settings."""
    seconds = bench.sizes.live_seconds
    traffic = ("--history-days", 0, "--live-rate", RATE, "--late", "0.2:1-10")
    bench.note(f"D: {RATE} events a second for {seconds} s")
    with emulator(*traffic) as slack, _log(bench) as log, _piped(bench, slack, log) as child:
        assert child.stdout is not None
        arrivals = Arrivals(child.stdout)
        # Only what gets visible from here on counts: before, the collector was not there.
        arrivals.read(time.time() + 30, lambda: bool(arrivals.at))
        first = time.time()
        arrivals.read(first + seconds)
        last = time.time()
        slack.control("rate", "POST", {"events_per_second": 0})
        calls = _calls(slack, first, last)
        # What has happened by then, and that only appears in the next ten seconds.
        arrivals.read(last + 12)
        shown = _visible(slack)
        arrivals.read(last + _STRAGGLERS, lambda: shown.keys() <= arrivals.at.keys())
    lost = shown.keys() - arrivals.at.keys()
    alien = arrivals.at.keys() - shown.keys()
    bench.check("D: live", Difference(len(lost), arrivals.repeated + len(alien)))
    delays = sorted(
        arrivals.at[name] - visible
        for name, visible in shown.items()
        if name in arrivals.at and first <= visible <= last
    )
    late = 100 * (len(delays) - 1) * 95 // 10_000
    half, most = statistics.median(delays), delays[late]
    a_minute = 60 * calls / (last - first)
    what = f"live, {RATE} events/s, a fifth 1 to 10 s late"
    bench.add(
        Figure("live.median", f"{what}: delay, median", half, f"{half:.2f} s", "≤ 3 s"),
        Figure("live.p95", "  delay, 95 %", most, f"{most:.2f} s", "≤ 6 s"),
        Figure("live.most", "  delay, longest", delays[-1], f"{delays[-1]:.2f} s"),
        Figure("live.calls", "  calls a minute", a_minute, f"{a_minute:.1f}", "≤ 13"),
    )


def idle(bench: Bench) -> None:
    """E: CPU without traffic, and from the start of the process to the first event."""
    seconds = bench.sizes.idle_seconds
    bench.note(f"E: no traffic for {seconds} s")
    with emulator("--history-days", 0, "--events-per-day", 0) as slack, _log(bench) as log:
        line = _run(bench, slack, slack.began)
        with started(line, stdout=subprocess.DEVNULL, stderr=log) as child:
            time.sleep(5)
            before, began = _cpu(child.pid), time.monotonic()
            time.sleep(seconds)
            share = (_cpu(child.pid) - before) / (time.monotonic() - began)
            if child.poll() is not None:
                raise Failed("the idle collector has ended")
    bench.add(Figure("idle.cpu", "idle: share of one CPU", share, f"{100 * share:.2f} %", "≤ 1 %"))
    times = cold()
    what = "  CPU of a little work after 2 s of sleep, by that of it at once"
    bench.add(Figure("idle.cold", what, times, f"{times:.1f} times"))
    with emulator("--history-days", 2, "--events-per-day", EVENTS_PER_DAY) as slack:
        a_day_ago = slack.began - 86_400
        with slack.open("GET", f"/audit/v1/logs?oldest={a_day_ago}&limit=9999") as answer:
            answer.read()
        firsts = [_first(bench, slack, a_day_ago) for _ in range(bench.sizes.starts)]
    first = statistics.median(firsts)
    bench.add(Figure("idle.first", "start to first event", first, f"{first:.2f} s", "≤ 1 s"))


def _first(bench: Bench, slack: Emulator, start: int) -> float:
    """Seconds from the start of the process to its first line."""
    with _log(bench) as log:
        line = _run(bench, slack, start)
        began = time.monotonic()
        with started(line, stdout=subprocess.PIPE, stderr=log) as child:
            assert child.stdout is not None
            if not select.select([child.stdout], [], [], 60)[0] or not os.read(
                child.stdout.fileno(), 1
            ):
                raise Failed("no event within a minute")
            return time.monotonic() - began


def _run(bench: Bench, slack: Emulator, start: int) -> list[str]:
    state = bench.fresh("state.db")
    return command("run", "--api-url", slack.base_url, "--state", state, "--start", start)


def _piped(
    bench: Bench, slack: Emulator, log: IO[bytes]
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    line = _run(bench, slack, slack.began)
    return started(line, stdout=subprocess.PIPE, stderr=log)


def _log(bench: Bench) -> IO[bytes]:
    return (bench.folder / "stderr.log").open("wb")


def _calls(slack: Emulator, first: float, last: float) -> int:
    counted = Counter(first <= call["at"] < last for call in slack.control("calls"))
    return counted[True]


def _visible(slack: Emulator) -> dict[str, float]:
    """When each entry became visible (unix), by its id."""
    with slack.open("GET", f"/control/truth?oldest={slack.began}&visible=0") as answer:
        rows = map(json.loads, answer)
        return {row["id"]: row["visible_at"] for row in rows}


def _cpu(process: int) -> float:
    """User and system seconds of a process so far (proc(5): fields 14 and 15 of stat)."""
    text = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
