# SPDX-License-Identifier: Apache-2.0
"""What docs/audit.md tells an auditor and a Splunk admin to run does what it says there."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from slack_audit_input.collector.counters import Counters
from slack_audit_input.hosts.cli.held import Held
from slack_audit_input.hosts.lateness import in_one_line
from slack_audit_input.hosts.wording import pairs
from slack_audit_input.model.ledger import LIVE, Reading
from tests.cli.command import Command
from tests.cli.server import history, slack_with
from tests.spl.events import log_rows, rows
from tests.spl.search import Spl

TEXT = (Path(__file__).parents[2] / "docs" / "audit.md").read_text("utf-8")
SPL = [found.replace("\n", " ") for found in re.findall(r"```spl\n(.*?)```", TEXT, re.DOTALL)]
DAY = 86_400


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Events of some past hours, collected, with a report over them."""
    noon = int(time.time()) // DAY * DAY - DAY // 2
    with slack_with(history(200, 9_000, noon)) as slack:
        command = Command(tmp_path_factory.mktemp("audit"), slack.url)
        assert command.once("--start", str(noon - DAY // 4)).code == 0
        stretch = ("--from", str(noon - DAY // 8), "--to", str(noon))
        ended = command("verify", *stretch, "--report", "november")
        assert ended.code == 0, ended.err
        return command


def indexed(command: Command) -> list[dict[str, list[str]]]:
    """The events as Splunk has them."""
    lines = command.file.read_text("utf-8").splitlines()
    return [{**row, "index": ["YOURS"]} for row in rows(map(json.loads, lines))]


def jq(command: Command, name: str) -> str:
    """What the document's jq line with this file prints."""
    if shutil.which("jq") is None:
        pytest.skip("no jq here: apt-get install jq")
    (line,) = (one for one in TEXT.splitlines() if one.startswith("jq ") and name in one)
    words = shlex.split(line)[: shlex.split(line).index(name) + 1]
    return subprocess.run(
        words, cwd=command.folder, check=True, capture_output=True, text=True
    ).stdout


def test_counts_by_hour_are_the_same_in_splunk_and_in_the_report(made: Command) -> None:
    by_hour, _, _ = SPL
    found = [(row["hour"][0], row["entries"][0]) for row in Spl(by_hour).run(indexed(made))]
    told = [tuple(row) for row in csv.reader(io.StringIO(jq(made, "november.json")))]
    assert sorted(found) == told
    assert sum(int(count) for _, count in told) == 200


def test_an_export_of_ids_is_what_verify_reads(made: Command) -> None:
    (search,) = re.findall(r"search=search (.*?)'", TEXT)
    found = Spl(search).run(indexed(made))
    with (made.folder / "ids.csv").open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["id"])
        writer.writerows(row["id"] for row in found)
    assert len(found) == 200
    held = Held([str(made.folder / "ids.csv")])
    held.read()
    assert (held.keys, held.again) == (200, 0)
    held.close()


def test_ids_that_are_there_twice(made: Command) -> None:
    _, twice, _ = SPL
    events = indexed(made)
    assert Spl(twice).run(events) == []
    (row,) = Spl(twice).run([*events, events[7]])
    assert (row["id"], row["count"]) == (events[7]["id"], ["2"])


def test_the_advice_in_the_log() -> None:
    counters = Counters()
    counters.watch = counters.watch.under([(5, 15), (60, 180)])
    reading = Reading(0, 100, "", 9999, LIVE, 90, 0, 100, 1)
    counters.add_watched(reading, 40, [12, 14])
    line = pairs({"action": "advice", "input": "acme", **in_one_line(counters)})
    text = f"2026-11-24 10:00:00,000 level=INFO {line}\n"
    lines = log_rows(text, "slack_audit_input_acme.log")
    found = [{**row, "index": ["_internal"]} for row in lines]
    (row,) = Spl(SPL[2]).run(found)
    assert (row["verdict"], row["late_by_level"]) == (["wait"], ["5:15=2,60:180=0"])
    assert "only 40 events in 0.0 days" in row["reason"][0]


def test_the_sum_of_the_auditor(made: Command) -> None:
    report = json.loads((made.folder / "november.json").read_text("utf-8"))
    if shutil.which("jq") is None:
        pytest.skip("no jq here: apt-get install jq")
    line = next(one for one in TEXT.splitlines() if one.startswith("jq -jcS"))
    found = subprocess.run(
        ["/bin/sh", "-c", line.replace("spring", "november")],
        cwd=made.folder,
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.split()[0] == report["sha256"]
