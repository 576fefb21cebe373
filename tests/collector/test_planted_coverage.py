# SPDX-License-Identifier: Apache-2.0
"""Each planted bug of coverage is found by the test that is named beside it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.collector.planted_coverage import BUGS, Bug
from tests.engine.planting import environment, planted


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found_by_its_test(bug: Bug, tmp_path: Path) -> None:
    folders = ("fakes", "engine", "collector")
    planted(tmp_path, bug.file, (bug.old, bug.new), tests=folders)
    found = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "--exitfirst", "--tb=line"),
            *("--import-mode=importlib", "-p", "no:cacheprovider", "-p", "no:xdist"),
            bug.test,
        ],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # 1: a test has failed. Not because it is not there, nor because the code does not run.
    assert found.returncode == 1, f"nobody noticed: {bug.name}\n{found.stdout}{found.stderr}"
    assert f"FAILED {bug.test}" in found.stdout
    assert "SyntaxError" not in found.stdout
    assert "NameError" not in found.stdout
