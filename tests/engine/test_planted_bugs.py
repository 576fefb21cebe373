# SPDX-License-Identifier: Apache-2.0
"""The model test can fail: every planted bug makes it fail, and without one it passes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.planted import BUGS, Bug
from tests.engine.planting import environment, planted

EXAMPLES = 3000


def search(tree: Path, examples: int, *machine: str) -> subprocess.CompletedProcess[str]:
    """The model test over the package in ``tree``."""
    return subprocess.run(
        [sys.executable, "-m", "tests.engine.search", str(examples), *machine],
        cwd=tree,
        env=environment(tree),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug, tmp_path: Path) -> None:
    changes = [change for change in ((bug.old, bug.new), bug.also) if change[0]]
    planted(tmp_path, bug.file, *changes, tests=("fakes", "engine"))
    found = search(tmp_path, EXAMPLES, *bug.machine)
    assert found.returncode == 1, f"nobody noticed: {bug.name}"
    # Noticed by what must hold, not because the changed code does not run.
    assert found.stderr.startswith(("AssertionError", "Failed", "StoreError", "ExceptionGroup")), (
        found.stderr
    )
