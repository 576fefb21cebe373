# SPDX-License-Identifier: Apache-2.0
"""The command: which parts run, the table, and how it ends."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.addon import addon
from tests.bench.backfill import cpu, memory
from tests.bench.bench import QUICK, Bench, Sizes
from tests.bench.children import Failed
from tests.bench.forward import forward
from tests.bench.live import idle, live
from tests.bench.machine import load, machine
from tests.bench.slow import slow
from tests.bench.table import described, rendered

PARTS: dict[str, Callable[[Bench], None]] = {
    "A": cpu,
    "B": memory,
    "C": slow,
    "D": live,
    "E": idle,
    "F": addon,
    "G": forward,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 0, or 1 if anything was lost or repeated, or a part failed."""
    given = _parser().parse_args(arguments)
    # So that children are ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sizes = QUICK if given.quick else Sizes()
    sizes = Sizes(**{**vars(sizes), "live_seconds": given.live_seconds or sizes.live_seconds})
    details = {**machine(), "Load before": load()}
    failed = []
    with tempfile.TemporaryDirectory(prefix="slack-audit-bench-") as folder:
        bench = Bench(sizes, Path(folder))
        for name in given.only:
            try:
                PARTS[name](bench)
            except Failed as error:
                failed.append(name)
                bench.note(f"{name} FAILED: {error}")
    lost, repeated = bench.difference
    print(described({**details, "Lost / repeated in all of it": f"{lost} / {repeated}"}))
    print(f"\n{rendered(bench.figures)}" if bench.figures else "")
    if given.json:
        data = {
            "machine": details,
            "quick": given.quick,
            "lost": lost,
            "repeated": repeated,
            "failed": failed,
            "figures": [figure.data() for figure in bench.figures],
        }
        given.json.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return 1 if lost or repeated or failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench", description="Measure the collector against an emulated Slack.",
        epilog="A: CPU, B: memory, C: slow answers, D: live delay, E: idle and start, F: Splunk, "
        "G: forward.",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="small sizes: does it work at all?")
    parser.add_argument(
        "--only", type=_parts, default=list(PARTS), metavar="A,B,…", help="only these parts"
    )
    parser.add_argument("--live-seconds", type=int, default=0, help="length of part D (120)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures for programs")
    return parser


def _parts(text: str) -> list[str]:
    names = [name.strip().upper() for name in text.split(",")]
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: there is {', '.join(PARTS)}")
    return names
