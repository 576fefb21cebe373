# SPDX-License-Identifier: Apache-2.0
"""Processes of their own for the tests of sinks: ``python -m tests.sinks.worker WHAT …``."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

from slack_audit_input.model.errors import SinkError
from slack_audit_input.sinks.ndjson import NdjsonFile
from tests.sinks.events import events, lines


def write(path: str, pages: str) -> None:
    """Write pages of 100 events; say on stderr how many were accepted, and what went wrong."""
    accepted = 0
    try:
        sink = NdjsonFile(lines(), Path(path))
        for page in range(int(pages)):
            sink.write(events(100, page * 100, size=500))
            accepted += 1
    except SinkError as error:
        sys.stderr.write(f"{accepted}\n{error}\n")
    else:
        sys.stderr.write(f"{accepted}\n")


def limited(path: str, most: str) -> None:
    """The same while no file may grow beyond ``most`` bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
    write(path, "1000")


def without_end(path: str) -> None:
    """Write pages until killed; say on stdout how many are accepted."""
    sink = NdjsonFile(lines(), Path(path))
    for page in range(1_000_000):
        sink.write(events(100, page * 100, size=2000))
        os.write(1, f"{page + 1}\n".encode())


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
