# SPDX-License-Identifier: Apache-2.0
"""The alerts on coverage records fire on holes and on what is overdue, and on nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slack_audit_input.engine.records import event_of
from slack_audit_input.model.coverage import (
    BY_IDS,
    COMPLETE,
    DIFFERS,
    REPAIRED,
    Comparison,
    Record,
    Tally,
)
from tests.searchtime.app import COVERAGE, DEFAULT, SOURCETYPE, App
from tests.searchtime.conf import read
from tests.spl.events import macros, record_rows
from tests.spl.search import Rows, Spl

ALERTS = read(DEFAULT / "savedsearches.conf")
HOUR = 3600
FIRST = 472_222
#: A day of hours, each closed in its time.
NOW = (FIRST + 24 + 18) * HOUR


def record(hour: int, state: str = COMPLETE, missing: int = 0, revision: int = 1) -> Record:
    short = missing if state == DIFFERS else 0
    repaired = missing if state == REPAIRED else 0
    found = Comparison(7, "0" * 32, 7 - short, 0, short, state == DIFFERS, BY_IDS, 1)
    return Record(
        input="acme",
        account="lumen",
        hour=hour,
        oldest=hour * HOUR,
        latest=hour * HOUR + HOUR - 1,
        seconds=HOUR,
        tally=Tally(missing=repaired, repaired=repaired, revision=revision),
        found=found,
        state=state,
        closed=(hour + 19) * HOUR + revision,
        tolerance=18 * HOUR,
    )


def run(name: str, records: list[Record], now: int = NOW) -> Rows:
    spl = Spl(ALERTS[name]["search"].replace("now()", str(now)), macros())
    rows = record_rows([event_of(one) for one in records], now - 60)
    assert spl.fields() <= set().union(*rows) | {"_time"}
    return spl.run(rows)


DAY = [record(hour) for hour in range(FIRST, FIRST + 24)]


def test_a_complete_day_is_no_alert() -> None:
    assert run("Slack audit has a hole", DAY) == []
    assert run("Slack audit lacks coverage", DAY) == []


@pytest.mark.parametrize("state", [REPAIRED, DIFFERS])
def test_a_hole_is_told_once_by_its_last_record(state: str) -> None:
    hole = record(FIRST + 3, state, 2)
    (found,) = run("Slack audit has a hole", [*DAY[:3], hole, hole, *DAY[4:]])
    assert (found["state"], found["missing"]) == ([state], ["2"])
    assert found["hour"] == ["2023-11-15T01:00Z"]
    # A record that comes later takes its place.
    again = record(FIRST + 3, COMPLETE, revision=2)
    assert run("Slack audit has a hole", [*DAY, hole, again]) == []


def test_an_hour_without_record_is_told() -> None:
    (found,) = run("Slack audit lacks coverage", [*DAY[:3], *DAY[5:]])
    assert (found["input"], found["lacking"]) == (["acme"], ["2"])
    # A repeat after a crash fills no gap.
    assert run("Slack audit lacks coverage", [*DAY[:3], DAY[2], DAY[2], *DAY[5:]])


def test_a_newest_record_that_is_too_old_is_told() -> None:
    assert run("Slack audit lacks coverage", DAY, NOW + 11 * HOUR) == []
    (found,) = run("Slack audit lacks coverage", DAY, NOW + 13 * HOUR)
    assert float(found["behind_h"][0]) > 12


def test_both_are_switched_off_and_scheduled_like_the_others() -> None:
    for name in ("Slack audit has a hole", "Slack audit lacks coverage"):
        stanza = ALERTS[name]
        assert (stanza["disabled"], stanza["enableSched"]) == ("1", "1")
        assert stanza.keys() >= ALERTS["Slack audit input is behind"].keys()


def test_splunk_finds_every_field_of_a_record_and_no_data_model_takes_it() -> None:
    _, _, text = event_of(record(FIRST, REPAIRED, 2))
    fields = App.load().fields(text, COVERAGE)
    data: dict[str, Any] = json.loads(text)
    for name, value in data.items():
        if name != "lateness":
            assert fields[name] == [str(value)], name
    assert fields["eventtype"] == ["slack_audit_coverage"]
    assert "tag" not in fields
    assert "slack_audit_coverage" not in App.load().fields(text, SOURCETYPE)["eventtype"]


def test_the_time_of_a_record_is_where_props_look_for_it() -> None:
    stanza = read(DEFAULT / "props.conf")[COVERAGE]
    assert stanza["TIME_PREFIX"] == r'"latest"\s*:\s*'
    second, _, text = event_of(record(FIRST))
    assert f'"latest":{second},' in text
