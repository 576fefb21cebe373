# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slack_audit_input.emulator import Burst
from tests.emulator.calls import GOOD, NOW, emulator, ids, page, walk

NOON = int(NOW)
ORGANIZATION = emulator(bursts=(Burst(NOON - 5000, 1, 120), Burst(NOON - 5003, 2, 31)))


@settings(max_examples=40)
@given(
    limit=st.one_of(st.integers(1, 400), st.just(9999)),
    oldest=st.integers(NOON - 20_000, NOON),
    length=st.integers(0, 9000),
    split=st.booleans(),
)
def test_every_entry_comes_once_in_order_for_any_limit(
    limit: int, oldest: int, length: int, split: bool
) -> None:
    ORGANIZATION.change(split_seconds=split)
    latest = min(oldest + length, NOON)
    pages = list(walk(ORGANIZATION, oldest=oldest, latest=latest, limit=limit))
    entries = [entry for one in pages for entry in one]
    assert ids(entries) == [row.id for row in ORGANIZATION.truth(oldest, latest, NOW)]
    assert len(set(ids(entries))) == len(entries)
    seconds = [entry["date_create"] for entry in entries]
    assert seconds == sorted(seconds, reverse=True)
    assert all(oldest <= second <= latest for second in seconds)
    for one, after in zip(pages, pages[1:]):
        if split:
            assert len(one) == limit
        else:
            assert len(one) >= limit
            # No second is on two pages, and a page is longer only by its last second.
            assert one[-1]["date_create"] != after[0]["date_create"]
            assert len(one) == limit or one[limit - 1]["date_create"] == one[-1]["date_create"]


def test_a_page_may_be_longer_than_its_limit_and_never_splits_a_second() -> None:
    slack = emulator(events_per_day=0, bursts=(Burst(NOON - 100, 1, 50), Burst(NOON - 50, 1, 5)))
    first, cursor = page(slack, limit=6)
    assert len(first) == 55
    assert cursor == ""
    first, cursor = page(slack, limit=5)
    assert len(first) == 5
    second, end = page(slack, limit=5, cursor=cursor)
    assert (len(second), end) == (50, "")


def test_bounds_are_inclusive() -> None:
    slack = emulator(events_per_day=0, bursts=(Burst(NOON - 100, 3, 9),))
    for oldest, latest, count in (
        (100, 98, 9),
        (100, 100, 3),
        (99, 99, 3),
        (99, 98, 6),
        (97, 0, 0),
    ):
        entries, _ = page(slack, oldest=NOON - oldest, latest=NOON - latest)
        assert len(entries) == count


def test_a_cursor_forgets_oldest_and_walks_on_into_the_past() -> None:
    slack = emulator()
    window = {"oldest": NOON - 3600, "latest": NOON, "limit": 50}
    _, cursor = page(slack, **window)
    old = NOON - 3600
    reached = []
    for _ in range(30):
        entries, cursor = page(slack, limit=50, cursor=cursor)
        reached += entries
    assert min(entry["date_create"] for entry in reached) < old


def test_a_cursor_forgets_filters() -> None:
    slack = emulator()
    _, cursor = page(slack, action="file_downloaded", limit=5)
    entries, _ = page(slack, limit=200, cursor=cursor)
    assert {entry["action"] for entry in entries} > {"file_downloaded"}


def test_a_cursor_is_base64_text_that_holds_a_time_and_ends_in_an_equals_sign() -> None:
    slack = emulator()
    more: dict[str, Any] = {}
    for _ in range(12):
        entries, cursor = page(slack, limit=7, **more)
        more = {"cursor": cursor}
        assert cursor.endswith("=")
        second = int(base64.b64decode(cursor).split(b":")[0])
        following, _ = page(slack, limit=7, cursor=cursor)
        assert following[0]["date_create"] == second < entries[-1]["date_create"]


def test_a_cursor_does_not_reach_above_latest() -> None:
    slack = emulator()
    _, cursor = page(slack, limit=5)
    entries, _ = page(slack, latest=NOON - 40_000, cursor=cursor)
    assert entries[0]["date_create"] <= NOON - 40_000


def test_a_fixed_latest_is_stable_while_entries_arrive_and_an_open_one_is_not() -> None:
    slack = emulator(live_rate=5, live_from=NOON - 600)
    fixed = list(walk(slack, latest=NOON - 1, oldest=NOON - 600, limit=100))
    moving = []
    cursor, now = "", NOW
    while True:
        more: dict[str, Any] = {"cursor": cursor} if cursor else {}
        entries, cursor = page(slack, now, latest=NOON - 1, oldest=NOON - 600, limit=100, **more)
        moving += entries
        now += 30
        if not cursor:
            break
    assert ids(moving) == [name for one in fixed for name in ids(one)]
    early, _ = page(slack, NOW, limit=100)
    late, _ = page(slack, NOW + 5, limit=100)
    assert early[0]["id"] != late[0]["id"]
    assert early[0]["id"] in ids(late)


@pytest.mark.parametrize(
    ("limit", "count"),
    [("9999", 9999), ("10000", 9999), ("999999999", 9999), ("", 200), ("0", 200), ("-3", 200),
     ("many", 200), (None, 200), ("17", 17)],
)  # fmt: skip
def test_limits_that_make_no_sense_are_adjusted(limit: str | None, count: int) -> None:
    slack = emulator(events_per_day=9000)
    params: dict[str, Any] = {} if limit is None else {"limit": limit}
    entries, _ = page(slack, **params)
    assert count <= len(entries) < count + 20


def test_filters_take_what_matches_all_of_them() -> None:
    slack = emulator(events_per_day=20_000, history_days=1)
    everything = [entry for one in walk(slack, limit=9999) for entry in one]
    one = next(e for e in everything if e["action"] == "file_shared" and e["entity"]["file"]["id"])
    actor, entity = one["actor"]["user"]["id"], one["entity"]["file"]["id"]

    def matching(**wanted: str) -> list[str]:
        return [
            entry["id"]
            for entry in everything
            if entry["action"] in wanted.get("action", entry["action"]).split(",")
            and entry["actor"]["user"]["id"] == wanted.get("actor", entry["actor"]["user"]["id"])
            and ("entity" not in wanted
                 or str(entry["entity"][entry["entity"]["type"]].get("id")) == wanted["entity"])
        ]  # fmt: skip

    for wanted in (
        {"action": "file_shared"},
        {"action": "user_login,app_installed,emoji_added,canvas_opened"},
        {"actor": actor},
        {"entity": entity},
        {"action": "file_shared", "actor": actor, "entity": entity},
    ):
        found = [name for entries in walk(slack, limit=500, **wanted) for name in ids(entries)]
        assert found == matching(**wanted)
        assert found
    assert page(slack, actor="UNOBODY") == ([], "")


def test_unknown_parameters_and_times_with_a_fraction_are_taken() -> None:
    slack = emulator()
    plain, _ = page(slack, oldest=NOON - 3600, latest=NOON)
    odd, _ = page(slack, oldest=f"{NOON - 3600}.7", latest=f"{NOON:.9e}", pretty=1, max_date=3)
    assert plain == odd
    assert page(slack, oldest=0, limit=9999)[0] == page(slack, limit=9999)[0]


@pytest.mark.parametrize(
    ("end", "tail"),
    [
        ("empty", b'"response_metadata":{"next_cursor":""}}'),
        ("null", b'"response_metadata":{"next_cursor":null}}'),
        ("missing", b'"response_metadata":{}}'),
        ("no_metadata", b'{"entries":[]}'),
    ],
)
def test_the_last_page_says_so_in_several_ways(end: str, tail: bytes) -> None:
    slack = emulator(last_cursor=end)
    body = slack.serve({"oldest": str(NOON), "latest": str(NOON - 9)}, GOOD, NOW).body
    assert body.endswith(tail)
    assert json.loads(body)["entries"] == []


def test_short_pages_lose_nothing() -> None:
    slack = emulator(short_pages=0.5)
    pages = list(walk(slack, limit=300))
    assert any(len(one) < 300 for one in pages[:-1])
    entries = [name for one in pages for name in ids(one)]
    assert entries == [row.id for row in slack.truth(0, NOON, NOW)]
