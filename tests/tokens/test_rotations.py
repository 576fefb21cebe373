# SPDX-License-Identifier: Apache-2.0
"""Rotations with kills, some of them here; five hundred with `python -m tests.tokens.rotations`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tokens.rotations import PLANTS, STEPS


def rotations(*arguments: str) -> tuple[int, dict[str, Any]]:
    # A process of its own: it forks, and this one has threads.
    ended = subprocess.run(
        [sys.executable, "-m", "tests.tokens.rotations", *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.stdout, ended.stderr
    found = json.loads(ended.stdout)
    assert isinstance(found, dict)
    return ended.returncode, found


def test_nobody_is_locked_out() -> None:
    code, found = rotations("--count", str(3 * len(STEPS)), "--seed", "7")
    assert code == 0 and found["lockouts"] == 0, found
    assert found["rotations"] == found["rounds"] == 45
    assert found["kills"] >= 25 and found["refreshes_in_grace"] >= 3, found


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_mistake_locks_out(plant: str) -> None:
    code, found = rotations("--count", str(2 * len(STEPS)), "--plant", plant)
    assert code == 1 and found["lockouts"] > 0, found
