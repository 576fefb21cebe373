# SPDX-License-Identifier: Apache-2.0
"""Slack's clock from the Dates of its answers: never ahead, soon near, and it follows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from email.utils import formatdate
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.slack.clock import ANSWERS, SlackClock, date_of

START = 1_700_000_000.0


class Slack:
    """A server whose clock differs from the machine's monotonic one by ``offset``."""

    def __init__(self, offset: float, random: Random, latency: float) -> None:
        self.offset = offset
        self.now = 5_000.0  # monotonic
        self.clock = SlackClock(wall=START + random.uniform(-1e6, 1e6), monotonic=self.now)
        self._random = random
        self._latency = latency

    def true(self) -> float:
        """Slack's time at this moment."""
        return self.now + self.offset

    def ask(self) -> None:
        """Let time pass to a poll at some phase, and hear its answer."""
        self.now += 4.0 + 2.0 * self._random.random()
        date = math.floor(self.true())
        self.now += self._latency * self._random.random()
        self.clock.observe(date, self.now)

    def moments(self) -> Iterator[float]:
        """A few moments until the next poll."""
        before = self.now
        for _ in range(3):
            self.now += self._random.random()
            yield self.now
        self.now = before


seeds = st.integers(0, 1 << 32)
offsets = st.floats(0, 4e9)


@given(seeds, offsets, st.floats(0, 20))
def test_never_ahead_of_slack(seed: int, offset: float, latency: float) -> None:
    slack = Slack(offset, Random(seed), latency)
    for _ in range(40):
        slack.ask()
        for moment in slack.moments():
            assert slack.clock.exact(moment) <= slack.true() + 1e-6
            # Between polls the clock runs on, and whole seconds are rounded down.
            assert slack.clock.now(moment) <= slack.true() + 1e-6


@given(seeds, offsets, st.floats(0, 1.0))
def test_within_a_second_after_20_answers(seed: int, offset: float, latency: float) -> None:
    slack = Slack(offset, Random(seed), latency)
    for number in range(60):
        slack.ask()
        if number >= ANSWERS:
            assert slack.true() - slack.clock.exact(slack.now) <= 1.0 + 1e-6


@given(seeds, st.floats(-1e6, 1e6))
def test_it_follows_a_clock_that_is_set(seed: int, step: float) -> None:
    slack = Slack(0.0, Random(seed), 0.3)
    for _ in range(30):
        slack.ask()
    slack.offset += step
    for _ in range(ANSWERS):
        slack.ask()
    assert -1e-6 <= slack.true() - slack.clock.exact(slack.now) <= 1.3
    slack.offset -= 500.0
    slack.ask()
    slack.clock.distrust()  # Slack has refused a request for its future
    assert -1e-6 <= slack.true() - slack.clock.exact(slack.now) <= 1.3


def test_before_the_first_answer_it_is_the_machines() -> None:
    clock = SlackClock(START, 10.0)
    assert clock.now(17.5) == START + 7
    assert clock.ahead == 0.0
    clock.observe(None, 20.0)
    clock.distrust()
    assert not clock.heard
    clock.observe(int(START) + 110, 20.0)
    assert clock.ahead == pytest.approx(100.0)
    clock.observe(None, 21.0)
    assert clock.now(21.0) == int(START) + 111


@given(st.integers(0, 250_000_000_000))
def test_dates_as_http_writes_them(second: int) -> None:
    assert date_of(formatdate(second, usegmt=True)) == second


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        ",",
        "x",
        "0",
        "Tue",
        "Tue, 14 Nov",
        "Tue, 14 Nov 2023",
        "14 Nov 99999 25:61:61",
    ],
)
def test_what_is_no_date_is_none_or_a_date(header: str | None) -> None:
    found = date_of(header)
    assert found is None or type(found) is int


@given(
    st.text()
    | st.from_regex(r"\A(Tue, )?[0-9]{0,12} (Nov|Foo|) [0-9]{0,12} [0-9:]{0,12} [-+GMT0-9]{0,12}\Z")
)
def test_any_header_is_a_date_or_none(header: str) -> None:
    found = date_of(header)
    assert found is None or type(found) is int
