# SPDX-License-Identifier: Apache-2.0
"""Starts the processes of ``tests.stores.worker``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(*arguments: str) -> subprocess.Popen[str]:
    """A process that does ``arguments[0]``; its stdout is ours to read."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.stores.worker", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(*arguments: str) -> list[str]:
    """The lines that such a process writes until it ends well."""
    process = start(*arguments)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return output.splitlines()
