# SPDX-License-Identifier: Apache-2.0
"""The advice's reckoning against what can be reckoned by hand, and its rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from slack_audit_input.engine.advice import (
    Lateness,
    Seen,
    appeared,
    chance,
    chance_of_all,
    forecast,
    found_later,
    poisson_upper,
)
from slack_audit_input.engine.advising import DEEPER, advise, candidates
from slack_audit_input.engine.sweeps import DEFAULT_LEVELS, Level, parse_levels

BOUNDS = (15, 60, 180, 600, 1800, 7200, 43_200, 64_800, 86_400)
DAY = 86_400


def seen(
    late: Mapping[int, Sequence[int]] = {},
    events: int = 1_000_000,
    days: float = 30,
    levels: tuple[Level, ...] = DEFAULT_LEVELS,
) -> Seen:
    """A watch; rows of the histogram may be cut short."""
    rows = {n: [*row, *[0] * (len(BOUNDS) + 1 - len(row))] for n, row in late.items()}
    return Seen(levels, events, int(days * DAY), rows, BOUNDS)


@pytest.mark.parametrize(("count", "most"), [(0, 2.996), (1, 4.744), (10, 16.96), (1000, 1053.6)])
def test_the_upper_bound_is_the_tables(count: int, most: float) -> None:
    """Of exact one-sided limits of 95 % for a Poisson mean."""
    assert poisson_upper(count) == pytest.approx(most, rel=1e-3)


def test_the_chance_of_a_level() -> None:
    level = Level(600, 1800)
    assert [chance(level, late) for late in (0, 1200, 1500, 1800, 9999)] == [1, 1, 0.5, 0, 0]
    assert chance_of_all((Level(10, 20), Level(20, 30)), 15) == pytest.approx(1 - 0.5 * 0.25)


def test_events_on_time_under_the_default_levels() -> None:
    found = forecast(DEFAULT_LEVELS, [Lateness(0, 1000)], 0.7, 9999)
    assert found.calls == pytest.approx(12.0, abs=0.02)
    assert found.median == pytest.approx(2.5, abs=0.02)
    assert found.p95 == pytest.approx(4.75, abs=0.02)
    assert found.reads == pytest.approx(12.4, abs=0.1)
    assert (found.missed, found.late_found) == (0, 1)
    assert (found.surely, found.at_most) == (64_800, 86_400)


def test_a_deep_sweep_of_a_busy_organization_takes_pages() -> None:
    # 50 events a second: the sweep over a day reads 433 pages, four times a day.
    found = forecast(DEFAULT_LEVELS, [Lateness(0, 1)], 50.0, 9999)
    assert found.calls == pytest.approx(12 + 9 / 10 + 433 / 360, abs=0.2)


def test_late_events_wait_for_a_sweep_or_are_missed() -> None:
    levels = parse_levels("600:1800", 60)
    found = forecast(levels, [Lateness(0, 80), Lateness(1000, 10), Lateness(1500, 10)], 0, 9999)
    assert found.missed == pytest.approx(5)
    assert found.late_found == pytest.approx(0.75)
    assert found.p95 > 60


def test_what_was_seen_is_explained() -> None:
    # 90 s late, all: found by the second level, evenly between 90 and 150 s.
    spread = appeared(seen({1: [0, 0, 100]}, events=200))
    assert spread[0] == Lateness(0, 100)
    late = spread[1:]
    assert sum(one.events for one in late) == pytest.approx(100)
    assert all(10 <= one.seconds <= 180 for one in late if one.events > 1)
    # Within a bucket, too, the lateness is spread.
    assert sum(one.events for one in late if 60 < one.seconds < 180) > 30
    # What no level can have found at that time is kept as it was found.
    assert Lateness(180, 7) in appeared(seen({0: [0, 0, 7]}, events=100))


def test_what_a_deep_level_found_a_shallower_one_could_not() -> None:
    # Up to 120 s late the level before it catches all.
    late = appeared(seen({2: [0, 0, 0, 100]}, events=200))[1:]
    assert all(120 < one.seconds <= 600 for one in late if one.events > 1)


def test_what_appeared_explains_as_many_as_were_found() -> None:
    late = appeared(seen({3: [0, 0, 0, 0, 0, 0, 0, 0, 10]}))[1:]
    found = sum(one.events * chance_of_all(DEFAULT_LEVELS, one.seconds) for one in late)
    assert found == pytest.approx(10, rel=0.01)


def test_events_near_the_edge_stand_for_missed_ones() -> None:
    assert advise(seen({1: [0, 100]})).missed == pytest.approx(0, abs=1e-6)
    # Found between 18 and 24 hours: it had a chance of at most one to be.
    assert advise(seen({3: [0, 0, 0, 0, 0, 0, 0, 0, 10]})).missed > 3
    # Of what was found up to 43,200 s late nobody can say that it was later.
    assert found_later(seen({3: [0, 0, 0, 0, 0, 0, 5, 4, 10, 2]}), 43_200) == 16


def test_it_compares_with_each_sweep_left_out_and_one_more() -> None:
    found = candidates(DEFAULT_LEVELS)
    assert parse_levels("60:180,600:1800", 5) in found
    assert parse_levels("600:1800,21600:86400", 5) in found
    assert parse_levels("60:180,600:1800,21600:86400", 10) in found
    assert (*DEFAULT_LEVELS, DEEPER[-1]) in found
    assert DEFAULT_LEVELS not in found
    # A poll as rare as a sweep takes its place.
    assert parse_levels("600:1800,21600:86400", 60) in found
    for levels in found:
        text = ",".join(f"{level.period}:{level.depth}" for level in levels[1:])
        assert parse_levels(text or "none", levels[0].period) == levels


@pytest.mark.parametrize(
    ("what", "verdict", "words"),
    [
        (seen({1: [0, 9]}, events=2_999), "wait", "only 2999 events in 30.0 days"),
        (seen({1: [0, 9]}, days=3), "wait", "in 3.0 days"),
        (seen({1: [0, 9]}), "keep", "nothing was found by 600:1800, 21600:86400"),
        (seen({1: [0, 9], 2: [0, 0, 0, 9], 3: [0, 0, 0, 0, 0, 9]}), "keep", "found within 7200 s"),
        (seen({3: [0, 0, 0, 0, 0, 0, 0, 5]}), "deeper", "later than half the tolerance of 64800"),
        (seen({3: [0, 0, 0, 0, 0, 0, 0, 0, 99]}, days=1), "deeper", "a sweep 86400:604800 more"),
        (seen({1: [0, 9]}, events=50 * 30 * DAY), "shallower", "has found nothing in 30 days"),
    ],
)
def test_what_it_recommends(what: Seen, verdict: str, words: str) -> None:
    advice = advise(what)
    assert advice.verdict == verdict
    assert words in " ".join(advice.reasons)


def test_how_sure_it_is() -> None:
    advice = advise(seen({1: [0, 9], 2: [0, 0, 0, 1]}))
    assert (advice.latest, advice.only_deepest) == (600, 0)
    assert advice.at_most == pytest.approx(3e-6, rel=0.01)
    assert advise(seen({3: [0] * 9 + [1]})).latest is None
    nothing = advise(seen({}, events=0, days=0))
    assert (nothing.verdict, nothing.at_most) == ("wait", 1.0)


def test_the_live_poll_alone() -> None:
    advice = advise(seen({0: [90]}, levels=(Level(5, 15),)))
    assert [one.found for one in advice.levels] == [90]
    # Some will have appeared between 10 and 15 seconds late, when the poll finds half of them.
    assert advice.verdict == "deeper"
    assert "a sweep 60:180 more finds what is up to 120 s late" in " ".join(advice.reasons)
    assert advise(seen({}, levels=(Level(5, 15),))).verdict == "keep"
