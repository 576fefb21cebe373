# SPDX-License-Identifier: Apache-2.0
"""``verify`` that is stopped, or killed, goes on where it was; nothing kept is believed blindly."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.command import Command, until
from tests.cli.server import Slack, history, slack_with
from tests.cli.test_verify import edited, lose

# The kill and the way back are also in test_holes.py, on every Python.
pytestmark = pytest.mark.slow

ASKED = ("--from", "-10h", "--page-size", "50")


@pytest.fixture
def slack() -> Iterator[Slack]:
    """1,000 events of the last nine hours."""
    with slack_with(history(1000, 9 * 3600)) as found:
        yield found


def kept(command: Command) -> int:
    """How many hours the state holds of a verify that was stopped."""
    connection = sqlite3.connect(command.state)
    try:
        (count,) = connection.execute("SELECT count(*) FROM slack_audit_verified").fetchone()
    except sqlite3.OperationalError:
        count = 0
    connection.close()
    return int(count)


def stopped(command: Command, slack: Slack, number: int, hours: int = 3) -> str:
    """Begin a verify, end it with a signal when some hours are kept; what it said."""
    slack.trouble.delay = 0.12
    process = command.start("verify", *ASKED)
    until(lambda: kept(command) >= hours)
    ended = command.end(process, number)
    slack.trouble.over()
    assert ended.code != 0
    return ended.err


def gone_on(command: Command, *arguments: str) -> tuple[dict[str, Any], str]:
    """The same command once more."""
    ended = command("verify", *ASKED, "--json", "--output-file", str(command.file), *arguments)
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)
    assert isinstance(found, dict)
    return found, ended.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_goes_on_where_it_was(command: Command, slack: Slack, number: int) -> None:
    assert command.once("--start", "-10h").code == 0
    said = stopped(command, slack, number)
    assert ("the same command goes on from here" in said) is (number != signal.SIGKILL)
    before = kept(command)
    found, said = gone_on(command)
    assert "action=goes_on" in said
    # The newest hour has grown by some seconds, and is read again.
    assert before - 1 <= found["hours_from_before"] <= before
    assert (found["entries"], found["hours"]) == (1000, found["hours"])
    assert found["hours"] in (10, 11)
    assert found["calls"] < 20
    # It came to its end: the next one begins anew.
    assert kept(command) == 0
    assert gone_on(command)[0]["hours_from_before"] == 0


def test_restart_and_other_stretches_begin_anew(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-10h").code == 0
    stopped(command, slack, signal.SIGKILL)
    ended = command("verify", "--from", "-9h", "--json", "--output-file", str(command.file))
    assert json.loads(ended.out)["hours_from_before"] == 0
    assert kept(command) > 0
    assert gone_on(command, "--restart")[0]["hours_from_before"] == 0


def test_what_was_lost_meanwhile_is_found_all_the_same(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-10h").code == 0
    stopped(command, slack, signal.SIGTERM)
    hours = kept(command)
    # Of the newest minutes, so of hours that had been compared and found well.
    connection = sqlite3.connect(command.state)
    with connection:
        connection.execute(
            "UPDATE slack_audit_delivered SET keys = substr(keys, 9) WHERE minute IN "
            "(SELECT minute FROM slack_audit_delivered ORDER BY minute DESC LIMIT 3)"
        )
    connection.close()
    command.file.write_text("")
    found, _ = gone_on(command)
    assert found["delivered_now"] == 3 == len(command.delivered())
    assert found["hours_from_before"] < hours


def test_hours_with_something_missing_are_read_again(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-10h").code == 0
    lose(command, 1000)
    stopped(command, slack, signal.SIGKILL)
    command.file.write_text("")
    found, _ = gone_on(command)
    # All that was missing is delivered, though half of it had been seen before the kill.
    assert (found["delivered_now"], len(command.delivered())) == (1000, 1000)
    assert found["hours_from_before"] <= 1


def test_a_floor_that_rose_changes_nothing(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-10h").code == 0
    stopped(command, slack, signal.SIGTERM)
    before = kept(command)
    # With the live poll alone all minutes leave the index: from now on digests stand for them.
    assert command.once("--sweeps", "none", "--poll-every", "1").code == 0
    time.sleep(1.1)
    assert command.once("--sweeps", "none", "--poll-every", "1").code == 0
    found, _ = gone_on(command, "--sweeps", "none")
    assert found["hours_by_digest"] > 0
    assert found["hours_from_before"] >= before - 1


def test_rows_that_cannot_be_read_are_read_from_slack(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-10h").code == 0
    stopped(command, slack, signal.SIGKILL)
    edited(command, "UPDATE slack_audit_verified SET record = '[' || record")
    assert gone_on(command)[0]["hours_from_before"] == 0


def test_a_state_from_before_can_be_verified(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-10h").code == 0
    connection = sqlite3.connect(command.state)
    connection.execute("DROP TABLE slack_audit_verified")
    connection.close()
    assert gone_on(command)[0]["hours_from_before"] == 0
    stopped(command, slack, signal.SIGKILL)
    assert gone_on(command)[0]["hours_from_before"] > 0
    stopped(command, slack, signal.SIGKILL)
    assert command("forget", "--yes").code == 0
    assert kept(command) == 0
