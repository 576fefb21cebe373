# SPDX-License-Identifier: Apache-2.0
"""``verify``: what was lost is found, delivered and proven; nothing else is called complete."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from slack_audit_input.engine.delivered import HOUR, MINUTE, pack, unpack
from slack_audit_input.hosts.moments import shown
from tests.cli.command import Command, until
from tests.cli.server import Slack, history, slack_with
from tests.fakes.slack import entry

#: With the live poll alone everything older than a quarter of a minute is sealed.
SEALED = ("--sweeps", "none", "--start", "-3h")


def report(command: Command, *arguments: str, code: int = 0) -> dict[str, Any]:
    """What verify says in JSON."""
    ended = command("verify", "--json", "--output-file", str(command.file), *arguments)
    assert ended.code == code, ended.err + ended.out
    found = json.loads(ended.out)
    assert isinstance(found, dict)
    assert found["complete"] is (code == 0)
    return found


def edited(command: Command, statement: str, *values: Any) -> int:
    """Change the state behind the collector's back; how many rows that changed."""
    connection = sqlite3.connect(command.state)
    with connection:
        changed = connection.execute(statement, values).rowcount
    connection.close()
    return changed


def lose(command: Command, count: int) -> None:
    """Take ``count`` ids out of the delivered index, as if they had never been delivered."""
    connection = sqlite3.connect(command.state)
    rows = connection.execute("SELECT minute, keys FROM slack_audit_delivered ORDER BY minute")
    with connection:
        for minute, blob in rows.fetchall():
            keys = list(unpack(blob))
            gone, keys = keys[:count], keys[count:]
            count -= len(gone)
            connection.execute(
                "UPDATE slack_audit_delivered SET keys = ? WHERE minute = ?", (pack(keys), minute)
            )
    connection.close()


def test_complete_by_ids(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h").code == 0
    found = report(command, "--from", "-3h")
    assert (found["entries"], found["hours_by_digest"]) == (300, 0)
    assert (found["never_asked"], found["not_read_yet"]) == ([], [])
    ended = command("verify", "--from", "-2h")
    assert ended.code == 0
    assert "COMPLETE: " in ended.err
    assert ended.out == ""


def test_complete_by_digest(command: Command, slack: Slack) -> None:
    assert command.once(*SEALED).code == 0
    found = report(command, "--from", "-170m", *SEALED[:2])
    # The hour in progress waits for its coverage record, and is not sealed yet.
    assert found["hours_by_digest"] >= 1
    assert found["entries"] == 300


def test_what_is_missing_is_delivered_on_the_spot(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h").code == 0
    lose(command, 7)
    command.file.write_text("")
    found = report(command, "--from", "-3h")
    assert (found["delivered_now"], found["still_missing"]) == (7, 0)
    assert len(command.delivered()) == 7
    assert set(command.delivered().values()) == {1}
    again = report(command, "--from", "-3h")
    assert (again["delivered_now"], len(command.delivered())) == (0, 7)
    # Nobody owns the input afterwards.
    assert command.status()["owner"] == ""


def test_an_event_that_appeared_too_late_for_every_sweep(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h").code == 0
    slack.add(int(time.time()) - 5000, 2, 7000)
    assert report(command, "--from", "-3h")["delivered_now"] == 2
    assert sorted(command.delivered().elements()) == slack.ids()


def test_a_running_collector_delivers_what_is_missing(command: Command, slack: Slack) -> None:
    process = command.start(
        "run", "--start", "-3h", "--poll-every", "1", "--output-file", str(command.file)
    )
    until(lambda: len(command.delivered()) == 300)
    slack.add(int(time.time()) - 5000, 2, 7000)
    found = report(command, "--from", "-3h")
    assert (found["delivered_now"], found["still_missing"]) == (2, 0)
    refused = command("verify", "--from", "-3h", "--redeliver")
    assert refused.code == 2
    assert "stop the collector" in refused.err
    assert command.end(process, signal.SIGTERM).code == 0
    assert sorted(command.delivered().elements()) == slack.ids()


def test_an_hour_that_differs_is_reported_and_redelivered(command: Command, slack: Slack) -> None:
    assert command.once(*SEALED).code == 0
    hour = (int(time.time()) - 4000) // HOUR
    assert edited(command, "UPDATE slack_audit_hours SET ids = ids + 1 WHERE hour = ?", hour) == 1
    command.file.write_text("")
    found = report(command, "--from", "-170m", *SEALED[:2], code=1)
    (differs,) = found["hours_that_differ"]
    assert differs["hour"] == shown(hour * HOUR)
    assert differs["delivered"]["ids"] == differs["slack_shows"]["ids"] + 1
    assert command.delivered() == {}
    ended = command("verify", "--from", "-170m", *SEALED[:2])
    assert ended.code == 1
    assert "--redeliver sends that hour again" in ended.err
    found = report(command, "--from", "-170m", *SEALED[:2], "--redeliver")
    assert found["redelivered"] == differs["slack_shows"]["ids"] == len(command.delivered())
    assert {s // HOUR for i, s in slack.seconds().items() if i in command.delivered()} == {hour}
    assert report(command, "--from", "-170m", *SEALED[:2])["hours_that_differ"] == []


def test_an_exchanged_id_is_noticed(command: Command, slack: Slack) -> None:
    assert command.once(*SEALED).code == 0
    other = "CASE substr(digest, 1, 1) WHEN '1' THEN '2' ELSE '1' END"
    edited(command, f"UPDATE slack_audit_hours SET digest = {other} || substr(digest, 2)")
    # The hour in progress waits for its coverage record, and is not sealed yet.
    assert len(report(command, "--from", "-170m", *SEALED[:2], code=1)["hours_that_differ"]) >= 1


def test_an_hour_that_is_sealed_in_part(command: Command, slack: Slack) -> None:
    levels = ("--sweeps", "60:180,600:4000", "--start", "-3h")
    assert command.once(*levels).code == 0
    connection = sqlite3.connect(command.state)
    (least,) = connection.execute("SELECT min(minute) FROM slack_audit_delivered").fetchone()
    connection.close()
    mixed = least * MINUTE // HOUR
    if least * MINUTE % HOUR < 2 * MINUTE:
        pytest.skip("the horizon lies on the hour just now")
    before = report(command, "--from", "-170m", *levels[:2])
    assert 0 < before["hours_by_digest"] < before["hours"]
    assert edited(command, "UPDATE slack_audit_hours SET ids = 0 WHERE hour = ?", mixed) == 1
    command.file.write_text("")
    found = report(command, "--from", "-170m", *levels[:2], "--redeliver")
    # Only what had left the index is sent again, and counted.
    assert found["redelivered"] == len(command.delivered()) > 0
    assert {slack.seconds()[i] // MINUTE < least for i in command.delivered()} == {True}
    report(command, "--from", "-170m", *levels[:2])
    # When the rest of the hour is sealed as well, its total is the whole hour's.
    assert command.once("--sweeps", "none").code == 0
    time.sleep(1.1)
    assert command.once("--sweeps", "none", "--poll-every", "1").code == 0
    found = report(command, "--from", "-170m", "--sweeps", "none")
    # The hour in progress waits for its coverage record, and is not sealed yet; nor is the one
    # that has just ended.
    waiting = 2 if time.time() % HOUR < 5 * MINUTE else 1
    assert found["hours_by_digest"] >= found["hours"] - waiting


def test_what_was_never_asked_and_what_is_not_read_yet(command: Command, slack: Slack) -> None:
    start = int(time.time()) - 5000
    assert command.once("--start", str(start)).code == 0
    found = report(command, "--from", str(start - 1000), code=1)
    assert found["never_asked"] == [[shown(start - 1000), shown(start - 1)]]
    assert found["not_read_yet"] == []
    # Widening to whole hours is nobody's mistake.
    assert report(command, "--from", str(start), "--to", str(start + 10))["never_asked"] == []
    ahead = int(time.time()) + 5000
    found = report(command, "--from", str(ahead), "--to", str(ahead + 10), code=1)
    assert found["not_read_yet"] == [[shown(ahead), shown(ahead + 10)]]
    assert found["never_asked"] == []
    found = report(command, "--from", "-1h", "--to", str(ahead), code=1)
    (not_yet,) = found["not_read_yet"]
    assert not_yet[1] == shown(ahead)


def test_the_filters_are_those_of_the_collection(tmp_path: Path) -> None:
    now = int(time.time())
    made = history(10, 3000).entries
    made += [entry(now - 500 - n, 0.0, 500 + n, "user_logout") for n in range(10)]
    fake = history(0, 1)
    for one in made:
        fake.add(one)
    with slack_with(fake) as slack:
        command = Command(tmp_path, slack.url)
        assert command.once("--start", "-3h", "--action", "user_logout").code == 0
        assert len(command.delivered()) == 10
        # Given or not: nothing that was not wanted is taken for missing.
        assert report(command, "--from", "-2h")["entries"] == 10
        assert report(command, "--from", "-2h", "--action", "user_login")["entries"] == 10
        assert len(command.delivered()) == 10


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--from", "-1h", "--json"), 2, "--json needs --output-file"),
        (("--from", "now", "--to", "-1h"), 2, "--from must lie before --to"),
        (("--from", "x"), 2, "--from 'x' is no time"),
        ((), 2, "--from"),
        (("--from", "-1h", "--input", "none"), 7, "the state has no input 'none'"),
    ],
)
def test_mistakes(command: Command, arguments: tuple[str, ...], code: int, words: str) -> None:
    assert command.once().code == 0
    ended = command("verify", *arguments)
    assert ended.code == code
    assert words in ended.err


def test_a_signal_ends_it_while_it_reads(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h").code == 0
    slack.trouble.delay = 10.0
    process = command.start("verify", "--from", "-3h")
    time.sleep(1.0)
    began = time.monotonic()
    ended = command.end(process, signal.SIGTERM)
    slack.trouble.over()
    assert ended.code != 0
    assert time.monotonic() - began < 3
