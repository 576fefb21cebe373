# SPDX-License-Identifier: Apache-2.0
"""Several collectors on one state: one collects, the others take over, and no event is lost."""

from __future__ import annotations

import json
import re
import signal
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Command, until
from tests.cli.server import Slack, history, slack_with
from tests.failover.pair import PAGE, RATE, Database, database, killed, pair, paused
from tests.receivers.running import Running
from tests.services.postgres import PostgresMissing

LEASE = 2.0
#: Seconds that a start may take on a machine which runs other tests beside this one.
STARTING = 15
KILLS = 4


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[Database]:
    """A database of our own."""
    try:
        with database(tmp_path) as found:
            yield found
    except PostgresMissing as missing:
        warnings.warn(f"take-over is NOT TESTED on PostgreSQL: {missing}", stacklevel=1)
        pytest.skip(str(missing))


@pytest.mark.slow
@pytest.mark.postgresql
def test_kills_a_pause_and_a_cut_on_postgresql(postgresql: Database, tmp_path: Path) -> None:
    began = time.monotonic()
    with pair(tmp_path, postgresql.url, LEASE) as both:
        kills = killed(both, KILLS)
        took, said = paused(both)
        # Paused within a transaction, it finds that PostgreSQL has ended that after 10 s.
        assert re.search("has taken over|server closed the connection|terminating", said), said
        postgresql.cut()
        time.sleep(1)
        assert both.owner() == ""
        postgresql.restore()
        size = sum(both.delivered().values())
        until(lambda: sum(both.delivered().values()) > size, 60)
        took_all = time.monotonic() - began
        found = both.settle()
    # Slack was never idle: it makes so many a second, however fast the machine was done.
    assert found["events"] > RATE * took_all / 2
    assert (found["lost"], found["alien"], found["exit_codes"]) == (0, 0, [0, 0])
    assert found["repeated"] <= (KILLS + 2) * PAGE
    # A beat may have come right before the kill, and is seen up to a second later; then it hears
    # Slack. On a machine that is busy with other tests each of these takes a little longer.
    assert max(kill.takeover for kill in kills) < LEASE + STARTING
    assert took < LEASE + STARTING


@pytest.fixture
def many(tmp_path: Path) -> Iterator[tuple[Command, Slack]]:
    """A command whose Slack has 300 events."""
    with slack_with(history(300, 7200)) as slack:
        command = Command(tmp_path, slack.url)
        yield command, slack
        command.kill_all()
        command.no_token()


def lines_of(command: Command, name: str) -> int:
    """How many lines a collector's file has."""
    path = command.folder / name
    return path.read_bytes().count(b"\n") if path.exists() else 0


def said(command: Command, name: str) -> str:
    """Its log so far."""
    return (command.folder / name).read_text()


def test_on_sqlite_a_clean_stop_and_a_kill_hand_over_at_once(many: tuple[Command, Slack]) -> None:
    command, slack = many
    options = ("run", "--standby", "--poll-every", "1", "--output-file", str(command.file))
    with (command.folder / "1.log").open("w") as log:
        first = command.start(*options, stderr=log)
    until(lambda: lines_of(command, "events.ndjson") == 300)
    with (command.folder / "2.log").open("w") as log:
        second = command.start(*options, stderr=log)
    until(lambda: "action=standing_by" in said(command, "2.log"))
    # The very file the first one has locked; nobody has touched it but the owner.
    assert f":{first.pid}:" in command.status()["owner"]
    began = time.monotonic()
    assert command.end(first, signal.SIGTERM).code == 0
    until(lambda: f":{second.pid}:" in command.status()["owner"])
    assert time.monotonic() - began < 8
    with (command.folder / "3.log").open("w") as log:
        third = command.start(*options, stderr=log)
    until(lambda: "action=standing_by" in said(command, "3.log"))
    began = time.monotonic()
    second.send_signal(signal.SIGKILL)
    until(lambda: f":{third.pid}:" in command.status()["owner"])
    assert time.monotonic() - began < 8
    slack.add(int(time.time()), 3, 5000)
    until(lambda: lines_of(command, "events.ndjson") == 303)
    assert command.end(third, signal.SIGTERM).code == 0
    assert sorted(command.delivered().elements()) == slack.ids()


def test_stopped_while_it_stands_by(many: tuple[Command, Slack]) -> None:
    command, _ = many
    first = command.start("run", "--output-file", str(command.file))
    until(lambda: command.state.exists() and command.status()["counters"]["events"] == 300)
    owner = command.status()["owner"]
    second = command.start("run", "--standby", "--output-file", str(command.file))
    assert second.stderr is not None
    assert "action=standing_by" in second.stderr.readline()
    assert command.end(second, signal.SIGTERM).code == 0
    assert command.status()["owner"] == owner
    assert command.end(first, signal.SIGTERM).code == 0


def test_wrong_options_are_said_at_once_and_not_at_the_take_over(
    many: tuple[Command, Slack],
) -> None:
    command, _ = many
    first = command.start("run", "--output-file", str(command.file))
    until(lambda: command.state.exists() and command.status()["counters"]["events"] == 300)
    for wrong in (("--once",), ("--rotate-mb", "1"), ("--token-file", "/nowhere")):
        ended = command("run", "--standby", *wrong)
        assert ended.code == 2, ended.err
    assert command.end(first, signal.SIGTERM).code == 0


def test_who_waits_for_a_host_that_is_down_is_not_taken_for_dead(
    many: tuple[Command, Slack],
) -> None:
    command, slack = many
    receiver = Running(command.folder)
    options = ("run", "--standby", "--poll-every", "1", "--take-over-after", str(LEASE))
    forward = ("--output", "forward", "--forward-host", receiver.address)
    first = command.start(*options, *forward)
    until(command.state.exists)
    until(lambda: f":{first.pid}:" in owner_of(command))
    second = command.start(*options, *forward)
    assert second.stderr is not None
    assert "action=standing_by" in second.stderr.readline()
    time.sleep(4 * LEASE)
    assert f":{first.pid}:" in owner_of(command)
    # Told to stop while nobody accepts, it hands the page over with the input.
    assert command.end(first, signal.SIGTERM).code == 0
    until(lambda: f":{second.pid}:" in owner_of(command))
    receiver.start()
    try:
        until(lambda: set(receiver.ids()) == set(slack.ids()), 60)
        assert command.end(second, signal.SIGTERM).code == 0
        assert max(receiver.ids().values()) == 1
    finally:
        receiver.kill()


def owner_of(command: Command) -> str:
    """Who owns the input; "" while nobody ever did."""
    ended = command("status", "--json")
    return str(json.loads(ended.out)["owner"]) if ended.code == 0 else ""
