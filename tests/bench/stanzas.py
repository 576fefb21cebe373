# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.bench.stanzas``: what several inputs of the Splunk add-on take.

Splunk starts a process for each. They run as splunkd runs them, on Python 3.9, against the double
of splunkd (which, with the emulator, runs in this process and does not count).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.addon.world import addon
from tests.bench.live import _cpu
from tests.bench.machine import load
from tests.bench.organizations.memory import memory


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[1])
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    options = {"history_days": 0.1, "events_per_day": 60_000}
    with tempfile.TemporaryDirectory() as folder, addon(Path(folder), "3.9", **options) as world:
        names = [f"in{number}" for number in range(given.count)]
        for name in names:
            world.input(name, poll_every="5", start="-1h")
        runs = [world.unread(name) for name in names]
        try:
            for run in runs:
                assert run.stdout is not None
                threading.Thread(target=run.stdout.read, daemon=True).start()
            time.sleep(30)
            began, before = time.monotonic(), [_cpu(run.pid) for run in runs]
            time.sleep(given.seconds)
            seconds = time.monotonic() - began
            shares = [(_cpu(run.pid) - cpu) / seconds for run, cpu in zip(runs, before)]
            found = [memory(run.pid) for run in runs]
            ended = sum(run.poll() is not None for run in runs)
        finally:
            for run in runs:
                run.kill()
                run.wait()
    print(f"{given.count} inputs, {ended} ended too early, machine's load {load()}")
    print(f"memory of all (PSS): {sum(one.pss for one in found):.0f} MB")
    print(f"memory of one: {statistics.median(one.pss for one in found):.1f} MB, median")
    print(f"peak of one: {statistics.median(one.peak for one in found):.1f} MB, median")
    print(f"CPU of all: {100 * sum(shares):.1f} % of one")
    return int(bool(ended))


if __name__ == "__main__":
    sys.exit(main())
