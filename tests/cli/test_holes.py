# SPDX-License-Identifier: Apache-2.0
"""Both planted holes in one history of days, against the emulator: found, repaired, reported."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from slack_audit_input.emulator import EmulatorOptions, Lateness, Spread, start
from tests.cli.command import Command, until
from tests.cli.test_against import swallow
from tests.cli.test_verify import lose
from tests.cli.test_verify_stopped import kept
from tests.fakes.http import TOKEN

STRETCH = ("--from", "-4d", "--page-size", "100")
OPTIONS = EmulatorOptions(
    token=TOKEN,
    events_per_day=500,
    history_days=6,
    calls_per_minute=0,
    lateness=(Lateness(0.1, Spread(1, 600)),),
    answer_time=Spread(0.05, 0.05),
)


def proven(command: Command, code: int, *arguments: str) -> dict[str, Any]:
    """The report of the stretch, checked."""
    name = str(command.folder / "report.json")
    files = ("--against", str(command.file), "--output-file", str(command.file))
    ended = command("verify", *STRETCH, *files, "--report", name, *arguments)
    assert ended.code == code, ended.err
    assert command("verify", "--check-report", name).code == 0
    found = json.loads(Path(name).read_text("utf-8"))["content"]
    assert isinstance(found, dict)
    return found


def test_holes_of_both_kinds_in_four_days(tmp_path: Path) -> None:
    with start(OPTIONS) as slack:
        command = Command(tmp_path, slack.base_url)
        assert command.once("--start", "-5d").code == 0
        clean = proven(command, 0)
        assert (clean["totals"]["missing"], clean["totals"]["host_missing"]) == (0, 0)
        assert clean["totals"]["hours_by_digest"] > 48
        assert clean["organization"]["id"].startswith("E")
        before = command.delivered()
        lost = swallow(command.file, 60)
        lose(command, 1)
        # Stopped by force in the middle, it goes on.
        files = ("--against", str(command.file), "--output-file", str(command.file))
        process = command.start("verify", *STRETCH, *files)
        until(lambda: kept(command) > 5)
        command.end(process, signal.SIGKILL)
        found = proven(command, 0)
        assert found["read"]["hours_from_before"] > 0
        assert (found["totals"]["missing"], found["totals"]["repaired"]) == (1, 1)
        assert found["totals"]["host_missing"] == found["totals"]["host_sent"] == 60
        assert found["conclusion"].startswith("COMPLETE: ")
        after = command.delivered()
        assert set(after) == set(before)
        assert {after[name] for name in lost} == {1}
        # The one that only the index had lost is there twice: the host had it all the time.
        assert sum(after.values()) == sum(before.values()) + 1
        again = proven(command, 0)
        assert (again["totals"]["missing"], again["totals"]["host_missing"]) == (0, 0)
        assert again["totals"]["entries"] == found["totals"]["entries"]
