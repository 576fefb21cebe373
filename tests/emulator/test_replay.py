# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import pytest

from slack_audit_input.emulator import Emulator, EmulatorOptions
from slack_audit_input.emulator.replay import load, second_of
from tests.emulator.calls import GOOD, NOW, page

LINES = [
    b'{"id":"a","date_create":1612869308,"action":"file_shared","x":"\\/ \\ud83e\\udd8a"}',
    b'{ "date_create" : "2021-02-09 11:15:09", "id":"b", "n": 1e400, "big":123456789012345678901 }',
    '{"id":"c","date_create":"1612869310","name":"Søren 🦊"}'.encode(),
    b'{"id":"bytes","date_create":1612869310,"name":"\xff\xfe"}',
    b'{"id":"a","date_create":1612869308,"action":"file_shared","x":"\\/ \\ud83e\\udd8a"}',
    b'{"id":"no-date","action":"user_login"}',
    b'{"action":"no_id","date_create":1612869309,"actor":{"type":"user","user":{"id":"U1"}},"entity":{"type":"file","file":{"id":"F1"}}}',
    b'["no object"]',
    b'{"id":"odd","date_create":null}',
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "events.jsonl"
    found.write_bytes(b"\n".join(LINES) + b"\r\n\n  \n")
    return found


def emulator(file: Path, **options: object) -> Emulator:
    return Emulator(EmulatorOptions(replay=(str(file),), calls_per_minute=0, **options), NOW)  # type: ignore[arg-type]


def lines_of(body: bytes) -> list[bytes]:
    """The entries of a page as bytes."""
    assert body.startswith(b'{"entries":[')
    text = body[len(b'{"entries":[') : body.rindex(b'],"response_metadata"')]
    found = []
    while text:
        line = next(line for line in LINES if text.startswith(line))
        found.append(line)
        text = text[len(line) + 1 :]
    return found


def test_every_line_is_served_byte_for_byte_as_often_as_it_stands_there(file: Path) -> None:
    slack = emulator(file)
    served = lines_of(slack.serve({}, GOOD, NOW).body)
    assert sorted(served) == sorted(LINES)


def test_entries_stand_where_their_date_says_in_any_of_its_forms(file: Path) -> None:
    slack = emulator(file)

    def at(second: int) -> list[bytes]:
        params = {"oldest": str(second), "latest": str(second)}
        return lines_of(slack.serve(params, GOOD, NOW).body)

    assert at(1612869308) == [LINES[0], LINES[4]]
    assert at(1612869309) == [LINES[1], LINES[6]]
    # Those without a date stand with the newest.
    assert at(1612869310) == [LINES[2], LINES[3], LINES[5], LINES[7], LINES[8]]
    assert slack.replayed.undated == 3
    assert slack.replayed.undated_second == 1612869310
    assert emulator(file, undated_at=1_700_000_000).replayed.undated_second == 1_700_000_000


def test_the_truth_tells_ids_and_places(file: Path) -> None:
    slack = emulator(file)
    rows = [(row.id, row.second) for row in slack.truth(0, int(NOW), NOW)]
    assert sorted(rows, key=str) == sorted(
        [("a", 1612869308), ("a", 1612869308), ("b", 1612869309), ("c", 1612869310),
         ("bytes", 1612869310), ("no-date", 1612869310), ("odd", 1612869310), (None, 1612869309),
         (None, 1612869310)], key=str,
    )  # fmt: skip
    found = slack.summary(0, int(NOW), NOW)
    assert (found.count, found.without_id, found.newest) == (9, 2, 1612869310)


def test_filters_work_on_replayed_entries_and_know_their_actions(file: Path) -> None:
    slack = emulator(file)
    params = {"action": "no_id", "actor": "U1", "entity": "F1"}
    assert lines_of(slack.serve(params, GOOD, NOW).body) == [LINES[6]]
    assert page(slack, action="user_login")[0][0]["id"] == "no-date"


def test_a_shift_moves_all_to_now_and_changes_nothing_but_dates(file: Path) -> None:
    slack = emulator(file, replay_shift=True)
    move = int(NOW) - 1612869310
    served = {row.id: row.second for row in slack.truth(0, int(NOW), NOW)}
    assert served["a"] == 1612869308 + move
    body = slack.serve({}, GOOD, NOW).body
    assert LINES[0].replace(b"1612869308", str(1612869308 + move).encode()) in body
    assert LINES[1].replace(b"2021-02-09 11:15:09", b"2026-09-21 11:59:59") in body
    assert f'"date_create":"{1612869310 + move}"'.encode() in body
    assert LINES[5] in body


def test_the_synthetic_organization_is_off_unless_asked_for(file: Path) -> None:
    assert emulator(file).summary(0, int(NOW)).count == 9
    both = emulator(file, synthetic=True, history_days=1)
    assert both.summary(0, int(NOW)).count > 1000
    assert both.summary(0, 1_700_000_000).count == 9


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    for text in (b"{}\n{\n", b'{}\n{"a":' + b"[" * 100_000):
        file.write_bytes(text)
        with pytest.raises(ValueError, match=r"bad\.jsonl, line 2: not JSON"):
            load([str(file)], NOW)
    with pytest.raises(OSError, match="none"):
        load([str(tmp_path / "none")], NOW)


def test_dates_that_are_none() -> None:
    odd: list[object] = [
        None,
        True,
        "",
        "soon",
        -1,
        10**12,
        [],
        {},
        "2026-13-45 00:00:00",
        "\uff11",
    ]
    for value in odd:
        assert second_of({"date_create": value}) is None
    assert second_of([]) is None
    assert second_of({"date_create": 12.7}) == 12
    assert second_of({"date_create": "2021-02-09T11:15:09.123Z"}) == 1612869309
    assert load([], NOW).rows == []


@pytest.mark.parametrize(
    "name", ["azure_sentinel", "java_slack_sdk", "panther", "python_slack_sdk", "slack_docs"]
)
def test_published_entries_are_served_whole(name: str) -> None:
    file = Path(__file__).resolve().parents[3] / "shared" / "data" / f"events.{name}.jsonl"
    if not file.exists():
        pytest.skip("the published entries are not on this machine")
    slack = emulator(file)
    body = slack.serve({"limit": "9999"}, GOOD, NOW).body
    lines = [line for line in file.read_bytes().splitlines() if line.strip()]
    assert len(json.loads(body)["entries"]) == len(lines)
    assert all(line.strip() in body for line in lines)
