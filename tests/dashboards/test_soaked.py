# SPDX-License-Identifier: Apache-2.0
"""The day that the health dashboard is drawn from: what is in the file, and what is shown of it."""

from __future__ import annotations

import functools
import gzip
import json
import re
from typing import Any

import pytest

from slack_audit_input.addon.dashboards import BOARDS
from slack_audit_input.engine.delivered import HOUR
from tests.dashboards.running import HEALTH, results
from tests.dashboards.sample import DAY, END
from tests.dashboards.soaked import FILE, kept, soaked
from tests.soak.covered import Record, last_of
from tests.soak.slack import CLIENT_SECRET
from tests.spl.search import Rows

MOST_BYTES = 300_000
#: What a token of Slack's begins with, whatever kind it is, and what it is sent or kept as; not
#: Slack's word that one is no good.
SECRET = re.compile(
    rf"xox[a-z]?[.-]|xapp-|Bearer |(?<!invalid_)(access|refresh)_token\W|{CLIENT_SECRET}"
)
#: Where the soak's processes had their files.
FOLDER = re.compile(r"/(tmp|home|root)/|site-packages")


def _ids() -> list[str]:
    return [json.loads(text)["id"] for text, _ in kept().entries]


def _records(before: float) -> dict[int, Record]:
    """The last record of each hour that had arrived before then."""
    return last_of(json.loads(text) for text, arrived in kept().records if arrived < before)


def _told(name: str) -> int:
    """A figure of what was done, summed over the lines that a person sees at END."""
    lines = [row["_raw"][0] for row in soaked().lines if int(row["_time"][0]) >= END - DAY]
    done = [line for line in lines if re.search(r"action=(collected|stopped|failed) ", line)]
    return sum(int(found[1]) for line in done if (found := re.search(rf" {name}=(\d+)", line)))


@functools.cache
def _shown() -> dict[str, Rows]:
    (board,) = [board for board in BOARDS if board.title == HEALTH]
    return results(board.definition())


def _figure(source: str) -> str:
    ((value,),) = _shown()[source][0].values()
    return value


def test_the_file_is_small_and_its_books_are_right() -> None:
    assert FILE.stat().st_size < MOST_BYTES
    day = kept().day
    assert day["end"] == END
    assert day["failures"] == []
    assert day["lives"]["kills"] >= 100
    assert day["outputs"]["splunk"]["lost"] == 0


def test_every_event_is_there_and_twice_only_what_was_in_flight() -> None:
    day, ids = kept().day, _ids()
    assert len(set(ids)) == day["generated"]
    assert len(ids) - len(set(ids)) == day["outputs"]["splunk"]["repeated"]
    assert 0 < len(ids) - len(set(ids)) <= day["outputs"]["splunk"]["bound"]


def test_kills_are_seen_as_restarts() -> None:
    started = [line for line in kept().lines if "action=started" in line]
    processes = {found[1] for line in started if (found := re.search(r" pid=(\d+) ", line))}
    lives = kept().day["lives"]
    # Killed while it still starts, a process says nothing; nor does one whose log's disk is full.
    assert 0.6 * lives["kills"] < len(processes)
    assert len(processes) <= 1 + lives["kills"] + sum(
        lives["exits by themselves, by code"].values()
    )


def test_refusals_are_in_the_answers_and_in_the_lines() -> None:
    assert 0 < _told("rate_limited") <= kept().day["statuses"]["429"]
    # The token was revoked, and somebody signed in again.
    assert kept().day["statuses"]["403"] > 0
    assert any("action=failed" in line for line in kept().lines)


def test_every_hour_has_a_complete_record() -> None:
    found = _records(before=float("inf"))
    first, last = min(found), max(found)
    assert sorted(found) == list(range(first, last + 1))
    assert first <= kept().day["begin"] // HOUR - 5
    # Quiet hours after the day have theirs, too.
    assert last >= END // HOUR - 1
    assert {record["state"] for record in found.values()} == {"complete"}
    assert sum(record["missing"] for record in found.values()) == 0
    assert sum(record["delivered"] for record in found.values()) == len(set(_ids()))


def test_events_came_late_and_were_found() -> None:
    delays = [arrived - json.loads(text)["date_create"] for text, arrived in kept().entries]
    assert sum(delay > HOUR for delay in delays) > 5
    assert _told("late") > 0
    assert sum(record["late"] for record in _records(before=float("inf")).values()) > 0


def test_nothing_secret_and_no_folder_is_in_it() -> None:
    with gzip.open(FILE, "rt", encoding="utf-8") as file:
        for line in file:
            assert not SECRET.search(line)
            assert not FOLDER.search(line)


@pytest.mark.parametrize(
    "text",
    ["xoxe.xoxp-1-abc", "xoxe-1-abc", "xoxp-abc", '{"refresh_token":"x"}', CLIENT_SECRET],
)
def test_what_is_secret_would_be_found(text: str) -> None:
    assert SECRET.search(text)


def test_each_panel_shows_something_of_it() -> None:
    def values(rows: Rows) -> list[Any]:
        return [value for row in rows for name, value in row.items() if value and name != "_time"]

    assert [name for name, rows in _shown().items() if not values(rows)] == []


def test_what_is_shown_is_what_is_in_the_file() -> None:
    assert _figure("ds_events") == str(_told("events"))
    assert _figure("ds_late") == str(_told("late"))
    assert _figure("ds_rate_limited") == str(_told("rate_limited"))
    seen = _records(before=END)
    assert 8 <= len(seen) < len(_records(before=float("inf")))
    assert _figure("ds_hours_complete") == str(len(seen))
    assert (_figure("ds_hours_repaired"), _figure("ds_hours_differs")) == ("0", "0")
    assert _figure("ds_recovered_late") == str(sum(record["late"] for record in seen.values()))
    indexed = sum(int(row["indexed"][0]) for row in _shown()["ds_completeness"])
    assert indexed == sum(arrived < END for _, arrived in kept().entries)


def test_collected_and_indexed_part_by_what_killed_processes_had_not_told() -> None:
    rows = _shown()["ds_completeness"]
    collected, indexed = (
        sum(int(row[name][0]) for row in rows) for name in ("collected", "indexed")
    )
    assert 0.5 * indexed < collected < indexed
