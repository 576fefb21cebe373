# SPDX-License-Identifier: Apache-2.0
"""A week of an organization: events as Splunk has them, and the collector's own log.

The emulator makes the events; those that the detections must fire on are among them. The last day
is lived through by the real collector on a virtual clock: when an event is indexed, and the log
lines of the health dashboard, are what it did. Its lines go through the add-on's own health, and
are laid out as the add-on's log is (`tests/addon/test_log.py` reads lines of the built package).
"""

from __future__ import annotations

import copy
import datetime as dt
import functools
import json
import random
import zlib
from collections.abc import Mapping
from typing import Any

from slack_audit_input.catalogue import ours
from slack_audit_input.collector.loop import Collector
from slack_audit_input.collector.naming import ActionNames
from slack_audit_input.collector.settings import Settings
from slack_audit_input.emulator import EmulatorOptions
from slack_audit_input.emulator.actions import NEW_ACTIONS
from slack_audit_input.emulator.core import Emulator
from slack_audit_input.hosts.splunk.fields import in_words
from slack_audit_input.hosts.splunk.health import Health
from slack_audit_input.hosts.wording import pairs
from slack_audit_input.model.errors import CollectorError
from slack_audit_input.slack.client import Answer
from slack_audit_input.slack.filters import Filters
from tests.detections.cases import cases
from tests.fakes.slack import Entry, FakeSlack
from tests.fakes.world import FakeClock, Host, HostSink, Memory, MemoryCheckpoint, VirtualPool
from tests.spl.events import log_rows, record_rows, rows

#: 2026-03-09, a Monday, and the end of its Friday, when the dashboards are looked at.
WEEK = 1_773_014_400
DAY = 86_400
END = WEEK + 5 * DAY
_LAST_DAY = END - DAY
#: Events a day: few for a test, more for a picture.
FEW, MANY = 250, 900
Fields = dict[str, list[str]]


@functools.cache
def entries(a_day: int) -> tuple[dict[str, Any], ...]:
    """The entries of the week, oldest first; `a_day`: how many the emulator makes."""
    options = EmulatorOptions(seed=5, events_per_day=a_day, history_days=7, calls_per_minute=0)
    emulator = Emulator(options, started=END)
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        query = {"oldest": str(WEEK), "latest": str(END - 1), "limit": "9999"}
        query.update({"cursor": cursor} if cursor else {})
        answer = emulator.serve(query, {"Authorization": "Bearer xoxp-emulator"}, float(END))
        page = json.loads(answer.body)
        found += page["entries"]
        cursor = page.get("response_metadata", {}).get("next_cursor", "")
        if not cursor:
            break
    # Slack has announced nothing of this one.
    news = {"action": NEW_ACTIONS[0], "id": "9c0b6e1e-6f0c-4b52-8a53-2f4d0d7f3a11"}
    found += [{**found[0], **news, "date_create": _LAST_DAY + DAY // 2}]
    r = random.Random(3)
    for case in cases():
        # What a detection must fire on happens once in the week, during working hours.
        if case.fires and len(case.entries) < 70:
            start = WEEK + r.randrange(5) * DAY + r.randrange(8, 18) * 3600
            first = case.entries[0]["date_create"]
            moved = (_moved(one, start - first) for one in case.entries)
            found += [one for one in moved if one["date_create"] < END]
    return tuple(sorted(found, key=lambda one: int(one["date_create"])))


def _moved(one: dict[str, Any], moved: int) -> dict[str, Any]:
    """A copy at another time, in a session of its actor's: beside the rules all have the same."""
    copied: dict[str, Any] = copy.deepcopy(one)
    if "action_timestamp" in (copied.get("details") or {}):
        copied["details"]["action_timestamp"] += moved * 1_000_000
    copied["date_create"] += moved
    session = copied["context"].get("session_id")
    if session:
        copied["context"]["session_id"] = session + zlib.crc32(one["actor"]["user"]["id"].encode())
    return copied


@functools.cache
def _lived(a_day: int) -> tuple[dict[str, float], tuple[Fields, ...], tuple[Fields, ...]]:
    """When each entry of the last day was delivered, by id; its log lines; coverage records."""
    r = random.Random(9)
    day = [one for one in entries(a_day) if _LAST_DAY <= one["date_create"] < _LAST_DAY + DAY]
    shown = []
    for one in day:
        late = r.uniform(1, 60) if r.random() < 0.2 else 0.0
        late = 3600 * r.uniform(0.1, 3) if r.random() < 0.01 else late
        second = int(one["date_create"])
        shown.append(Entry(second, second + r.random() + late, str(one["id"]), json.dumps(one)))
    clock = FakeClock(float(_LAST_DAY))
    host, memory = Host(clock), Memory()
    lines = _broken()
    log = _AddonLog("acme", clock, lines)
    health = Health(log, lambda _status: None, account="acme", index="slack", host="lumen")
    slack = FakeSlack(shown, faults=_faults)
    collector = Collector(
        Settings("acme", "acme", _LAST_DAY - 6 * 3600),
        MemoryCheckpoint(memory),
        HostSink(host),
        VirtualPool(clock, slack.get, lambda: 0.3 * (0.5 + r.random())),
        clock,
        health,
        random=r,
        # Ours minus one: the news of an unknown action must be in the log.
        names=ActionNames(set(ours()) - {"file_downloaded"}),
    )
    collector.run(stop=lambda: clock.now >= _LAST_DAY + DAY, watch=health.watch)
    first = {json.loads(text)["id"]: at for text, at in host.first.items()}
    told = tuple(log_rows("".join(sorted(lines)), "slack_audit_input_acme.log"))
    return first, told, tuple(record_rows(host.records, END))


def _broken() -> list[str]:
    """The log of an input with a filter that Slack refuses, whose token ends after an hour."""
    clock = FakeClock(float(_LAST_DAY))
    lines: list[str] = []
    health = Health(_AddonLog("exports", clock, lines), lambda _status: None)

    def faults(_number: int, _params: Mapping[str, object], now: float) -> Answer | None:
        return Answer(403, b'{"error":"not_an_owner"}') if now > _LAST_DAY + 3600 else None

    slack = FakeSlack([], known=frozenset({"manual_export_started"}), faults=faults)
    wanted = Filters(actions=("manual_export_started", "export_begun"))
    collector = Collector(
        Settings("exports", "acme", _LAST_DAY - 60, wanted),
        MemoryCheckpoint(Memory()),
        HostSink(Host(clock)),
        VirtualPool(clock, slack.get, lambda: 0.3),
        clock,
        health,
        random=random.Random(2),
        names=ActionNames(set(ours())),
    )
    try:
        collector.run(stop=lambda: False, watch=health.watch)
    except CollectorError as error:
        health.failed(error, in_words(error))
    return lines


class _AddonLog:
    """Keeps the lines that the add-on's log would have."""

    def __init__(self, input: str, clock: FakeClock, lines: list[str]) -> None:
        self.lines = lines
        self._input = input
        self._clock = clock

    def __call__(self, level: str, action: str, **fields: object) -> None:
        now = dt.datetime.fromtimestamp(self._clock.wall(), dt.timezone.utc)
        told = pairs({"action": action, "input": self._input, **fields})
        self.lines.append(
            f"{now:%Y-%m-%d %H:%M:%S},000 log_level={level.upper()} pid=1 tid=MainThread "
            f"file=logs.py:__call__:63 | {told}\n"
        )

    def ingested(self, events: int, sourcetype: str, index: str, account: str, host: str) -> None:
        self("info", "events_ingested", n_events=events, sourcetype_ingested=sourcetype)


def _faults(number: int, _params: Mapping[str, object], _now: float) -> Answer | None:
    """Slack has a bad moment now and then."""
    if number % 997 == 0:
        return Answer(429, b"", retry_after="30")
    return Answer(503, b"<html>busy</html>") if number % 499 == 0 else None


@functools.cache
def events(a_day: int = FEW) -> tuple[Fields, ...]:
    """The week as rows of fields, newest first."""
    arrived, _, _ = _lived(a_day)
    found = rows(entries(a_day))
    for row in found:
        at = arrived.get(row["id"][0])
        row["_indextime"] = [str(int(at))] if at else row["_indextime"]
    return tuple(found)


def log_lines(a_day: int = FEW) -> tuple[Fields, ...]:
    """The collector's own lines of one day, newest first."""
    return _lived(a_day)[1]


def coverage_records(a_day: int = FEW) -> tuple[Fields, ...]:
    """The coverage records that it made on that day, newest first."""
    return _lived(a_day)[2]
