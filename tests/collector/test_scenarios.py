# SPDX-License-Identifier: Apache-2.0
"""Completeness: a simulated day under each kind of trouble; see scenarios.py."""

from __future__ import annotations

from typing import Any

import pytest

from tests.collector.newest_only import lost
from tests.collector.scenarios import SCENARIOS, Scenario, run


def _days() -> list[Any]:
    """All of them; where slow tests are left out, those with kills stand for the rest."""
    slow = pytest.mark.slow
    return [
        pytest.param(day, id=day.name, marks=() if day.name.startswith("killed") else slow)
        for day in SCENARIOS
    ]


@pytest.mark.parametrize("scenario", _days())
def test_a_day_is_complete(scenario: Scenario) -> None:
    books = run(scenario)
    assert books.lost == 0
    assert books.repeated <= books.excused
    assert books.kills > 0 or scenario.kill_every == 0


@pytest.mark.slow
def test_fresh_events_are_there_within_seconds() -> None:
    books = run(SCENARIOS[1])
    assert books.median <= 3.0
    assert books.p95 <= 6.0
    assert books.calls_a_minute <= 13.0


def test_the_days_are_such_that_a_simple_loop_loses_events_on_them() -> None:
    assert [lost(scenario)[0] > 0 for scenario in SCENARIOS[:5]] == [False, True, True, True, True]
