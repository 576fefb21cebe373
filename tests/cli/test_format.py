# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

from tests.cli.command import Command
from tests.cli.server import Slack


def test_ecs_on_stdout_and_in_a_file(command: Command, slack: Slack) -> None:
    piped = command("run", "--once", "--start", "-3h", "--format", "ecs", "--input", "piped")
    assert piped.code == 0, piped.err
    assert command.once("--start", "-3h", "--format", "ecs").code == 0
    for text in (piped.out, command.file.read_text("utf-8")):
        found = [json.loads(line) for line in text.splitlines()]
        assert sorted(one["event"]["id"] for one in found) == slack.ids()
        for one in found:
            entry = json.loads(one["event"]["original"])
            assert entry["id"] == one["event"]["id"]
            assert one["event"]["module"] == "slack"
            assert one["labels"] == {"account": "default", "input": one["labels"]["input"]}


def test_raw_is_the_default(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h").code == 0
    assert sorted(command.delivered()) == slack.ids()
