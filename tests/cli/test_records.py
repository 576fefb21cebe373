# SPDX-License-Identifier: Apache-2.0
"""Coverage records end to end: the installed command against HTTP, its file, its state, status."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from slack_audit_input.engine.delivered import pack, unpack
from tests.cli.command import Command, until
from tests.cli.server import Slack

#: Through with an hour ten seconds after its end.
SOON = ("--sweeps", "none", "--poll-every", "1")


def records(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file of records."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line[-1] == "\n"]


@pytest.fixture
def file(command: Command) -> Path:
    return command.folder / "coverage.ndjson"


def test_a_run_writes_a_record_for_every_closed_hour(
    command: Command, slack: Slack, file: Path
) -> None:
    run = command("run", "--once", *SOON, "--start", "-3h", "--coverage-output", str(file))
    assert run.code == 0, run.err
    found = records(file)
    hour = int(time.time()) // 3600
    assert [r["oldest"] // 3600 for r in found] == [hour - 1, hour - 2, hour - 3]
    per_hour = Counter(second // 3600 for second in slack.seconds().values())
    for record in found:
        assert (record["state"], record["compared"]) == ("complete", "ids")
        assert record["shown"] == record["delivered"] == record["first_time"]
        assert record["shown"] == per_hour[record["oldest"] // 3600]
        assert record["id"] == f"default/default/{record['hour']}"
        assert record["collector"]["input"] == "default"
        assert record["@timestamp"] == f"{record['hour'][:13]}:59:59Z"
    # The stream of events has none of them.
    assert "tolerance" not in run.out
    shown = json.loads(command("status", "--json").out)["coverage"]
    assert shown == {
        "last_hour": found[0]["hour"],
        "records_kept": 3,
        "hours_waiting": 0,
        "hours_that_differ": 0,
        "holes_ever": 0,
        "repaired_ever": 0,
    }
    assert f"{found[0]['hour']} (3 records)" in command("status").out
    # And beside what verify finds itself.
    report = ("verify", "--from", "-2h", "--json", "--output-file", str(command.file), *SOON)
    beside = json.loads(command(*report).out)["coverage_records"]
    assert (beside["complete"], beside["differs"]) == (beside["records"], 0)
    assert beside["records"] >= 2
    # Nothing is due a second time.
    assert command("run", "--once", *SOON, "--coverage-output", str(file)).code == 0
    assert records(file) == found


def test_a_hole_in_the_index_is_repaired_and_reported(
    command: Command, slack: Slack, file: Path
) -> None:
    options = (*SOON, "--start", "-3h", "--output-file", str(command.file))
    assert command("run", "--once", "--coverage", "none", *options).code == 0
    hour = int(time.time()) // 3600 - 1
    with closing(sqlite3.connect(command.state)) as state, state:
        where = f"minute >= {hour * 60} AND minute < {hour * 60 + 60}"
        query = f"SELECT minute, keys FROM slack_audit_delivered WHERE {where}"
        rows = state.execute(query).fetchall()
        if not rows:
            # Sealed already: then the digest is what tells.
            state.execute("UPDATE slack_audit_hours SET ids = ids - 1 WHERE hour = ?", (hour,))
        else:
            minute, keys = rows[0]
            state.execute(
                "UPDATE slack_audit_delivered SET keys = ? WHERE minute = ?",
                (pack(unpack(keys)[1:]), minute),
            )
    before = command.delivered()
    run = command("run", "--once", *options, "--coverage-output", str(file))
    assert run.code == 0, run.err
    found = {r["oldest"] // 3600: r for r in records(file)}[hour]
    assert found["missing"] == 1
    assert "action=hole" in run.err
    if rows:
        assert (found["state"], found["repaired"]) == ("repaired", 1)
        assert sum((Counter(command.delivered()) - Counter(before)).values()) == 1
    else:
        assert (found["state"], found["repaired"]) == ("differs", 0)
    assert "1 found" in command("status").out


def test_none_of_it_on_request(command: Command, file: Path) -> None:
    run = command(
        "run", "--once", *SOON, "--start", "-3h", "--coverage", "none",
        "--coverage-output", str(file),
    )  # fmt: skip
    assert run.code == 0, run.err
    assert records(file) == []


def test_killed_while_it_covers_it_goes_on(command: Command, slack: Slack, file: Path) -> None:
    slack.trouble.delay = 0.05
    options = (*SOON, "--start", "-3h", "--page-size", "20", "--coverage-output", str(file))
    for _ in range(4):
        run = command.start("run", *options, "--output-file", str(command.file))
        time.sleep(0.9)
        run.kill()
        command.end(run)
    slack.trouble.over()
    run = command.start("run", *options, "--output-file", str(command.file))
    until(lambda: len({r["id"] for r in records(file)}) >= 3, 30)
    command.end(run, 15)
    assert {r["state"] for r in records(file)} == {"complete"}
    assert len({(r["id"], r["shown"], r["digest"]) for r in records(file)}) == 3
    assert set(command.delivered()) == set(slack.ids())


def test_the_file_must_be_another_one(command: Command) -> None:
    same = str(command.file)
    run = command("run", "--once", "--output-file", same, "--coverage-output", same)
    assert run.code == 2
    assert "--coverage-output must be another file" in run.err


def test_a_state_of_before_there_were_records(command: Command, file: Path) -> None:
    assert command.once().code == 0
    with closing(sqlite3.connect(command.state)) as state, state:
        state.execute("DROP TABLE slack_audit_coverage")
        ledger = json.loads(state.execute("SELECT ledger FROM slack_audit_inputs").fetchone()[0])
        del ledger["covered"]
        state.execute("UPDATE slack_audit_inputs SET ledger = ?", (json.dumps(ledger),))
    assert json.loads(command("status", "--json").out)["coverage"]["records_kept"] == 0
    run = command("run", "--once", *SOON, "--coverage-output", str(file))
    assert run.code == 0, run.err
    assert records(file) == []
    assert command("forget", "--yes").code == 0
