# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from slack_audit_input.emulator import Clock, EmulatorOptions, RunningEmulator, start
from slack_audit_input.emulator.options import CHANGEABLE
from slack_audit_input.emulator.routes import HELP
from tests.emulator.calls import NOW, Http

NOON = int(NOW)


@pytest.fixture
def running() -> Iterator[RunningEmulator]:
    options = EmulatorOptions(
        calls_per_minute=0, events_per_day=4000, history_days=2, start_at=NOW, frozen=True
    )
    with start(options) as found:
        yield found


@pytest.fixture
def http(running: RunningEmulator) -> Iterator[Http]:
    found = Http(running)
    yield found
    found.close()


def test_a_clock_runs_stands_and_moves() -> None:
    machine = [100.0]
    clock = Clock(1000.0, source=lambda: machine[0])
    machine[0] += 5
    assert clock.now() == 1005
    clock.freeze()
    machine[0] += 5
    assert clock.now() == 1005
    clock.step(-10)
    assert clock.now() == 995
    clock.freeze(False)
    machine[0] += 1
    assert clock.state() == {"now": 996.0, "frozen": False, "offset": 885.0}
    clock.set(2000)
    assert clock.now() == 2000


def test_the_clock_over_http_decides_what_is_visible(running: RunningEmulator, http: Http) -> None:
    assert http.control("GET", "clock")["now"] == NOW
    running.control.set_rate(2)
    _, before = http.get(limit=1)
    assert http.control("POST", "clock", {"step": 60})["now"] == NOW + 60
    response, after = http.get(limit=9999, oldest=NOON + 1)
    assert response.headers["Date"] == "Mon, 21 Sep 2026 12:01:00 GMT"
    assert len(json.loads(after)["entries"]) == running.control.summary(NOON + 1).count > 60
    http.control("POST", "clock", {"set": NOW})
    assert http.get(limit=1)[1] == before
    assert http.control("POST", "clock", {"frozen": False})["frozen"] is False
    assert "tick" in http.control("POST", "clock", {"tick": 1})["error"]


def test_faults_are_planned_for_once_and_forgotten(http: Http) -> None:
    http.control("PUT", "faults", ["http_500=1", {"kind": "empty", "calls": [9]}])
    found = http.control("GET", "faults")
    assert [row["kind"] for row in found["planned"]] == ["http_500", "empty"]
    assert "http_500" in found["kinds"]
    assert http.get()[0].status == 500
    http.control("POST", "faults", {"kind": "http_503", "count": 2})
    assert [http.get()[0].status for _ in range(3)] == [503, 503, 500]
    http.control("DELETE", "faults")
    assert http.get()[0].status == 200
    assert "no fault" in http.control("POST", "faults", {"kind": "none"})["error"]


def test_the_truth_is_a_stream_and_a_summary(running: RunningEmulator, http: Http) -> None:
    rows = http.control("GET", f"truth?oldest={NOON - 86_400}")
    assert rows == [row._asdict() for row in running.control.truth(NOON - 86_400)]
    assert len(rows) > 1000
    summary = http.control("GET", f"truth/summary?oldest={NOON - 86_400}")
    assert summary == vars(running.control.summary(NOON - 86_400))
    future = f"truth/summary?latest={NOON + 3600}&visible=0"
    assert http.control("GET", future)["count"] > http.control("GET", "truth/summary")["count"]
    assert http.control("GET", "truth?oldest=x")["error"]


def test_counters_count_calls_pages_and_entries(http: Http) -> None:
    _, body = http.get(limit=100)
    http.get(limit=50, cursor="x")
    http.get("/audit/v1/actions")
    found = http.control("GET", "counters")
    count = len(json.loads(body)["entries"])
    assert found["calls"] == {"logs": 2, "actions": 1}
    assert found["statuses"] == {"200": 2, "400": 1}
    assert (found["pages"], found["entries"]) == (1, count)
    assert found["page_fill"] == round(count / 100, 4)
    assert found["calls_per_minute"] == {str(NOON): 2}
    calls = http.control("GET", "calls")
    assert calls[0]["params"] == {"limit": "100"}
    assert http.control("DELETE", "counters")["pages"] == 0
    assert http.control("GET", "calls") == []


def test_settings_are_told_and_changed(running: RunningEmulator, http: Http) -> None:
    assert set(http.control("GET", "settings")) == CHANGEABLE - {"faults"}
    changed = http.control(
        "POST",
        "settings",
        {
            "answer_time": "0.01-0.02",
            "calls_per_minute": 1,
            "cursor_lifetime": 5,
            "faults": ["html@1"],
            "last_cursor": "null",
            "more_tokens": ["xoxp-b"],
            "refused_actions": ["user_login"],
        },
    )
    assert changed["answer_time"] == "0.01-0.02"
    assert http.control("GET", "tokens") == ["xoxp-emulator", "xoxp-b"]
    assert [http.get(action="user_login")[0].status for _ in range(2)] == [200, 429]
    for wrong in ({"seed": 4}, {"last_cursor": "none"}, {"answer_time": "soon"}, {"nothing": 1}):
        assert http.control("POST", "settings", wrong)["error"]
    assert running.control.emulator.options.seed == 1


def test_traffic_is_made_over_http(running: RunningEmulator, http: Http) -> None:
    count = running.control.summary().count
    http.control("POST", "bursts", {"count": 40, "seconds": 2, "start": NOON - 50})
    made = http.control("POST", "events", {"count": 3, "second": NOON - 70})["ids"]
    late = http.control("POST", "events", {"second": NOON - 70, "visible_at": NOW + 9})["ids"]
    entry = {"id": "by-hand", "date_create": NOON - 71, "name": "Ø", "action": "brand_new"}
    text = json.dumps(entry, ensure_ascii=False) + " "
    http.control("POST", "events", {"entries": [entry, text, 5]})
    assert running.control.summary().count == count + 40 + 3 + 3
    body = http.get(oldest=NOON - 71, latest=NOON - 70)[1]
    assert text.encode() in body
    shown = {item["id"] for item in json.loads(body)["entries"]}
    assert shown >= {*made, "by-hand"}
    assert late[0] not in shown
    running.control.clock.step(10)
    assert late[0] in {row.id for row in running.control.truth(NOON - 70, NOON - 70)}
    http.control("POST", "rate", {"events_per_second": 4})
    running.control.clock.step(100)
    assert 300 < running.control.summary(NOON + 11).count < 500
    http.control("POST", "rate", {"events_per_second": None, "from": NOON + 200})
    assert http.control("POST", "rate", {})["error"]
    assert http.control("POST", "events", {"entries": ["{"]})["error"]


def test_what_there_is_not_is_said(http: Http) -> None:
    assert http.control("GET", "") == HELP
    assert "no GET /control/nothing" in http.control("GET", "nothing")["error"]
    assert "no DELETE" in http.control("DELETE", "clock")["error"]
    http.connection.request("POST", "/control/clock", "{")
    response = http.connection.getresponse()
    assert response.status == 400
    assert b"JSONDecodeError" in response.read()
    http.connection.request("PUT", "/control/faults", "7")
    assert http.connection.getresponse().read()


def test_events_added_in_process_are_in_truth_and_page(running: RunningEmulator) -> None:
    control = running.control
    first, second = control.add_events(2), control.add_events(2)
    assert len({*first, *second}) == 4
    control.add_entries(['{"no":"id"}'])
    rows = [row.id for row in control.truth(NOON, NOON)]
    assert {*first, *second, None} <= set(rows)
    control.add_burst(5)
    control.clock.step(2)
    assert control.summary(NOON + 1).count >= 5
