# SPDX-License-Identifier: Apache-2.0
"""The lives of a collector's processes: how each ended, and how much memory one takes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class End(NamedTuple):
    """The end of a life. ``how``: "anywhere", "after a write" (kills) or "exit".

    ``lived``: seconds of the fast clock. ``in_flight``: events, by output.
    """

    how: str
    code: int
    lived: float
    in_flight: dict[str, int]


def memory_of(pid: int) -> float:
    """The most memory that a process has had, in MB (10**6 bytes); 0 if it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return 0.0
    for line in text.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0
