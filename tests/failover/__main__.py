# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.failover``: two collectors on PostgreSQL, at default settings.

Kills the active one 20 times, pauses it once, cuts the database off once; prints the figures.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from slack_audit_input.collector.ownership import SILENT
from tests.failover.pair import PAGE, database, killed, pair, paused, until


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.failover", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--take-over-after", type=float, default=SILENT)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, database(Path(name)) as base:
        with pair(Path(name), base.url, given.take_over_after) as both:
            kills = killed(both, given.kills)
            pause, _ = paused(both)
            base.cut()
            time.sleep(5)
            base.restore()
            began = time.monotonic()
            until(both.owner, given.take_over_after + 60)
            size = sum(both.delivered().values())
            until(lambda: sum(both.delivered().values()) > size, 120)
            cut = time.monotonic() - began
            found = both.settle()
        times = [kill.takeover for kill in kills]
        seconds = " ".join(f"{second:.1f}" for second in times)
        sys.stdout.write(
            f"{len(kills)} kills (kill -9) of the active one: {found}\n"
            f"repeated at most {PAGE} (a page) a kill, pause or cut\n"
            f"taken over after {min(times):.1f} to {max(times):.1f} s, median "
            f"{statistics.median(times):.1f} s: {seconds}\n"
            f"delivering again after at most {max(kill.delivering for kill in kills):.1f} s\n"
            f"paused: taken over after {pause:.1f} s; woken, it committed nothing\n"
            f"cut off from PostgreSQL for 5 s: delivering again {cut:.1f} s after that\n"
        )


if __name__ == "__main__":
    main()
