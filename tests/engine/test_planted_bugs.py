# SPDX-License-Identifier: Apache-2.0
"""The model test can fail: every planted bug makes it fail, and without one it passes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.planted import BUGS, Bug

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = 3000


def search(tree: Path, examples: int, *machine: str) -> subprocess.CompletedProcess[str]:
    """The model test over the package in ``tree``."""
    return subprocess.run(
        [sys.executable, "-m", "tests.engine.search", str(examples), *machine],
        cwd=tree,
        env={"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def planted(bug: Bug, tree: Path) -> None:
    """A copy of the package with ``bug`` in it."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "slack_audit_input", tree / "slack_audit_input", ignore=ignore)
    shutil.copytree(ROOT / "tests" / "fakes", tree / "tests" / "fakes", ignore=ignore)
    shutil.copytree(ROOT / "tests" / "engine", tree / "tests" / "engine", ignore=ignore)
    (tree / "tests" / "__init__.py").touch()
    path = tree / "slack_audit_input" / bug.file
    text = path.read_text("utf-8")
    for old, new in ((bug.old, bug.new), bug.also):
        assert not old or text.count(old) == 1, f"{bug.file} no longer holds this bug's place"
        text = text.replace(old, new) if old else text
    path.write_text(text, "utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug, tmp_path: Path) -> None:
    planted(bug, tmp_path)
    found = search(tmp_path, EXAMPLES, *bug.machine)
    assert found.returncode == 1, f"nobody noticed: {bug.name}"
    # Noticed by what must hold, not because the changed code does not run.
    assert found.stderr.startswith(("AssertionError", "Failed", "StoreError", "ExceptionGroup")), (
        found.stderr
    )
