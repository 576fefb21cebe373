# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from slack_audit_input.emulator import KINDS, EmulatorOptions, Fault, RunningEmulator, start
from slack_audit_input.emulator.faults import FaultPlan
from tests.emulator.calls import GOOD, NOW, Http, emulator, ids, page

NOON = int(NOW)


def entries_of(kind: str, value: str = "") -> tuple[list[Any], list[Any], str, str]:
    """A page as it is and with a fault, with the next cursor of each."""
    slack = emulator()
    plain, cursor = page(slack, limit=40)
    slack.faults.once(Fault(kind, value=value))
    damaged, after = page(slack, limit=40)
    assert page(slack, limit=40) == (plain, cursor)
    return plain, damaged, cursor, after


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("http_500", 500, b'{"ok":false,"error":"internal_error"}'),
        ("http_502", 502, b""),
        ("http_503", 503, b"<!DOCTYPE html>"),
        ("rate_limited", 429, b'{"ok":false,"error":"ratelimited"}'),
        ("empty", 200, b""),
        ("html", 200, b"<!DOCTYPE html>"),
        ("not_ok", 200, b'{"ok":false,"error":"internal_error"}'),
        ("redirect", 302, b""),
    ],
)
def test_answers_in_the_place_of_a_page(kind: str, status: int, body: bytes) -> None:
    slack = emulator(faults=(Fault(kind, calls=(2,)),))
    assert slack.serve({}, GOOD, NOW).status == 200
    given = slack.serve({}, GOOD, NOW)
    assert given.status == status
    assert given.body.startswith(body) if body else given.body == b""
    assert slack.serve({}, GOOD, NOW).status == 200
    assert slack.counters.state()["faults"] == {kind: 1}


@pytest.mark.parametrize(
    "value", ["7", "3600", "soon", "-1", "1e9", "Wed, 21 Oct 2026 07:28:00 GMT"]
)
def test_retry_after_may_be_nonsense(value: str) -> None:
    slack = emulator(faults=(Fault("rate_limited", 1.0, value=value),))
    assert slack.serve({}, GOOD, NOW).headers["Retry-After"] == value


def test_a_redirect_and_an_error_have_their_value() -> None:
    slack = emulator()
    slack.faults.once(Fault("redirect", value="http://127.0.0.2/x"))
    assert slack.serve({}, GOOD, NOW).headers["Location"] == "http://127.0.0.2/x"
    slack.faults.once(Fault("not_ok", value="token_revoked"))
    assert json.loads(slack.serve({}, GOOD, NOW).body)["error"] == "token_revoked"


def test_entries_that_are_not_objects_come_on_top() -> None:
    plain, damaged, cursor, after = entries_of("not_objects")
    assert [entry for entry in damaged if isinstance(entry, dict)] == plain
    assert len(damaged) == len(plain) + 3
    assert cursor == after


def test_entries_without_id_or_date_come_on_top() -> None:
    plain, damaged, _, _ = entries_of("no_id")
    extra = [entry for entry in damaged if "id" not in entry]
    assert [entry for entry in damaged if "id" in entry] == plain
    assert len(extra) == 1
    assert "date_create" in extra[0]
    plain, damaged, _, _ = entries_of("no_date")
    extra = [entry for entry in damaged if "date_create" not in entry]
    assert [entry for entry in damaged if "date_create" in entry] == plain
    assert len(extra) == 1
    assert extra[0]["id"] not in ids(plain)


def test_odd_values_and_large_entries_keep_their_entry() -> None:
    plain, damaged, _, _ = entries_of("odd_values")
    assert ids(damaged) == ids(plain)
    odd = next(entry["odd"] for entry in damaged if "odd" in entry)
    assert odd["nan"] != odd["nan"]
    assert odd["large"] > 2**64
    assert odd["surrogate"] == "\ud83d"
    plain, damaged, _, _ = entries_of("huge_entry", "3000000")
    assert ids(damaged) == ids(plain)
    assert max(len(entry.get("huge", "")) for entry in damaged) == 3_000_000


def test_bytes_that_are_no_utf8() -> None:
    slack = emulator()
    slack.faults.once(Fault("not_utf8"))
    body = slack.serve({"limit": "5"}, GOOD, NOW).body
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    assert len(json.loads(body.decode(errors="replace"))["entries"]) == 5


def test_cursors_that_lead_nowhere() -> None:
    plain, damaged, cursor, after = entries_of("empty_page")
    assert damaged == []
    slack = emulator()
    assert page(slack, limit=40, cursor=after) == (plain, cursor)
    first, cursor = page(slack, limit=40)
    second, _ = page(slack, limit=40, cursor=cursor)
    for _ in range(3):
        slack.faults.once(Fault("same_cursor"))
        again, cursor = page(slack, limit=40, cursor=cursor)
        assert again == second
    slack.faults.once(Fault("lost_cursor"))
    assert page(slack, limit=40) == (first, "")


def test_an_unsorted_page_has_the_same_entries() -> None:
    plain, damaged, cursor, after = entries_of("unsorted")
    assert sorted(ids(plain)) == sorted(ids(damaged))
    assert plain != damaged
    assert cursor == after


def test_faults_come_at_their_rate_by_the_seed_and_by_number() -> None:
    planned = (Fault("http_500", 0.1), Fault("empty", 0.05), Fault("html", calls=(3, 5)))

    def drawn(seed: int) -> list[str]:
        plan = FaultPlan(seed, planned)
        faults = [plan.choose(call) for call in range(1, 5001)]
        return [fault.kind if fault else "" for fault in faults]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 0.085 < drawn(1).count("http_500") / 5000 < 0.115
    assert 0.035 < drawn(1).count("empty") / 5000 < 0.06
    assert FaultPlan(1, planned[2:]).choose(3) == planned[2]
    plan = FaultPlan(1, planned)
    plan.once(Fault("cut"), 2)
    assert [plan.choose(3), plan.choose(3)] == [Fault("cut")] * 2
    assert len(plan.pending) == 0
    plan.once(Fault("cut"))
    plan.clear()
    assert not any(plan.choose(call) for call in range(100))


def test_faults_are_read_from_text() -> None:
    assert Fault.parse("cut=0.5") == Fault("cut", 0.5)
    assert Fault.parse("rate_limited@3,9:Wed, 21 Oct") == Fault(
        "rate_limited", calls=(3, 9), value="Wed, 21 Oct"
    )
    assert Fault.parse("drip=1@7:2.5") == Fault("drip", 1, (7,), "2.5")
    for text in (
        "",
        "cut",
        "cut=2",
        "nothing=1",
        "cut=x",
        "drip=1:soon",
        "cut@",
        "huge_entry=1:-4",
    ):
        with pytest.raises(ValueError, match=r"."):
            Fault.parse(text)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningEmulator]:
    options = EmulatorOptions(calls_per_minute=0, events_per_day=4000, start_at=NOW, frozen=True)
    with start(options) as found:
        yield found


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_cut_body_is_shorter_than_promised(running: RunningEmulator, encoding: str) -> None:
    running.control.fault_once("cut")
    http_ = Http(running)
    with pytest.raises(http.client.IncompleteRead) as caught:
        http_.get(headers={"Accept-Encoding": encoding})
    assert caught.value.expected is not None
    assert caught.value.expected > 100
    http_.close()


def test_a_reset_is_a_reset(running: RunningEmulator) -> None:
    running.control.fault_once("reset")
    http_ = Http(running)
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        http_.get(limit=5000)
    http_.close()


def test_slow_answers_take_their_time_and_arrive_whole(running: RunningEmulator) -> None:
    http_ = Http(running)
    _, plain = http_.get(limit=50)
    for kind in ("slow_start", "drip"):
        running.control.fault_once(kind, "0.2")
        began = time.monotonic()
        _, body = http_.get(limit=50)
        assert body == plain
        assert time.monotonic() - began >= 0.18
    http_.close()


def test_no_answer_comes_until_the_client_gives_up(running: RunningEmulator) -> None:
    running.control.fault_once("hang")
    http_ = Http(running)
    http_.connection.timeout = 0.2
    with pytest.raises(OSError, match="timed out"):
        http_.get()
    http_.close()


def test_every_kind_can_be_served_over_http(running: RunningEmulator) -> None:
    http_ = Http(running)
    for kind in sorted(set(KINDS) - {"hang", "cut", "reset"}):
        value = {"slow_start": "0.01", "drip": "0.01", "huge_entry": "1000"}.get(kind, "")
        running.control.fault_once(kind, value)
        response, _ = http_.get(limit=20)
        assert response.status in (200, 302, 429, 500, 502, 503)
    response, body = http_.get(limit=20)
    assert len(json.loads(body)["entries"]) >= 20
    http_.close()
