# SPDX-License-Identifier: Apache-2.0
"""The public Python API over real connections to a model of Slack."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest

import slack_audit_input
from slack_audit_input import AuditLogs
from slack_audit_input.model.errors import (
    AuthError,
    CollectorError,
    ConfigError,
    GaveUp,
    ProtocolError,
)
from slack_audit_input.slack.client import Answer
from tests.fakes.http import TOKEN, Broken, Shell, serving
from tests.fakes.slack import Entry, FakeSlack, entry
from tests.fakes.world import EPOCH, FakeClock
from tests.slack.servers import always, answer, wire

DAY_AGO = EPOCH - 86_400


class Timekeeper(FakeClock):
    """Virtual time in which waiting takes none."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
        assert seconds > 0
        self.now += seconds


def logs_at(shell: Shell, time: Timekeeper, page_size: int = 50) -> AuditLogs:
    return AuditLogs(TOKEN, api_url=shell.url, page_size=page_size, timekeeper=time)


def ids(found: list[dict[str, object]]) -> list[object]:
    return [one["id"] for one in found]


@pytest.fixture
def time() -> Timekeeper:
    return Timekeeper()


@pytest.fixture
def entries() -> list[Entry]:
    """500 events with ties, in the last hour."""
    chance = Random(3)
    return [
        entry(EPOCH - 3700 + chance.choice([7, chance.randrange(3600)]), 0, n, f"action_{n % 40}")
        for n in range(500)
    ]


@pytest.mark.parametrize("packed", [True, False])
def test_every_event_once_newest_first(
    time: Timekeeper, entries: list[Entry], packed: bool
) -> None:
    slack = FakeSlack(entries)
    with serving(slack, lambda: time.now, packed=packed) as shell, logs_at(shell, time) as logs:
        found = list(logs.events(DAY_AGO))
    assert sorted(ids(found), key=str) == sorted(e.id for e in entries)
    seconds = [one["date_create"] for one in found]
    assert seconds == sorted(seconds, reverse=True)
    assert len(shell.logs) >= 10
    assert all("oldest" in asked and "latest" in asked for asked in shell.logs)


def test_every_event_once_through_everything(time: Timekeeper, entries: list[Entry]) -> None:
    chance = Random(5)

    def spoil(number: int, answer: Answer) -> Answer | Broken:
        if chance.random() < 0.5:
            return answer
        faults: list[Answer | Broken] = [
            Broken(answer, min(20, len(answer.body))),
            answer._replace(body=answer.body[: len(answer.body) // 2]),
            answer._replace(body=answer.body, encoding="gzip"),
            Answer(429, b"", retry_after="2"),
            Answer(500, b"<html>"),
            Answer(302, b"moved"),
            Answer(200, b""),
        ]
        return chance.choice(faults)

    slack = FakeSlack(entries, cursor_life=20.0)
    with serving(slack, lambda: time.now, spoil) as shell, logs_at(shell, time, 40) as logs:
        found = list(logs.events("-1d"))
    assert sorted(ids(found), key=str) == sorted(e.id for e in entries)


def test_filters(time: Timekeeper, entries: list[Entry]) -> None:
    def wanted(test: Callable[[int], bool]) -> list[str]:
        return sorted(e.id for n, e in enumerate(entries) if test(n % 40))

    with serving(FakeSlack(entries), lambda: time.now) as shell, logs_at(shell, time) as logs:

        def found(**filters: Any) -> list[object]:
            return sorted(ids(list(logs.events(DAY_AGO, **filters))), key=str)

        assert found(action="action_3") == wanted(lambda a: a == 3)
        assert shell.logs[-1]["action"] == "action_3"
        assert found(action=" action_3, action_4,,action_3") == wanted(lambda a: a in (3, 4))
        assert shell.logs[-1]["action"] == "action_3,action_4"
        assert found(action=["action_3", "action_4"]) == wanted(lambda a: a in (3, 4))
        assert found(exclude_action="action_3") == wanted(lambda a: a != 3)
        many = [f"action_{n}" for n in range(35)]
        assert found(action=many, exclude_action=["action_1"]) == wanted(
            lambda a: a < 35 and a != 1
        )
        assert "action" not in shell.logs[-1]
        found(actor="W1", entity="C1")
        assert (shell.logs[-1]["actor"], shell.logs[-1]["entity"]) == ("W1", "C1")


def test_a_name_that_slack_does_not_know_is_left_out_with_a_warning(time: Timekeeper) -> None:
    slack = FakeSlack([entry(EPOCH - 60, 0, 1)], known=frozenset({"user_login"}))
    with serving(slack, lambda: time.now) as shell, logs_at(shell, time) as logs:
        found = logs.events("-1h", action=["unheard_of", "user_login"])
        with pytest.warns(UserWarning, match="unheard_of"):
            assert len(list(found)) == 1


def test_times_in_any_form(time: Timekeeper, entries: list[Entry]) -> None:
    with serving(FakeSlack(entries), lambda: time.now) as shell, logs_at(shell, time, 9999) as logs:
        cases: list[tuple[Any, Any, tuple[int, int]]] = [
            (EPOCH - 100, EPOCH - 50, (EPOCH - 100, EPOCH - 50)),
            (EPOCH - 100.7, EPOCH - 50.2, (EPOCH - 101, EPOCH - 51)),
            ("2023-11-14T22:00:00Z", "2023-11-14T23:10:00+01:00", (1699999200, 1699999800)),
            ("2023-11-14", "-1h", (1699920000, EPOCH - 3600)),
            (str(EPOCH - 100), "now", (EPOCH - 100, EPOCH - 2)),
        ]
        for oldest, latest, span in cases:
            list(logs.events(oldest, latest))
            asked = shell.logs[-1]
            assert int(asked["oldest"]) == span[0]
            assert span[1] <= int(asked["latest"]) <= span[1] + 20  # virtual time goes on
        list(logs.events("-1h", EPOCH + 10**6))
        assert int(shell.logs[-1]["latest"]) <= time.now - 2


@pytest.mark.parametrize("skew", [-3e6, -100.0, 100.0, 3e6])
def test_now_is_slacks_however_wrong_this_machines_clock_is(skew: float) -> None:
    time = Timekeeper(skew=skew)
    slack = FakeSlack([entry(EPOCH - 60, 0, 1)])
    with serving(slack, lambda: time.now) as shell, logs_at(shell, time) as logs:
        assert len(list(logs.events("-1h"))) == 1
        assert 0 <= time.now - int(shell.logs[-1]["latest"]) <= 5
        assert len(list(logs.events("-1h"))) == 1
    assert [path for path, _, _ in shell.asked].count("actions") == 1


def test_bad_arguments_are_refused_at_once(time: Timekeeper) -> None:
    with serving(FakeSlack([]), lambda: time.now) as shell, logs_at(shell, time) as logs:
        cases: list[tuple[Any, Any]] = [
            ("yesterday", None),
            ("", None),
            (-1, None),
            (float("nan"), None),
            (EPOCH * 1000, None),
            (EPOCH, EPOCH - 1),
            ("-1h", "-2h"),
            ("-1h", "tomorrow"),
        ]
        for oldest, latest in cases:
            with pytest.raises(ConfigError):
                logs.events(oldest, latest)
    assert shell.asked == []
    wrong: list[dict[str, Any]] = [
        {"page_size": 0},
        {"page_size": 10_000},
        {"calls_per_minute": 0},
        {"api_url": "http://slack.com/"},
        {"proxy": "nonsense"},
        {"ca_file": "/nowhere"},
    ]
    for more in wrong:
        with pytest.raises(ConfigError):
            AuditLogs(TOKEN, **more)
    with pytest.raises(ConfigError):
        AuditLogs(" ")


def test_the_catalogue_needs_no_token_and_events_do(time: Timekeeper) -> None:
    with serving(FakeSlack([]), lambda: time.now) as shell:
        with AuditLogs(api_url=shell.url, timekeeper=time) as logs:
            assert logs.actions() == {"user": ["user_login", "user_logout"]}
            assert logs.schemas() == [{"type": "user", "user": {"id": "string"}}]
            with pytest.raises(AuthError, match="token"):
                logs.events("-1h")
        with logs_at(shell, time) as logs:
            logs.actions()
        assert [h.get("Authorization") for _, _, h in shell.asked] == [None] * 3
        with AuditLogs("xoxp-wrong", api_url=shell.url, timekeeper=time) as logs:
            with pytest.raises(AuthError, match="Owner") as caught:
                list(logs.events("-1h"))
            assert "xoxp-wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(500, b""), GaveUp),
        (Answer(403, b'{"ok":false,"error":"missing_scope"}'), AuthError),
        (Answer(404, b""), ConfigError),
        (Answer(200, b'{"ok":false,"error":"new_one"}'), ProtocolError),
        (Answer(200, b'{"ok":true}'), ProtocolError),
        (Answer(200, b"<html>"), GaveUp),
    ],
)
def test_clear_errors(time: Timekeeper, answer: Answer, error: type[CollectorError]) -> None:
    def spoil(_number: int, _answer: Answer) -> Answer:
        return answer

    with serving(FakeSlack([]), lambda: time.now, spoil) as shell, logs_at(shell, time) as logs:
        found = logs.events("-1h")
        with pytest.raises(error) as caught:
            list(found)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"[]", ProtocolError),
        (b"{}", ProtocolError),
        (b'{"actions":[],"schemas":{}}', ProtocolError),
        (b'{"ok":false,"error":"invalid_auth"}', AuthError),
        (b"<html>", GaveUp),
    ],
)
def test_clear_errors_of_the_catalogue(
    time: Timekeeper, body: bytes, error: type[CollectorError]
) -> None:
    with (
        wire(always(answer(body))) as server,
        AuditLogs(api_url=server.url, timekeeper=time) as logs,
    ):
        for ask in (logs.actions, logs.schemas):
            with pytest.raises(error):
                ask()


def test_odd_entries_come_as_they_can(time: Timekeeper) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    texts = [
        f'{{"id":"a","date_create":{EPOCH - 60},"details":{{"deep":{deep}}}}}',
        f'{{"id":"b","date_create":{EPOCH - 61},"n":{"9" * 10_000},"x":NaN,"raw":"\t"}}',
        '{"id":"c"}',
        "7",
        "[]",
    ]
    body = ('{"entries":[' + ",".join(texts) + '],"response_metadata":{"next_cursor":""}}').encode()

    def page(_number: int, _params: Mapping[str, object], _now: float) -> Answer:
        return Answer(200, body)

    slack = FakeSlack([], faults=page)
    with serving(slack, lambda: time.now) as shell, logs_at(shell, time) as logs:
        a, b, *rest = logs.events("-1h")
    assert a["id"] == "a" and b["n"] == "9" * 10_000 and b["raw"] == "\t"
    assert rest == [{"id": "c"}, {"entry": 7}, {"entry": []}]


def test_the_package_gives_it_by_name_and_costs_nothing_until_then() -> None:
    assert slack_audit_input.AuditLogs is AuditLogs
    with pytest.raises(AttributeError):
        _ = slack_audit_input.NoSuchThing
    code = "import slack_audit_input, sys, json; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert "requests" not in json.loads(run.stdout)
