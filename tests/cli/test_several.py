# SPDX-License-Identifier: Apache-2.0
"""``run --all-inputs``: several inputs in one process, and what one's trouble is to the others."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command, ids_of, until
from tests.cli.server import Slack


def _file(command: Command, text: str) -> str:
    path = command.folder / "collector.toml"
    path.write_text(text)
    return str(path)


def _ids(path: Path) -> Counter[str]:
    return ids_of(path.read_text("utf-8") if path.exists() else "")


@pytest.fixture
def several(command: Command) -> Command:
    """Without the token file that holds for every input."""
    del command.environment["SLACK_AUDIT_TOKEN_FILE"]
    return command


def _table(command: Command, name: str, *lines: str) -> str:
    return "\n".join(
        [
            f"[inputs.{name}]",
            f'token-file = "{command.token_file}"',
            f'output-file = "{command.folder / name}.ndjson"',
            *lines,
            "",
        ]
    )


def test_each_input_has_all_of_its_own(several: Command, slack: Slack) -> None:
    tables = _table(several, "acme") + _table(several, "globex", 'account = "Globex Inc"')
    file = _file(several, tables)
    ended = several("run", "--all-inputs", "--once", "--config", file, "--page-size", "40")
    assert ended.code == 0, ended.err
    for name, account in (("acme", "acme"), ("globex", "Globex Inc")):
        path = several.folder / f"{name}.ndjson"
        assert sorted(_ids(path).elements()) == slack.ids()
        collector = json.loads(path.read_text("utf-8").splitlines()[0])["collector"]
        assert (collector["input"], collector["account"]) == (name, account)
    found = several("status", "--all-inputs", "--json")
    assert [one["input"] for one in json.loads(found.out)] == ["acme", "globex"]
    assert all(" input=" in line for line in ended.err.splitlines())
    # Their tables hold for every command on one of them.
    alone = several("run", "--once", "--config", file, "--input", "globex")
    assert (alone.code, alone.out) == (0, "")
    assert several("verify", "--config", file, "--input", "globex", "--from", "-90m").code == 0


def test_one_that_fails_does_not_stop_the_others(several: Command, slack: Slack) -> None:
    bad = several.folder / "bad.token"
    bad.write_text("xoxp-revoked")
    bad.chmod(0o600)
    broken = _table(several, "broken").replace(str(several.token_file), str(bad))
    missing = _table(several, "missing").replace(str(several.token_file), "nowhere")
    file = _file(several, broken + _table(several, "well") + missing)
    line = ("run", "--all-inputs", "--config", file, "--poll-every", "1")
    health = several.folder / "stderr"
    with health.open("w") as stderr:
        process = several.start(*line, "--health-listen", "0", stderr=stderr)
        until(lambda: sorted(_ids(several.folder / "well.ndjson").elements()) == slack.ids())
        until(lambda: health.read_text().count("action=failed") == 2)
        report, code = _health(health.read_text())
        several.end(process, signal.SIGTERM)
    assert process.returncode == 0
    assert code == 503
    assert sorted(report["troubled"]) == ["broken", "missing"]
    states = {one["input"]: one["state"] for one in report["inputs"]}
    assert states == {"broken": "failed", "well": "collecting", "missing": "failed"}
    said = [line for line in health.read_text().splitlines() if "action=failed" in line]
    assert all("again_in_s=30" in line for line in said)
    assert {line.partition("exit=")[2][0] for line in said} == {"2", "3"}
    several.no_token(health.read_text())
    # With --once, the exit code is that of the first that failed.
    ended = several(*line, "--once")
    assert ended.code == 3
    assert "xoxp-revoked" not in ended.err
    found = several("status", "--json", "--input", "well")
    assert json.loads(found.out)["last_error"] == ""


def _health(log: str) -> tuple[dict[str, Any], int]:
    port = log.partition("action=health_listens")[2].partition("port=")[2].split()[0]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            page = answer.read().decode()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            return json.loads(answer.read()), answer.status
    except urllib.error.HTTPError as error:
        assert page.count("# TYPE slack_audit_events_total counter") == 1
        assert 'slack_audit_up{account="well",input="well"} 1.0' in page
        assert 'slack_audit_up{account="broken",input="broken"} 0.0' in page
        return json.loads(error.read()), error.code


def test_kills_lose_and_repeat_nothing_but_pages_in_hand(several: Command, slack: Slack) -> None:
    names = [f"n{number}" for number in range(5)]
    file = _file(several, "".join(_table(several, name) for name in names))
    line = ("run", "--all-inputs", "--config", file, "--page-size", "20", "--poll-every", "1")
    for kill in range(1, 4):
        process = several.start(*line)
        until(partial(_have_lines, [several.folder / f"{n}.ndjson" for n in names], 300 * kill))
        process.kill()
        process.communicate()
    ended = several(*line, "--once")
    assert ended.code == 0, ended.err
    for name in names:
        found = _ids(several.folder / f"{name}.ndjson")
        assert sorted(found) == slack.ids()
        # A page in hand at each kill, and the half line that the next start has cut off.
        assert sum(found.values()) - len(found) <= 3 * 20


def _have_lines(paths: list[Path], wanted: int) -> bool:
    return sum(path.read_bytes().count(b"\n") for path in paths if path.exists()) >= wanted


def test_lines_of_several_inputs_on_one_stdout_stay_whole(several: Command, slack: Slack) -> None:
    tables = "".join(
        f'[inputs.{name}]\ntoken-file = "{several.token_file}"\n' for name in "abcdefgh"
    )
    ended = several(
        *("run", "--all-inputs", "--once", "--config", _file(several, tables)),
        *("--page-size", "50"),
    )
    assert ended.code == 0, ended.err
    assert ids_of(ended.out) == Counter(dict.fromkeys(slack.ids(), 8))


def test_another_process_takes_over_input_by_input(several: Command, slack: Slack) -> None:
    names = ("acme", "globex")
    file = _file(several, "".join(_table(several, name) for name in names))
    line = ("run", "--all-inputs", "--standby", "--config", file, "--poll-every", "1")
    first = several.start(*line)
    paths = [several.folder / f"{name}.ndjson" for name in names]
    until(partial(_have_lines, paths, 600))
    log = several.folder / "second"
    with log.open("w") as stderr:
        second = several.start(*line, stderr=stderr)
        until(lambda: log.read_text().count("action=standing_by") == 2)
        first.kill()
        first.communicate()
        until(lambda: log.read_text().count("action=started") == 2)
        assert several.end(second, signal.SIGTERM).code == 0
    for path in paths:
        assert sorted(_ids(path).elements()) == slack.ids()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a table [inputs.NAME] each"),
        ("inputs = 5", "write a table for each input"),
        ("[inputs]\na = 5", "write a table for each input"),
        ("[inputs.a]\ntoken-fil = 'x'", "unknown option 'token-fil' in [inputs.a]"),
        ("[inputs.a]\ntoken = 'xoxp-1'", "put the token in a file of its own"),
        ("[inputs.a]\nworkers = true", "'workers' must be a whole number"),
        ("[inputs.a]\ninput = 'b'", "unknown option 'input' in [inputs.a]"),
        ("[inputs.a]\nall-inputs = true", "unknown option 'all-inputs' in [inputs.a]"),
        ("[inputs.a]\nsweeps = 'x'", "is not period:depth"),
        (
            "[inputs.a]\noutput-file = 'f'\n[inputs.b]\noutput-file = './f'",
            "inputs 'a' and 'b' both name it",
        ),
    ],
)
def test_files_that_are_refused(several: Command, text: str, words: str) -> None:
    ended = several("run", "--all-inputs", "--config", _file(several, text))
    assert ended.code == 2
    assert words in ended.err
    assert not several.state.exists()


def test_the_commands_line_and_the_environment_win(several: Command, slack: Slack) -> None:
    file = _file(
        several, "poll-every = 9\n[run]\nworkers = 3\n" + _table(several, "a", "workers = 0")
    )
    assert "is not in the range" in several("run", "--all-inputs", "--config", file).err
    several.environment["SLACK_AUDIT_WORKERS"] = "2"
    ended = several("run", "--all-inputs", "--once", "--config", file)
    assert ended.code == 0, ended.err
    several.environment["SLACK_AUDIT_CONFIG"] = file
    several.environment["SLACK_AUDIT_INPUT"] = "a"
    assert several("run", "--once").code == 0
    assert json.loads(several("status", "--json").out)["input"] == "a"
