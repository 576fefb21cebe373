# SPDX-License-Identifier: Apache-2.0
"""Planted holes: what the index lost and what a broken sink swallowed is found and repaired."""

from __future__ import annotations

import csv
import gzip
import json
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slack_audit_input.engine.delivered import unpack
from slack_audit_input.slack.keys import keys_of
from tests.cli.command import Command, until
from tests.cli.server import Slack
from tests.cli.test_verify import lose, report

STRETCH = ("--from", "-3h")


def swallow(path: Path, count: int) -> set[str]:
    """Take ``count`` lines out of the middle of a file, as a broken disk would; their ids."""
    lines = path.read_bytes().splitlines(keepends=True)
    middle = len(lines) // 2
    path.write_bytes(b"".join(lines[:middle] + lines[middle + count :]))
    return {json.loads(line)["id"] for line in lines[middle : middle + count]}


def blobs(command: Command) -> list[bytes]:
    """The buckets of the delivered index."""
    connection = sqlite3.connect(command.state)
    rows = connection.execute("SELECT keys FROM slack_audit_delivered").fetchall()
    connection.close()
    return [row[0] for row in rows]


def host_of(command: Command, *arguments: str, code: int = 0) -> dict[str, Any]:
    """What verify says of the host's file."""
    found = report(command, *STRETCH, "--against", str(command.file), *arguments, code=code)
    host = found["host"]
    assert isinstance(host, dict)
    return {**found, **host}


def test_an_id_that_left_the_index(command: Command, slack: Slack) -> None:
    """Hole one: the index has lost it, so the collector would deliver it twice, or never."""
    assert command.once("--start", "-3h").code == 0
    lose(command, 1)
    command.file.write_text("")
    found = report(command, *STRETCH)
    assert (found["delivered_now"], found["still_missing"]) == (1, 0)
    assert len(command.delivered()) == 1
    again = report(command, *STRETCH)
    assert (again["delivered_now"], again["still_missing"]) == (0, 0)


@pytest.mark.parametrize("form", ["raw", "ecs"])
def test_a_page_that_the_sink_swallowed(command: Command, slack: Slack, form: str) -> None:
    """Hole two: the sink said that it had it, so the index has it, and the host does not."""
    written = ("--format", form)
    assert command.once("--start", "-3h", *written).code == 0
    if form == "ecs":
        lines = command.file.read_bytes().splitlines(keepends=True)
        command.file.write_bytes(b"".join(lines[:100] + lines[140:]))
        command.file.with_suffix(".lost").write_bytes(b"".join(lines[100:140]))
    else:
        swallow(command.file, 40)
    # The index cannot see it.
    assert report(command, *STRETCH)["delivered_now"] == 0
    found = host_of(command, *written)
    assert (found["missing"], found["sent"]) == (40, 40)
    assert (found["delivered_now"], found["still_missing"]) == (0, 0)
    clean = host_of(command, *written)
    assert (clean["missing"], clean["sent"], clean["more_than_once"]) == (0, 0, 0)
    assert clean["different"] == 300
    ended = command("verify", *STRETCH, "--against", str(command.file))
    assert ended.code == 0
    assert "all 300 entries that Slack shows" in ended.err


def test_both_holes_at_once(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h").code == 0
    gone = swallow(command.file, 25)
    lose(command, 7)
    found = host_of(command)
    # What the index had lost is delivered by way of the state, and is there twice: the file had it.
    assert (found["delivered_now"], found["missing"], found["sent"]) == (7, 25, 25)
    assert set(command.delivered()) == set(slack.ids())
    assert {command.delivered()[id_] for id_ in gone} == {1}
    assert host_of(command)["missing"] == 0


def test_the_same_hole_in_both(command: Command, slack: Slack) -> None:
    """Never delivered: the state brings it, and it is not sent a second time for the host."""
    assert command.once("--start", "-3h").code == 0
    lose(command, 7)
    known = {key for blob in blobs(command) for key in unpack(blob)}
    lost = {name for name in slack.ids() if keys_of([name])[0] not in known}
    assert len(lost) == 7
    lines = command.file.read_text().splitlines(keepends=True)
    command.file.write_text("".join(line for line in lines if json.loads(line)["id"] not in lost))
    found = host_of(command)
    assert (found["delivered_now"], found["missing"], found["sent"]) == (7, 7, 7)
    assert sorted(command.delivered().elements()) == slack.ids()


def test_an_hour_that_has_left_the_index(command: Command, slack: Slack) -> None:
    sealed = ("--sweeps", "none")
    assert command.once("--start", "-3h", *sealed).code == 0
    swallow(command.file, 40)
    found = host_of(command, *sealed)
    assert (found["missing"], found["sent"]) == (40, 40)
    assert sorted(command.delivered().elements()) == slack.ids()


def test_too_much_is_sent_only_when_told_to(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h").code == 0
    swallow(command.file, 150)
    swallow(command.file, 30)
    found = host_of(command, code=1)
    assert (found["missing"], found["sent"]) == (180, 0)
    assert "the files hold only 120 of 300" in found["remedy"]
    ended = command("verify", *STRETCH, "--against", str(command.file))
    assert ended.code == 1
    assert "180 are NOT IN THE FILES NAMED: the files hold only 120" in ended.err
    assert host_of(command, "--redeliver")["sent"] == 180
    assert sorted(command.delivered().elements()) == slack.ids()


def test_beside_a_running_collector(command: Command, slack: Slack) -> None:
    running = ("run", "--start", "-3h", "--poll-every", "1", "--output-file", str(command.file))
    process = command.start(*running)
    until(lambda: len(command.delivered()) == 300)
    kept = command.file.read_bytes()
    lines = kept.splitlines(keepends=True)
    # A copy: the file itself is in use.
    copy = command.folder / "host.ndjson"
    copy.write_bytes(b"".join(lines[:100] + lines[140:]))
    elsewhere = ("--output-file", str(command.folder / "more.ndjson"))
    asked = ("verify", "--json", *STRETCH, "--against", str(copy), *elsewhere)
    ended = command(*asked)
    assert ended.code == 1
    found = json.loads(ended.out)
    assert (found["host"]["missing"], found["host"]["sent"]) == (40, 0)
    assert "--redeliver sends them from here" in found["host"]["remedy"]
    ended = command(*asked, "--redeliver")
    assert ended.code == 0, ended.err
    assert len((command.folder / "more.ndjson").read_text().splitlines()) == 40
    assert command.end(process, signal.SIGTERM).code == 0
    assert sorted(command.delivered().elements()) == slack.ids()


def test_what_comes_while_it_looks_is_not_sent_twice(command: Command, slack: Slack) -> None:
    sweeps = ("--sweeps", "2:7300", "--poll-every", "1")
    process = command.start("run", "--start", "-3h", *sweeps, "--output-file", str(command.file))
    until(lambda: len(command.delivered()) == 300)
    slack.trouble.delay = 0.3
    asked = ("--against", str(command.file), "--output-file", str(command.folder / "more.ndjson"))
    verify = command.start("verify", "--json", *STRETCH, *sweeps, "--page-size", "12", *asked)
    time.sleep(2.0)
    # The files have been read by now. These come to them before Slack's pages get there, which
    # takes six seconds more.
    slack.add(int(time.time()) - 7000, 5, 9000)
    ended = command.end(verify)
    slack.trouble.over()
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)
    assert (found["entries"], found["host"]["sent"], found["delivered_now"]) == (305, 0, 0)
    command.end(process, signal.SIGTERM)
    assert sorted(command.delivered().elements()) == slack.ids()


def _ids(entries: list[dict[str, Any]], path: Path) -> None:
    path.write_text("".join(f"{entry['id']}\n" for entry in entries))


def _raw_csv(entries: list[dict[str, Any]], path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["_time", "_raw"])
        writer.writerows(["2026-11-24", json.dumps(entry)] for entry in entries)


def _id_csv(entries: list[dict[str, Any]], path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["event_id", "slack_action"])
        writer.writerows([entry["id"], entry["action"]] for entry in entries)


def _splunk_json(entries: list[dict[str, Any]], path: Path) -> None:
    lines = [
        {"preview": False, "offset": n, "result": {"_raw": json.dumps(entry)}}
        for n, entry in enumerate(entries)
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def _splunk_json_ids(entries: list[dict[str, Any]], path: Path) -> None:
    lines = [{"preview": False, "result": {"id": entry["id"]}} for entry in entries]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def _packed(entries: list[dict[str, Any]], path: Path) -> None:
    half = len(entries) // 2
    # Two members, as a log has that was packed in two goes.
    for part in (entries[:half], entries[half:]):
        text = "".join(f"{json.dumps(entry)}\n" for entry in part)
        with path.open("ab") as file:
            file.write(gzip.compress(text.encode()))


@pytest.mark.parametrize(
    "export", [_ids, _raw_csv, _id_csv, _splunk_json, _splunk_json_ids, _packed]
)
def test_exports_of_the_host(
    command: Command, slack: Slack, export: Callable[[list[dict[str, Any]], Path], None]
) -> None:
    assert command.once("--start", "-3h").code == 0
    entries = [json.loads(line) for line in command.file.read_text().splitlines()]
    random.Random(4).shuffle(entries)
    path = command.folder / "export"
    export(entries, path)
    assert report(command, *STRETCH, "--against", str(path))["host"]["missing"] == 0
    path.unlink()
    export(entries[10:], path)
    command.file.write_text("")
    found = report(command, *STRETCH, "--against", str(path))["host"]
    assert (found["missing"], found["sent"]) == (10, 10)
    assert set(command.delivered()) == {entry["id"] for entry in entries[:10]}


def test_several_files_and_lines_that_are_none(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h").code == 0
    lines = command.file.read_bytes().splitlines(keepends=True)
    first, second = command.folder / "one.ndjson", command.folder / "two.ndjson.gz"
    first.write_bytes(b"".join(lines[:150]) + lines[150][:60] + b"\n")
    second.write_bytes(gzip.compress(b"\n".join(lines[150:])))
    both = ("--against", str(first), "--against", str(second))
    found = report(command, *STRETCH, *both)["host"]
    assert [file["unreadable"] for file in found["files"]] == [1, 0]
    assert found["files"][0]["first_unreadable"] == 151
    assert (found["different"], found["missing"]) == (300, 0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.write_bytes(gzip.compress(b"x" * 999)[:-9]), "ends early or is damaged"),
    ],
)
def test_files_that_cannot_be_read(
    command: Command, make: Callable[[Path], Any], words: str
) -> None:
    assert command.once("--start", "-3h").code == 0
    path = command.folder / "host"
    make(path)
    ended = command("verify", *STRETCH, "--against", str(path))
    assert ended.code == 2
    assert words in ended.err


def test_the_host_alone_without_any_state(command: Command, slack: Slack) -> None:
    """What Splunk's add-on has collected: its state is in a KV store, its events in an index."""
    assert command.once("--start", "-3h").code == 0
    ids = command.folder / "ids.csv"
    ids.write_text("id\n" + "".join(f'"{name}"\n' for name in slack.ids()[5:]))
    command.state.unlink()
    command.file.unlink()
    page = command.folder / "page"
    asked = ("verify", *STRETCH, "--host-only", "--against", str(ids), "--report", str(page))
    ended = command(*asked)
    assert ended.code == 1, ended.err
    assert "5 are NOT IN THE FILES NAMED: --redeliver writes them" in ended.err
    assert "not in files" in page.with_suffix(".txt").read_text()
    assert command("verify", "--check-report", str(page.with_suffix(".json"))).code == 0
    assert not command.file.exists()
    ended = command(*asked, "--redeliver", "--output-file", str(command.file))
    assert ended.code == 0, ended.err
    assert sorted(command.delivered()) == slack.ids()[:5]
    assert not command.state.exists()
    with ids.open("a") as file:
        file.writelines(f"{name}\n" for name in slack.ids()[:5])
    ended = command(*asked)
    assert ended.code == 0, ended.err
    assert "COMPLETE: all 300 entries" in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host-only",), "--host-only needs --against"),
        (("--host-only", "--against", "token", "--to", "2100-01-01"), "--to lies in the future"),
    ],
)
def test_mistakes(command: Command, arguments: tuple[str, ...], words: str) -> None:
    ended = command("verify", *STRETCH, *arguments)
    assert ended.code == 2
    assert words in ended.err
