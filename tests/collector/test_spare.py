# SPDX-License-Identifier: Apache-2.0
"""The calls that running collectors leave, on a virtual clock."""

from __future__ import annotations

import pytest

from slack_audit_input.collector.spare import AFTER_429, SpareBudget, Used
from slack_audit_input.slack.budget import CallBudget


class Others:
    """Collectors that call so often a minute; ``rates`` by input."""

    def __init__(self, **rates: float) -> None:
        self.rates = rates
        self.now = 0.0
        self.limited = 0
        self._done = dict.fromkeys(rates, 0.0)
        self._at = 0.0

    def __call__(self) -> list[Used]:
        """What each has done by now."""
        for name, rate in self.rates.items():
            self._done[name] = self._done.get(name, 0.0) + (self.now - self._at) * rate / 60
        self._at = self.now
        return [Used(name, int(self._done[name]), self.limited) for name in self.rates]


def calls(budget: CallBudget, others: Others, seconds: float) -> list[float]:
    """When a walk that always wants to call gets to."""
    made: list[float] = []
    end = others.now + seconds
    while others.now < end:
        wait = budget.wait(others.now, urgent=False)
        if wait > 0:
            others.now += max(wait, 0.001)
            continue
        budget.take(others.now, urgent=False)
        made.append(others.now)
        others.now += 0.2
    return made


def test_alone_all_of_it_is_there() -> None:
    others = Others()
    assert len(calls(SpareBudget(45, others), others, 600)) == pytest.approx(450, abs=10)


@pytest.mark.parametrize(
    ("rates", "least", "most"),
    [
        ({"live": 12.0}, 31, 34),
        ({"live": 12.0, "other": 10.0}, 21, 25),
        ({"backlog": 45.0}, 1, 2),
        ({"beyond": 60.0}, 1, 2),
    ],
)
def test_beside_collectors_what_they_leave(rates: dict[str, float], least: int, most: int) -> None:
    others = Others(**rates)
    budget = SpareBudget(45, others)
    first = calls(budget, others, 60)
    # Nobody knows yet how much they need.
    assert len(first) <= 15 + 1
    later = calls(budget, others, 600)
    assert least <= len(later) / 10 <= most
    # With theirs it is never more than Slack allows, in any minute.
    together = min(45, sum(rates.values())) + max(
        sum(1 for call in later if begin <= call < begin + 60) for begin in later
    )
    assert together <= 47


def test_it_makes_way_when_a_collector_begins_to_read_a_backlog() -> None:
    others = Others(input=12.0)
    budget = SpareBudget(45, others)
    calls(budget, others, 180)
    others.rates["input"] = 45.0
    calls(budget, others, 60)
    assert len(calls(budget, others, 300)) <= 10
    others.rates.clear()
    calls(budget, others, 60)
    assert len(calls(budget, others, 60)) >= 40


def test_a_429_to_a_collector_is_a_pause_for_it_too() -> None:
    others = Others(input=12.0)
    budget = SpareBudget(45, others)
    calls(budget, others, 120)
    others.limited += 1
    began = others.now
    made = calls(budget, others, 60)
    # Within five seconds it has been seen.
    assert not [call for call in made if began + 6 < call < began + AFTER_429]


def test_counters_that_begin_anew_are_no_negative_calls() -> None:
    others = Others(input=40.0)
    budget = SpareBudget(45, others)
    calls(budget, others, 120)
    others._done["input"] = 0.0
    assert len(calls(budget, others, 60)) <= 16
