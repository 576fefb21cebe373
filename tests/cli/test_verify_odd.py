# SPDX-License-Identifier: Apache-2.0
"""``verify`` counts and compares entries without a date and without an id as well."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator

import pytest

from slack_audit_input.engine.delivered import pack, unpack
from tests.cli.command import Command
from tests.cli.server import Slack, history, slack_with
from tests.cli.test_verify import report
from tests.fakes.slack import Entry

STRETCH = ("--from", "-3h")


def odd(second: int, fields: dict[str, object]) -> Entry:
    """An entry of any fields that stands at ``second``."""
    return Entry(second, 0.0, "", json.dumps(fields, separators=(",", ":"), ensure_ascii=False))


@pytest.fixture
def slack() -> Iterator[Slack]:
    """100 usual events, 3 without a date, 2 without an id, one id twice."""
    fake = history(100, 7200)
    at = int(time.time()) - 3000
    for number in range(3):
        fake.add(odd(at + number, {"id": f"undated-{number}", "action": "user_login"}))
    for number in range(2):
        fake.add(odd(at + 9, {"date_create": at + 9, "action": "user_login", "text": f"é{number}"}))
    for text in ("one", "two"):
        fake.add(odd(at + 20, {"id": "twice", "date_create": at + 20, "action": text}))
    with slack_with(fake) as found:
        yield found


def forget_undated(command: Command, count: int) -> None:
    """Take the first entries without a date out of the delivered index."""
    connection = sqlite3.connect(command.state)
    where = "FROM slack_audit_delivered WHERE minute = -1"
    (blob,) = connection.execute(f"SELECT keys {where}").fetchone()
    with connection:
        connection.execute(
            "UPDATE slack_audit_delivered SET keys = ? WHERE minute = -1",
            (pack(unpack(blob)[count:]),),
        )
    connection.close()


@pytest.mark.parametrize("sweeps", ["60:180,600:1800,21600:86400", "none"])
def test_entries_without_a_date(command: Command, slack: Slack, sweeps: str) -> None:
    """With sweeps their hour is read again by one; without, it is too old for any."""
    levels = ("--sweeps", sweeps)
    assert command.once("--start", "-3h", *levels).code == 0
    found = report(command, *STRETCH, *levels)
    assert (found["undated"], found["without_id"], found["repeated_ids"]) == (3, 2, 1)
    assert (found["entries"], found["still_missing"]) == (103, 0)
    forget_undated(command, 2)
    command.file.write_text("")
    found = report(command, *STRETCH, *levels)
    assert (found["delivered_now"], found["still_missing"]) == (2, 0)
    lines = [json.loads(line) for line in command.file.read_text().splitlines()]
    assert len(lines) == 2
    assert {line["id"] for line in lines} <= {"undated-0", "undated-1", "undated-2"}
    assert report(command, *STRETCH, *levels)["delivered_now"] == 0
    command.file.write_text("")
    assert command.once(*levels).code == 0
    assert command.file.read_text() == ""


@pytest.mark.parametrize("form", ["raw", "ecs"])
def test_a_host_that_lacks_them(command: Command, slack: Slack, form: str) -> None:
    written = ("--format", form)
    assert command.once("--start", "-3h", *written).code == 0
    lines = command.file.read_text("utf-8").splitlines(keepends=True)

    def is_odd(line: str) -> bool:
        entry = json.loads(line)
        entry = json.loads(entry["event"]["original"]) if form == "ecs" else entry
        return "id" not in entry or entry["id"].startswith("undated")

    asked = (*STRETCH, "--against", str(command.file), *written)
    assert report(command, *asked)["host"]["missing"] == 0
    left = [line for line in lines if not is_odd(line)]
    assert len(left) == len(lines) - 5
    command.file.write_text("".join(left), "utf-8")
    found = report(command, *asked)
    assert (found["host"]["missing"], found["host"]["sent"]) == (5, 5)
    assert report(command, *asked)["host"]["missing"] == 0
    again = command.file.read_text("utf-8").splitlines(keepends=True)
    # What has no date has the time at which it was read.
    front = len('{"@timestamp":"2026-11-24T22:01:33Z"')
    assert sorted(line[front:] for line in again) == sorted(line[front:] for line in lines)


def test_what_slack_no_longer_shows(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h").code == 0
    gone = slack.slack.entries[50]
    slack.slack.entries.remove(gone)
    ended = command("verify", *STRETCH)
    # All that Slack shows was delivered; that it showed more once is told beside that.
    assert ended.code == 0, ended.err
    assert "1 were delivered that Slack no longer shows" in ended.err
    found = report(command, *STRETCH)
    assert found["delivered_but_gone_at_slack"] == 1
