# SPDX-License-Identifier: Apache-2.0
"""A budget that polls alone use up: everything that is asked for is read all the same."""

from __future__ import annotations

import random

import pytest

from slack_audit_input.collector.loop import Collector
from slack_audit_input.collector.settings import Settings
from tests.collector.lives import HOUR, Life, spread
from tests.fakes.world import EPOCH

#: What was there when the collector was started for the first time, and how long it then ran.
HISTORY, RUN = 4 * HOUR, 8 * HOUR
#: An event that is 900 s late is found by the sweep of every 600 s, and that takes its time.
FOUND_WITHIN = 1800


@pytest.mark.parametrize(
    ("a_minute", "page_size", "kill_every"),
    [(1, 9999, 0), (2, 9999, 0), (10, 30, 0), (2, 9999, 150), (6, 100, 250)],
)
def test_few_calls_a_minute_are_enough(a_minute: int, page_size: int, kill_every: int) -> None:
    entries = spread(3000, EPOCH, HISTORY + 6 * HOUR, late=_a_fifth)
    settings = Settings("day", "org", EPOCH, calls_per_minute=a_minute, page_size=page_size)
    life = Life(entries, settings)
    life.clock.now = EPOCH + HISTORY
    end = life.clock.now + RUN
    r = random.Random(1)
    windows = kills = 0

    def watch(collector: Collector) -> None:
        nonlocal windows
        windows = max(windows, len(collector.work.ledger.windows))

    while life.clock.now < end:
        kill = r.randrange(1, 2 * kill_every) if kill_every else 0
        if life.run(end - life.clock.now, kill, watch=watch):
            kills += 1
            life.clock.now += r.uniform(1, 200)
    missing = [e for e in entries if e.text not in life.host.texts]
    assert [e for e in missing if e.visible_at < end - FOUND_WITHIN] == []
    # Each pause between two lives may leave the gap and the end of what was read before it.
    assert windows <= 10
    assert kills > 10 or not kill_every
    assert life.collector is not None
    assert life.collector.work.backlog() == 0
    assert len(life.slack.calls) <= a_minute * (RUN / 60 + kills + 1)


def test_a_process_that_dies_again_and_again_keeps_to_the_budget() -> None:
    settings = Settings("day", "org", EPOCH, calls_per_minute=12, page_size=20)
    life = Life(spread(6000, EPOCH, HISTORY), settings)
    life.clock.now = EPOCH + HISTORY
    r = random.Random(3)
    deaths: list[float] = []
    for _ in range(200):
        life.run(1200, r.randrange(5, 60))
        deaths.append(life.clock.now)
        life.clock.now += r.uniform(0.1, 3)
    calls = life.slack.calls
    assert len(calls) > 600
    for first, moment in enumerate(calls):
        within = [call for call in calls[first:] if call < moment + 60]
        # Those on their way when it died, nobody has counted.
        died = sum(moment <= death < moment + 60 for death in deaths)
        assert len(within) <= 12 + died * settings.workers


def _a_fifth(r: random.Random) -> float:
    """Seconds of lateness: up to 15 minutes for one event in five."""
    return r.uniform(1, 900) if r.random() < 0.2 else 0.0
