# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import islice

import pytest

from slack_audit_input.emulator import Burst, Emulator, EmulatorOptions, Lateness, Spread
from slack_audit_input.emulator.spread import most_late
from slack_audit_input.emulator.volume import poisson, share_of_hour
from tests.emulator.calls import GOOD, NOW, emulator, page, walk

NOON = int(NOW)


def test_the_same_seed_is_the_same_organization_whenever_it_is_asked() -> None:
    params = {"oldest": str(NOON - 5000), "latest": str(NOON - 2000), "limit": "9999"}
    bodies = []
    for before in (0, 86_400):
        slack = emulator()
        page(slack, oldest=NOON - 10_000 - before, limit=30)
        bodies.append(slack.serve(params, GOOD, NOW).body)
    assert bodies[0] == bodies[1] == emulator(history_days=9).serve(params, GOOD, NOW).body
    assert bodies[0] != emulator(seed=2).serve(params, GOOD, NOW).body


def test_entries_are_shown_from_their_moment_on_and_not_before() -> None:
    lateness = (Lateness(0.2, Spread(1, 30)), Lateness(0.05, Spread(1, 3000, heavy=True)))
    slack = emulator(live_rate=3, live_from=NOON - 4000, lateness=lateness)
    for now in (NOW, NOW + 0.25, NOW + 7, NOW + 5000):
        shown = {e["id"] for one in walk(slack, now, oldest=NOON - 4000) for e in one}
        rows = list(slack.truth(NOON - 4000, NOON + 6000))
        assert shown == {row.id for row in rows if row.visible_at <= now}
        assert all(row.visible_at >= row.second for row in rows)
        assert any(row.second < now - 20 and row.visible_at > now for row in rows)


def test_lateness_follows_the_distribution() -> None:
    lateness = (Lateness(0.1, Spread(10, 20)), Lateness(0.01, Spread(100, 64_800, heavy=True)))
    slack = emulator(events_per_day=40_000, lateness=lateness)
    delays = [row.visible_at - row.second for row in slack.truth(0, NOON)]
    late = [delay for delay in delays if 10 <= delay < 22]
    tail = [delay for delay in delays if delay >= 100]
    assert 0.09 < len(late) / len(delays) < 0.11
    assert 0.008 < len(tail) / len(delays) < 0.012
    assert max(delays) <= most_late(lateness) + 1
    assert 1500 < sorted(tail)[len(tail) // 2] < 4500
    assert sum(1 for delay in delays if delay < 1) > 0.85 * len(delays)


def test_volume_follows_the_working_week_around_the_mean() -> None:
    slack = emulator(events_per_day=5000, history_days=14)
    rows = list(slack.truth(0, NOON))
    assert 0.93 < len(rows) / (14 * 5000) < 1.07
    # 20 September 2026 was a Sunday.
    sunday = NOON - NOON % 86_400 - 86_400
    friday = sunday - 2 * 86_400
    counts = [slack.summary(day, day + 86_399).count for day in (sunday, friday)]
    assert counts[0] < counts[1] / 3
    night = slack.summary(friday + 2 * 3600, friday + 3 * 3600).count
    noon = slack.summary(friday + 15 * 3600, friday + 16 * 3600).count
    assert night < noon / 5


def test_the_week_has_its_mean_and_poisson_too() -> None:
    assert sum(share_of_hour(hour * 3600) for hour in range(168)) == pytest.approx(7)
    for mean in (0.5, 12, 900):
        steps = range(100)
        drawn = [poisson(mean, (i + 0.5) / 100, (j + 0.5) / 100) for i in steps for j in steps]
        assert sum(drawn) / len(drawn) == pytest.approx(mean, rel=0.03)
    assert poisson(0, 0.99, 0.5) == 0


def test_a_rate_holds_from_its_moment_and_leaves_the_past_alone() -> None:
    slack = emulator()
    before = list(slack.truth(0, NOON))
    slack.organization.set_rate(7, NOON + 1)
    assert list(slack.truth(0, NOON)) == before
    assert 6.5 < slack.summary(NOON + 1, NOON + 1000).count / 1000 < 7.5
    slack.organization.set_rate(0, NOON + 501)
    assert slack.summary(NOON + 501, NOON + 9000).count == 0
    slack.organization.set_rate(None, NOON + 1000)
    assert slack.summary(NOON + 1000, NOON + 9000).count > 0
    with pytest.raises(ValueError, match="rate"):
        slack.organization.set_rate(-1, NOON)


def test_a_burst_has_exactly_its_count_on_top_of_the_rest() -> None:
    quiet = emulator()
    count = quiet.summary(NOON - 5000, NOON - 4000).count
    for burst in (Burst(NOON - 4500, 7, 1000), Burst(NOON - 4100, 1, 3), Burst(NOON - 4501, 90, 5)):
        quiet.organization.add_burst(burst)
        count += burst.count
        assert quiet.summary(NOON - 5000, NOON - 4000).count == count
    rows = [row.id for row in quiet.truth(NOON - 5000, NOON - 4000)]
    assert len(set(rows)) == len(rows)


def test_years_of_history_need_no_memory_and_no_time() -> None:
    options = EmulatorOptions(calls_per_minute=0, history_days=3650, events_per_day=5_000_000)
    slack = Emulator(options, NOW)
    entries, cursor = page(slack, latest=NOON - 3000 * 86_400, limit=1000)
    assert len(entries) >= 1000
    assert cursor
    assert slack.organization._cached <= 20_000
    last = list(islice(slack.truth(0, NOON - 3649 * 86_400), 10))
    assert len(last) == 10


def test_a_quiet_organization_is_walked_to_its_beginning() -> None:
    slack = emulator(events_per_day=3, history_days=900)
    entries = [entry for one in walk(slack, limit=1000) for entry in one]
    assert 2200 < len(entries) < 3200
    assert min(entry["date_create"] for entry in entries) >= slack.organization.since


def test_spreads_and_options_refuse_nonsense() -> None:
    assert Spread.parse("3") == Spread(3, 3)
    assert Spread.parse("1-64800:heavy").at(0.5) == pytest.approx(254.6, abs=0.1)
    assert Lateness.parse("0.02:1-10") == Lateness(0.02, Spread(1, 10))
    for text in ("", "x", "5-1", "-3", "0-9:heavy", "1-2:light", "inf"):
        with pytest.raises(ValueError, match=r"SECONDS|only :heavy"):
            Spread.parse(text)
    for text in ("", "2:1-3", "0.1", "0.1:x"):
        with pytest.raises(ValueError, match="SHARE"):
            Lateness.parse(text)
    assert Burst.parse("5:6:7") == Burst(5, 6, 7)
    for text in ("", "5:6", "5:0:7", "a:b:c"):
        with pytest.raises(ValueError, match="START"):
            Burst.parse(text)
    for wrong in (
        {"host": "0.0.0.0"},
        {"last_cursor": "none"},
        {"refuse_with": "no_such_code"},
        {"lateness": (Lateness(0.6, Spread(1, 2)), Lateness(0.6, Spread(1, 2)))},
        {"short_pages": 2},
        {"history_days": -1},
    ):
        with pytest.raises(ValueError, match=r"."):
            EmulatorOptions(**wrong)
