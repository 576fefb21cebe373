# SPDX-License-Identifier: Apache-2.0
"""The laws of the call budget, over random histories of calls."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.model.errors import ConfigError
from slack_audit_input.slack.budget import MINUTE, CallBudget

#: (seconds until somebody asks again, urgent, seconds that a 429 then says)
history = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.001, 0.3, 1.0, 5.0, 59.9, 60.0, 200.0]) | st.floats(0, 70),
        st.booleans(),
        st.sampled_from([0.0] * 9 + [30.0]),
    ),
    min_size=1,
    max_size=150,
)


def most_in_a_minute(calls: list[float]) -> int:
    """The largest number of calls in any sixty seconds, whichever moment they begin."""
    most = first = 0
    for last, end in enumerate(calls):
        # A hair less than a minute: 60 seconds apart are not in one, whatever rounding says.
        while end - calls[first] >= MINUTE - 1e-6:
            first += 1
        most = max(most, last - first + 1)
    return most


@given(st.integers(1, 60), history, st.floats(0, 1e9))
def test_never_more_than_so_many_in_any_minute(
    per_minute: int, steps: list[tuple[float, bool, float]], now: float
) -> None:
    budget = CallBudget(per_minute)
    calls: list[float] = []
    paused = now
    for pause, urgent, limited in steps:
        now += pause
        # As a caller does it: wait what is said, and ask again.
        while (wait := budget.wait(now, urgent)) > 0:
            assert wait <= 3 * MINUTE
            now += max(wait, 1e-3)
        assert now >= paused
        budget.take(now, urgent)
        calls.append(now)
        assert budget.used(now) <= per_minute
        if limited:
            paused = now + limited
            budget.pause(paused)
            assert budget.paused(now) == pytest.approx(limited)
    assert most_in_a_minute(calls) <= per_minute


@given(st.integers(1, 60), history, st.lists(st.integers(0, 150), max_size=20))
def test_nor_over_several_processes_one_after_the_other(
    per_minute: int, steps: list[tuple[float, bool, float]], ends: list[int]
) -> None:
    budget, now, wall = CallBudget(per_minute), 100.0, 1.8e9
    calls: list[float] = []
    for number, (pause, urgent, _) in enumerate(steps):
        if number in ends:
            # Its clock begins anew; between the two, seconds of unix time are what they share.
            called = [wall + now - age for age in budget.recent(now)]
            budget, wall, now = CallBudget(per_minute), wall + now - 7.0, 7.0
            budget.remember(now, [wall + now - moment for moment in called])
        now += pause
        while (wait := budget.wait(now, urgent)) > 0:
            now += max(wait, 1e-3)
        budget.take(now, urgent)
        calls.append(wall + now)
    # Unix seconds have six digits behind the point, and a clock's reading is rounded as well.
    assert most_in_a_minute([call * (1 + 1e-15) for call in calls]) <= per_minute


def test_ages_that_are_none_are_passed_over() -> None:
    budget = CallBudget(3)
    budget.remember(100.0, [60.0, 1e12, -5.0, float("nan"), float("inf"), 10.0, 59.0])
    assert budget.recent(100.0) == [59.0, 10.0]
    assert budget.used(101.0) == 1
    budget.take(101.0, urgent=True)
    budget.take(101.0, urgent=True)
    assert budget.wait(101.0, urgent=True) == 49.0


@given(st.integers(1, 60), history)
def test_urgent_calls_never_wait_while_a_place_is_free(
    per_minute: int, steps: list[tuple[float, bool, float]]
) -> None:
    budget = CallBudget(per_minute)
    now = 0.0
    for pause, urgent, _limited in steps:
        now += pause
        if budget.used(now) < per_minute:
            assert budget.wait(now, True) == 0
        else:
            assert 0 < budget.wait(now, True) <= MINUTE + 1e-6
        if budget.wait(now, urgent) == 0:
            budget.take(now, urgent)


@pytest.mark.parametrize("per_minute", [1, 2, 20, 45, 50, 600])
@pytest.mark.parametrize("late", [0.0, 0.05, 0.5])
def test_backlog_alone_uses_the_whole_budget(per_minute: int, late: float) -> None:
    chance = Random(per_minute)
    budget = CallBudget(per_minute)
    now, calls = 0.0, []
    while now < 1200:
        wait = budget.wait(now, False)
        if wait > 0:
            # Nobody wakes up on the dot; half a place can be made up for.
            now += wait + chance.random() * min(late, MINUTE / per_minute / 2)
            continue
        budget.take(now, False)
        calls.append(now)
    steady = [call for call in calls if call >= 600]
    assert len(steady) >= 0.95 * per_minute * 10 - 1
    assert most_in_a_minute(calls) <= per_minute


@pytest.mark.parametrize("answer_time", [0.2, 3.0])
def test_polls_wait_little_beside_a_backlog_that_uses_what_they_leave(answer_time: float) -> None:
    chance = Random(7)
    budget = CallBudget(45)
    now, polls, worst, due = 0.0, 0, 0.0, 0.0
    used: list[float] = []
    while now < 1200:
        if now >= due:
            wait = budget.wait(now, True)
            if wait == 0:
                budget.take(now, True)
                used.append(now)
                worst = max(worst, now - due)
                polls += 1
                due = max(due + 5.0, now + answer_time)
        elif budget.wait(now, False) == 0:
            budget.take(now, False)
            used.append(now)
        now += 0.01 + 0.01 * chance.random()
    assert polls >= 0.97 * 1200 / 5
    assert worst <= MINUTE / 45
    assert len([c for c in used if c >= 600]) >= 0.95 * 450
    assert most_in_a_minute(used) <= 45


def test_a_pause_holds_for_everybody_and_never_shrinks() -> None:
    budget = CallBudget(45)
    budget.pause(100.0)
    budget.pause(50.0)
    assert budget.wait(10.0, True) == budget.wait(10.0, False) == budget.paused(10.0) == 90.0
    assert budget.wait(100.0, True) == budget.wait(100.0, False) == budget.paused(200.0) == 0.0


@pytest.mark.parametrize("per_minute", [0, -1])
def test_no_budget_at_all_is_a_wrong_setting(per_minute: int) -> None:
    with pytest.raises(ConfigError, match="at least one call"):
        CallBudget(per_minute)
