# SPDX-License-Identifier: Apache-2.0
"""``run`` end to end: the installed command against HTTP, stopped, killed, and cut off."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from tests.cli.command import Command, ids_of, until
from tests.cli.server import Slack, history, slack_with


def test_once_delivers_all_to_stdout_and_the_next_time_nothing(
    command: Command, slack: Slack
) -> None:
    first = command("run", "--once", "--page-size", "40", "--account", "acme", "--input", "main")
    assert first.code == 0, first.err
    assert sorted(ids_of(first.out).elements()) == slack.ids()
    texts = {e.id: e.text for e in slack.slack.entries}
    for line in first.out.splitlines():
        found = json.loads(line)
        assert list(found)[:2] == ["@timestamp", "collector"]
        assert found["collector"] == {
            "name": "slack_audit_input",
            "version": found["collector"]["version"],
            "account": "acme",
            "input": "main",
        }
        assert line.endswith("," + texts[found["id"]][1:])
    for line in first.err.splitlines():
        assert line.startswith("time=")
        assert " level=" in line
    again = command("run", "--once", "--account", "acme", "--input", "main")
    assert (again.code, again.out) == (0, "")
    # The newest seconds are read again once a poll is due.
    time.sleep(1.5)
    slack.add(int(time.time()), 1, 9999)
    late = command("run", "--once", "--account", "acme", "--input", "main", "--poll-every", "1")
    assert late.out.count("\n") == 1


def test_start_is_where_a_new_input_begins(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-1h").code == 0
    begin = int(time.time()) - 3600
    expected = {i for i, second in slack.seconds().items() if second >= begin + 10}
    assert expected <= set(command.delivered())
    assert len(command.delivered()) <= len(expected) + 2
    before = command.delivered()
    assert command.once("--start", "-2h").code == 0
    assert command.delivered() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(command: Command, slack: Slack, number: int) -> None:
    process = command.start(
        "run", "--output-file", str(command.file), "--page-size", "40", "--poll-every", "1"
    )
    until(lambda: len(command.delivered()) == 300)
    slack.add(int(time.time()), 3, 5000)
    until(lambda: len(command.delivered()) == 303)
    ended = command.end(process, number)
    assert ended.code == 0, ended.err
    assert "action=stopped" in ended.err
    status = command.status()
    # Nobody owns it any more: another one may start at once.
    assert (status["owner"], status["running"]) == ("", False)
    assert command.once().code == 0
    assert sorted(command.delivered().elements()) == slack.ids()


def test_a_signal_while_slack_is_silent(command: Command, slack: Slack) -> None:
    slack.trouble.delay = 20.0
    process = command.start("run")
    until(command.state.exists)
    time.sleep(0.5)
    began = time.monotonic()
    slack.trouble.over()
    assert command.end(process, signal.SIGTERM).code == 0
    assert time.monotonic() - began < 5


def size_of(path: Path) -> int:
    """Bytes in a file, 0 while there is none."""
    return path.stat().st_size if path.exists() else 0


def grown(path: Path, before: int) -> bool:
    """Is it larger than before?"""
    return size_of(path) > before


def test_kill_minus_9_at_random_moments(tmp_path: Path) -> None:
    kills, page = 20, 25
    chance = random.Random(3)
    with slack_with(history(6000, 72_000)) as slack:
        command = Command(tmp_path, slack.url)
        slack.trouble.delay = 0.02
        options = ("--output-file", str(command.file), "--page-size", str(page))
        struck = 0
        for _ in range(kills):
            process = command.start("run", "--poll-every", "1", *options)
            before = size_of(command.file)
            try:
                # Half of them at the start, half of them while it delivers.
                if chance.random() < 0.5:
                    until(partial(grown, command.file, before), 3)
                process.wait(chance.random() * 0.4)
            except (subprocess.TimeoutExpired, AssertionError):
                pass
            struck += process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.communicate()
        slack.trouble.over()
        ended = command.once("--page-size", "500")
        assert ended.code == 0, ended.err
        command.no_token(ended.err)
        found = command.delivered()
        assert sorted(found) == slack.ids()
        assert struck == kills
        # One page is written and committed at a time.
        assert sum(found.values()) - len(found) <= kills * page
        assert max(found.values()) <= 3


def test_a_reader_of_stdout_that_goes(command: Command, slack: Slack) -> None:
    slack.add(int(time.time()) - 60, 2700, 10_000)
    read, write = os.pipe()
    # A page is several times what a pipe holds: the second one cannot have been taken whole.
    process = command.start("run", "--once", "--page-size", "1000", "--workers", "1", stdout=write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        got = ids_of(b"".join(pipe.readline() for _ in range(1000)).decode())
    ended = command.end(process)
    assert ended.code == 6, ended.err
    assert "whoever read our output has closed it" in ended.err
    assert "exit=6" in ended.err
    again = command("run", "--once")
    assert again.code == 0
    assert sorted((got + ids_of(again.out)).elements()) == slack.ids()


def test_a_stdout_that_was_closed_before(command: Command, slack: Slack) -> None:
    read, write = os.pipe()
    os.close(read)
    process = command.start("run", "--once", stdout=write)
    os.close(write)
    ended = command.end(process)
    assert ended.code == 6
    again = command("run", "--once")
    assert sorted(ids_of(again.out).elements()) == slack.ids()


def test_no_stdout_at_all(command: Command) -> None:
    process = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" run --once >&-', str(command.start("--version").args[0])],  # type: ignore[index]
        env=command.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 2
    assert "stdout is closed: give --output-file" in process.stderr


def test_no_stderr_at_all(command: Command, slack: Slack) -> None:
    process = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" run --once 2>&-', str(command.start("--version").args[0])],  # type: ignore[index]
        env=command.environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert process.returncode == 0
    assert sorted(ids_of(process.stdout).elements()) == slack.ids()


def test_a_pipe_that_does_not_block(command: Command, slack: Slack) -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    slack.add(int(time.time()) - 60, 2000, 10_000)
    process = command.start("run", "--once", stdout=write)
    os.close(write)
    time.sleep(1.0)
    with os.fdopen(read, "r", encoding="utf-8") as pipe:
        got = pipe.read()
    assert command.end(process).code == 0
    assert sorted(ids_of(got).elements()) == slack.ids()


def test_two_on_one_state(command: Command, slack: Slack) -> None:
    options = ("run", "--poll-every", "1", "--output-file")
    first = command.start(*options, str(command.file))
    until(lambda: len(command.delivered()) == 300)
    owner = command.status()["owner"]
    assert f":{first.pid}:" in owner
    refused = command(*options, str(command.folder / "second"))
    assert refused.code == 7
    assert owner in refused.err
    assert "Run one per input" in refused.err
    # Another input of the same state is another matter.
    other = command("run", "--once", "--input", "other", "--output-file", "other")
    assert other.code == 0, other.err
    assert first.poll() is None
    # Killed, it is passed at once, even while its parent has not asked how it ended.
    first.send_signal(signal.SIGKILL)
    began = time.monotonic()
    ended = command.once()
    assert ended.code == 0, ended.err
    assert "waiting_for_owner" not in ended.err
    assert time.monotonic() - began < 10
    assert sorted(command.delivered().elements()) == slack.ids()


def test_stopped_while_it_waits_for_a_living_owner(command: Command, slack: Slack) -> None:
    first = command.start("run", "--output-file", str(command.file))
    # Committed, so that it is not halted with the state's lock in its hand.
    until(lambda: command.state.exists() and command.status()["counters"]["events"] == 300)
    # Between two of the owner's commits: it must not be taken over by one that was told to stop.
    first.send_signal(signal.SIGSTOP)
    second = command.start("run", "--output-file", str(command.folder / "second"))
    assert second.stderr is not None
    assert "waiting_for_owner" in second.stderr.readline()
    version = command.status()["owner"]
    ended = command.end(second, signal.SIGTERM)
    assert ended.code == 0
    assert command.status()["owner"] == version
    first.send_signal(signal.SIGCONT)
    ended = command.end(first, signal.SIGTERM)
    assert ended.code == 0, ended.err
