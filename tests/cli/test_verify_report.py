# SPDX-License-Identifier: Apache-2.0
"""The report of ``verify``: what an auditor gets, and that altering it is noticed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slack_audit_input import __version__
from slack_audit_input.hosts.cli.verify_check import check
from slack_audit_input.model.errors import ConfigError
from tests.cli.command import Command
from tests.cli.server import Slack, history, slack_with
from tests.cli.test_against import swallow
from tests.cli.test_verify import SEALED, lose
from tests.fakes.http import TOKEN

STRETCH = ("--from", "-3h")


def made(command: Command, *arguments: str, code: int = 0) -> dict[str, Any]:
    """The report of a stretch."""
    out = ("--report", str(command.folder / "march.json"), "--output-file", str(command.file))
    ended = command("verify", *STRETCH, *out, *arguments)
    assert ended.code == code, ended.err
    found = json.loads((command.folder / "march.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A report over three hours, complete."""
    with slack_with(history(300, 7200)) as slack:
        command = Command(tmp_path_factory.mktemp("report"), slack.url)
        assert command.once("--start", "-3h").code == 0
        return made(command)


def checked(command: Command, code: int) -> str:
    """What the check says."""
    # Whoever checks has the file and nothing else.
    bare = {"PATH": command.environment["PATH"], "HOME": command.environment["HOME"]}
    command.environment, full = bare, command.environment
    ended = command("verify", "--check-report", str(command.folder / "march.json"))
    command.environment = full
    assert ended.code == code, ended.err
    return ended.err


def test_what_it_says(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h").code == 0
    lose(command, 7)
    report = made(command)
    content = report["content"]
    assert content["made"]["by"] == f"slack_audit_input {__version__}"
    assert content["organization"]["api"] == slack.url
    assert content["collection"]["filters"] == "action=;exclude=;actor=;entity="
    assert content["totals"]["entries"] == 300
    assert (content["totals"]["missing"], content["totals"]["repaired"]) == (7, 7)
    assert sum(day["entries"] for day in content["days"]) == 300
    assert sum(hour["delivered"] for hour in content["hours"]) == 293
    assert content["complete"] is True
    assert content["conclusion"].startswith("COMPLETE: all 300 entries that Slack shows")
    assert "7 of them were missing and have been delivered now" in content["conclusion"]
    page = (command.folder / "march.txt").read_text("utf-8")
    assert content["conclusion"] in page
    assert report["sha256"] in page
    assert TOKEN not in page + json.dumps(report)
    assert "unaltered" in checked(command, 0)


def test_the_hash_is_anybodys_to_compute(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h").code == 0
    report = made(command)
    form = json.dumps(
        report["content"], sort_keys=True, ensure_ascii=False, separators=(",", ":")
    ).encode("utf-8")
    assert hashlib.sha256(form).hexdigest() == report["sha256"]
    if shutil.which("jq") is None:
        pytest.skip("no jq here, with which docs/audit.md computes it")
    jq = ["jq", "-jcS", ".content", str(command.folder / "march.json")]
    found = subprocess.run(jq, check=True, capture_output=True).stdout
    assert hashlib.sha256(found).hexdigest() == report["sha256"]


def test_a_host_and_digests_in_it(command: Command, slack: Slack) -> None:
    assert command.once(*SEALED).code == 0
    gone = swallow(command.file, 40)
    content = made(command, "--against", str(command.file), *SEALED[:2])["content"]
    assert (content["totals"]["host_missing"], content["totals"]["host_sent"]) == (40, len(gone))
    assert content["totals"]["hours_by_digest"] >= 2
    (file,) = content["host"]["files"]
    assert (file["lines"], file["unreadable"], len(file["sha256"])) == (260, 0, 64)
    assert "unaltered" in checked(command, 0)


def test_an_incomplete_one(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-1h").code == 0
    content = made(command, code=1)["content"]
    assert content["complete"] is False
    assert content["conclusion"].startswith("INCOMPLETE: ")
    assert "1 stretches were never asked for" in content["conclusion"]
    assert "unaltered" in checked(command, 0)


def _set(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        place: Any = content
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_set("hours", 1, "missing", to=3), "hours[1] ("),
        (_set("hours", 1, "entries", to=9999), "hours[1] ("),
        (_set("hours", 0, "repaired", to=5), "repaired 5 is more than missing 0"),
        (_set("hours", 1, "digest", to="0" * 32), "the digests differ"),
        (_set("hours", 1, "digest", to="x"), "is no digest"),
        (_set("hours", 0, "missing", to="0"), "hours[0] has a missing that is no int"),
        (_set("days", 0, "entries", to=1), "days[0].entries is 1, the hours make it"),
        (_set("totals", "gone", to=4), "totals.gone is 4, the hours make it 0"),
        (_set("complete", to=False), "complete is false, the hours make it true"),
        (_set("conclusion", to="COMPLETE: all."), 'conclusion is "COMPLETE: all."'),
        (_set("organization", "api", to="https://else/"), "sha256 is "),
        (lambda content: content["hours"].pop(1), "days[0]."),
        (lambda content: content["hours"].reverse(), "hours are not each there once"),
        (lambda content: content.pop("asked"), "a part is missing"),
        (lambda content: content["totals"].pop("gone"), "totals.gone is null"),
    ],
)
def test_altering_it_is_noticed(
    report: dict[str, Any], tmp_path: Path, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    altered = json.loads(json.dumps(report))
    change(altered["content"])
    path = tmp_path / "report.json"
    path.write_text(json.dumps(altered), "utf-8")
    found = check(str(path))
    assert words in found[0]
    assert found[-1].startswith("sha256 is ")


def test_no_digit_can_be_changed(report: dict[str, Any], tmp_path: Path) -> None:
    text, path = json.dumps(report), tmp_path / "report.json"
    path.write_text(text, "utf-8")
    assert check(str(path)) == []
    digits = [place for place, one in enumerate(text) if one in "123456789"]
    for place in digits[:: max(1, len(digits) // 300)]:
        path.write_text(f"{text[:place]}0{text[place + 1 :]}", "utf-8")
        # Or it is no JSON, or no report of this format, any more.
        with contextlib.suppress(ConfigError):
            assert check(str(path)) != [], text[place - 30 : place + 30]


def test_a_hash_made_anew_does_not_hide_what_does_not_add_up(
    command: Command, slack: Slack
) -> None:
    assert command.once("--start", "-3h").code == 0
    report = made(command)
    report["content"]["days"][0]["missing"] = 1
    form = json.dumps(
        report["content"], sort_keys=True, ensure_ascii=False, separators=(",", ":")
    ).encode("utf-8")
    report["sha256"] = hashlib.sha256(form).hexdigest()
    (command.folder / "march.json").write_text(json.dumps(report), "utf-8")
    assert "days[0].missing is 1, the hours make it 0" in checked(command, 1)


def test_the_page_of_words_is_checked_too(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h").code == 0
    made(command)
    path = command.folder / "march.txt"
    path.write_text(path.read_text("utf-8").replace("COMPLETE: all 300", "COMPLETE: 400"))
    assert "march.txt, line 3 is " in checked(command, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "is no report of verify"),
        ("{", "is not JSON"),
        ('{"content":{"what":"slack_audit_input verify report","format":2}}', "has format 2"),
    ],
)
def test_what_is_no_report(command: Command, slack: Slack, text: str, words: str) -> None:
    (command.folder / "march.json").write_text(text, "utf-8")
    assert words in checked(command, 2)


def test_a_report_without_a_folder_is_refused_before_anything_is_read(
    command: Command, slack: Slack
) -> None:
    assert command.once("--start", "-3h").code == 0
    ended = command("verify", *STRETCH, "--report", str(Path("none") / "x.json"))
    assert ended.code == 2
    assert "there is no folder for it" in ended.err
