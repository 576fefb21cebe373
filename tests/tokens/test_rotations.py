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


def test_after_the_grace_only_a_kill_between_answer_and_store_locks_out() -> None:
    _, found = rotations("--count", str(2 * len(STEPS)), "--late")
    steps = {where.rpartition(" (")[0] for where in found["lockouts_by_step"]}
    # The last one only without a lock: under it, what is whole is found and renamed.
    lost = {"after the answer", "pair: half written", "pair: not renamed"}
    # A random moment may be such a one.
    assert steps & lost and steps <= lost | {"any moment"}, found
