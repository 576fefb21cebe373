# SPDX-License-Identifier: Apache-2.0
"""The memory of a process, as Linux counts it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Memory(NamedTuple):
    """Of a process, in MB (10**6 bytes): its share of all pages, and its largest resident set."""

    pss: float
    peak: float


def memory(process: int) -> Memory:
    """What the system says of it."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text("ascii")
    status = Path(f"/proc/{process}/status").read_text("ascii")
    pss = int(rollup.partition("Pss:")[2].split()[0])
    peak = int(status.partition("VmHWM:")[2].split()[0])
    return Memory(pss * 1024 / 1e6, peak * 1024 / 1e6)
