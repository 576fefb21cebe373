# SPDX-License-Identifier: Apache-2.0
"""Coverage records over days of virtual time: true, one for each hour, and never at live's cost."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from slack_audit_input.collector.loop import Collector
from slack_audit_input.collector.settings import Settings
from slack_audit_input.engine.delivered import pack, unpack
from slack_audit_input.engine.records import is_record
from slack_audit_input.engine.sweeps import Level
from tests.collector.lives import DAWN, HOUR, Life, spread
from tests.fakes.slack import Entry, entry
from tests.fakes.world import EPOCH, MemoryCheckpoint

#: Sweeps that are through with an hour soon: nothing comes later than 40 minutes.
LEVELS = (Level(5, 15), Level(60, 180), Level(1200, 3600))
SETTINGS = Settings("input", "org", EPOCH, levels=LEVELS)


def hours(life: Life) -> Counter[str]:
    return Counter(record["hour"] for record in life.records())


def per_hour(life: Life) -> Counter[int]:
    return Counter(e.second // HOUR for e in life.slack.entries)


def test_every_closed_hour_gets_one_record_and_it_is_true() -> None:
    late = lambda r: r.uniform(1, 2300) if r.random() < 0.2 else 0.0  # noqa: E731
    life = Life(spread(5_000, EPOCH, 6 * HOUR, late), SETTINGS)
    life.run(9 * HOUR)
    found = life.records()
    # From the hour of the start, of which a part was asked for, to the last closed one.
    assert [r["oldest"] // HOUR for r in found] == list(range(EPOCH // HOUR, EPOCH // HOUR + 8))
    assert set(hours(life).values()) == {1}
    shown = per_hour(life)
    for record in found:
        hour = record["oldest"] // HOUR
        assert record["state"] == "complete"
        assert record["shown"] == record["delivered"] == shown[hour]
        assert record["first_time"] + record["late"] == record["delivered"]
        assert sum(record["lateness"].values()) == record["late"]
        assert (record["missing"], record["repaired"], record["gone"]) == (0, 0, 0)
        assert record["compared"] == "ids"
        assert record["closed"] >= record["latest"] + record["tolerance"]
    assert found[0]["seconds"] == HOUR - EPOCH % HOUR
    assert sum(r["late"] for r in found) == life.total("late") > 500
    assert max(r["late_most"] for r in found) > 2000
    assert life.total("hours_covered") == len(found)
    # The state has them as well.
    assert {t for t in life.memory.coverage.values() if is_record(t)} == {
        text for _, _, text in life.host.records
    }


def test_a_hole_is_found_repaired_and_reported_once() -> None:
    life = Life(spread(3_000, EPOCH, 5 * HOUR), SETTINGS)
    life.run(3 * HOUR + 600)
    # An id vanishes from the index, and what it stands for from the host.
    hour = max(m for m in life.memory.buckets if m >= 0) * 60 // HOUR - 1
    minute = hour * 60 + 7
    keys = unpack(life.memory.buckets[minute])
    life.memory.buckets[minute] = pack(keys[1:])
    before = life.host.repeated
    life.run(4 * HOUR)
    records = [r for r in life.records() if r["oldest"] // HOUR == hour]
    assert life.host.repeated == before + 1
    assert [(r["state"], r["missing"], r["repaired"]) for r in records] == [("repaired", 1, 1)]
    assert life.total("coverage_missing") == life.total("coverage_repaired") == 1
    holes = [fields["hour"] for action, fields in life.log if action == "hole"]
    assert holes == [records[0]["hour"]]
    life.run(2 * HOUR)
    assert [r for r in life.records() if r["oldest"] // HOUR == hour] == records


@pytest.mark.parametrize("levels", [(Level(5, 15),), LEVELS])
def test_with_holes_everywhere_every_one_is_repaired(levels: tuple[Level, ...]) -> None:
    life = Life(spread(4_000, EPOCH, 4 * HOUR), SETTINGS._replace(levels=levels))
    # To half an hour before the second hour's end.
    life.run(HOUR * 2 - EPOCH % HOUR - 1800)
    gone = 0
    for minute, blob in list(life.memory.buckets.items()):
        if minute * 60 < life.clock.now - 300 and len(blob) > 16:
            life.memory.buckets[minute] = pack(unpack(blob)[2:])
            gone += 2
    life.run(5 * HOUR)
    assert gone > 20
    assert life.host.repeated == gone
    records = life.records()
    repaired = sum(r["repaired"] for r in records)
    assert repaired == life.total("coverage_repaired")
    # Without sweeps all of it is left to coverage.
    assert 0 < repaired <= gone if len(levels) > 1 else repaired == gone
    assert set(hours(life).values()) == {1}
    assert sum(r["delivered"] for r in records) == 4_000


def test_a_year_of_quiet_hours_costs_a_dozen_calls() -> None:
    start = EPOCH - 365 * 24 * HOUR
    life = Life(spread(15_000, start, (365 * 24 - 3) * HOUR), SETTINGS._replace(start=start))
    life.run(HOUR)
    assert life.total("coverage_calls") <= 12
    assert len(life.records()) == sum(hours(life).values()) >= 364 * 24
    assert {r["state"] for r in life.records()} == {"complete"}
    assert sum(r["shown"] for r in life.records()) == 15_000
    # What left the index long ago is compared by count and digest.
    assert Counter(r["compared"] for r in life.records())["digest"] > 250 * 24
    # The state keeps those of 400 days.
    assert len(life.memory.coverage) >= 364 * 24


def test_without_history_records_begin_with_the_start() -> None:
    start = DAWN - 100 * HOUR
    entries = spread(2_000, start, 89 * HOUR)
    life = Life(entries, SETTINGS._replace(start=start, coverage_history=False))
    life.run(4 * HOUR)
    assert min(r["oldest"] for r in life.records()) == EPOCH - EPOCH % HOUR
    life = Life(entries, SETTINGS._replace(start=start, coverage=False))
    life.run(4 * HOUR)
    assert (life.records(), life.total("coverage_calls")) == ([], 0)


def test_a_sealed_hour_that_differs_is_said_to() -> None:
    start = DAWN - 200 * HOUR
    life = Life(spread(20_000, start, 200 * HOUR), SETTINGS._replace(start=start, coverage=False))
    life.run(HOUR)
    hour = start // HOUR + 20
    life.slack.add(entry(hour * HOUR + 100, 0.0, 1))
    life.settings = life.settings._replace(coverage=True)
    life.run(HOUR)
    differing = [r for r in life.records() if r["state"] != "complete"]
    assert [(r["oldest"] // HOUR, r["state"], r["missing"]) for r in differing] == [
        (hour, "differs", 1)
    ]
    assert differing[0]["repaired"] == 0
    assert differing[0]["shown"] == differing[0]["delivered"] + 1
    assert life.total("coverage_differs") == 1


def test_an_event_later_than_the_tolerance_brings_another_record() -> None:
    life = Life(spread(500, EPOCH, 2 * HOUR), SETTINGS)
    # Still within the sweep's depth, but the hour has its record by then.
    end = EPOCH // HOUR * HOUR + HOUR
    second = end - 1
    life.slack.add(entry(second, second + 3590.0, 1))
    life.run(5 * HOUR)
    found = [r for r in life.records() if r["latest"] == second]
    if len(found) > 1:
        assert [r["revision"] for r in found] == [1, 2]
        assert found[1]["shown"] == found[0]["shown"] + 1
    assert found[-1]["state"] == "complete"


def test_killed_again_and_again_a_record_may_be_repeated_but_none_is_missing() -> None:
    r = random.Random(3)
    late = lambda r: r.uniform(1, 2300) if r.random() < 0.2 else 0.0  # noqa: E731
    life = Life(spread(6_000, EPOCH, 8 * HOUR, late), SETTINGS._replace(page_size=200))
    kills = 0
    while life.clock.now < EPOCH + 12 * HOUR:
        kills += life.run(EPOCH + 12 * HOUR - life.clock.now, r.randrange(1, 900))
        life.clock.now += r.uniform(1, 60)
    assert kills > 20
    shown = per_hour(life)
    assert len(hours(life)) >= 10
    for record in life.records():
        assert record["state"] in ("complete", "repaired")
        assert record["shown"] == record["delivered"] == shown[record["oldest"] // HOUR]
    # The same record each time, but for when it was made.
    assert len({(r["id"], r["shown"], r["late"], r["digest"]) for r in life.records()}) == len(
        hours(life)
    )


def test_what_comes_to_an_hour_while_it_is_compared_is_in_its_record() -> None:
    hour = DAWN // HOUR
    life = Life(spread(400, DAWN, HOUR), SETTINGS._replace(start=DAWN, page_size=20))
    life.clock.now = float(DAWN)
    came: list[int] = []

    def watch(collector: Collector) -> None:
        if collector.counters.total["coverage_calls"] == 5 and not came:
            # Later than any sweep that is to come would find it, where the walk has been.
            came.append(int(life.clock.now))
            life.slack.add(entry(DAWN + HOUR - 5, 0.0, 1))
            checkpoint = MemoryCheckpoint(life.memory)
            checkpoint.ask("reread", DAWN + HOUR - 9, DAWN + HOUR - 1, life.clock.now)

    life.run(2 * HOUR + 1800, watch=watch)
    assert came
    (record,) = [r for r in life.records() if r["oldest"] // HOUR == hour]
    assert (record["shown"], record["delivered"]) == (401, 401)
    assert record["late_most"] == pytest.approx(came[0] - DAWN - HOUR + 5, abs=20)


def test_an_entry_without_a_date_is_no_hours_late_one() -> None:
    name = "00000000-0000-4000-8000-00000000dead"
    text = f'{{"id":"{name}","action":"user_login"}}'
    dated = [entry(EPOCH + n * 60, float(EPOCH + n * 60), n) for n in range(1, 50)]
    life = Life(dated, SETTINGS)
    life.run(1130)
    # Where a stretch that has been read is read again.
    life.slack.add(Entry(EPOCH + 1000, 0.0, name, text))
    MemoryCheckpoint(life.memory).ask("reread", EPOCH + 900, EPOCH + 1100, life.clock.now)
    life.run(3 * HOUR)
    assert life.host.texts[text] == 1
    assert life.total("undated") > 0
    assert life.records()
    assert sum(record["late"] for record in life.records()) == 0


def test_filters_that_change_begin_coverage_anew() -> None:
    life = Life(spread(2_000, EPOCH, 6 * HOUR), SETTINGS)
    life.run(3 * HOUR)
    before = len(life.records())
    filters = SETTINGS.filters._replace(exclude=("user_logout",))
    life.settings = SETTINGS._replace(filters=filters)
    changed = int(life.clock.now)
    life.run(5 * HOUR)
    assert all(r["oldest"] > changed for r in life.records()[before:])
    assert len(life.records()) > before


def test_a_state_of_before_there_were_records_begins_with_the_next_hour() -> None:
    life = Life(spread(2_000, EPOCH, 6 * HOUR), SETTINGS._replace(coverage=False))
    life.run(3 * HOUR)
    assert life.memory.state is not None
    text = life.memory.state.ledger
    assert ',"covered":[]' in text
    life.memory.state = life.memory.state._replace(ledger=text.replace(',"covered":[]', ""))
    upgraded = int(life.clock.now)
    life.settings = SETTINGS
    life.run(5 * HOUR)
    assert life.records()
    assert all(r["oldest"] > upgraded for r in life.records())


def test_a_run_that_ends_by_itself_covers_what_is_due() -> None:
    start = EPOCH - 10 * HOUR
    life = Life(spread(2_000, start, 10 * HOUR), SETTINGS._replace(start=start))
    life.run(HOUR, once=True)
    assert len(hours(life)) >= 9
    assert life.clock.now < EPOCH + 60
    # A long history of busy hours, bit by bit.
    life = Life(spread(20_000, start, 10 * HOUR), SETTINGS._replace(start=start, page_size=100))
    life.run(HOUR, once=True)
    assert life.total("coverage_calls") == 30
    assert 0 < len(hours(life)) < 9


def test_beside_a_long_backlog_records_come_all_the_same() -> None:
    start = EPOCH - 100 * HOUR
    settings = SETTINGS._replace(start=start, page_size=50, workers=2)
    life = Life(spread(15_000, start, 101 * HOUR), settings)
    seen: list[int] = []

    def watch(collector: object) -> None:
        assert life.collector is not None
        if life.collector.work.backlog():
            seen.append(len(life.host.records))

    life.run(600, watch=watch)
    assert seen[-1] > 0
