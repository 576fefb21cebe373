# SPDX-License-Identifier: Apache-2.0
"""Rotations in Splunk with kills, some here; sixty with `python -m tests.addon.rotations`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.addon.rotations import run

pytestmark = pytest.mark.slow


def test_nobody_is_locked_out(tmp_path: Path) -> None:
    found = run(12, 3, "", tmp_path)
    assert found["lockouts"] == 0, found
    assert found["rotations"] == found["rounds"] == 12
    assert found["kills"] >= 4 and found["with_two_processes"] >= 3, found
    # What is over is cleared away: as much is left as one account needs.
    assert found["credentials_left"] <= 20, found


def test_a_pair_that_is_written_over_the_one_before_locks_out(tmp_path: Path) -> None:
    found = run(8, 5, "written-over", tmp_path)
    assert found["lockouts"] > 0, found
