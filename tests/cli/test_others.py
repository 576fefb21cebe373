# SPDX-License-Identifier: Apache-2.0
"""``backfill``, ``status``, ``check`` and ``forget``."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from slack_audit_input.hosts.moments import shown
from slack_audit_input.stores.sql import SqlState
from tests.cli.command import Command, until
from tests.cli.server import Slack

FILE = "--output-file"


def test_backfill_with_none_running(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-30m").code == 0
    before = len(command.delivered())
    assert 0 < before < 300
    ended = command("backfill", "--from", "-3h", "--to", "-20m", FILE, str(command.file))
    assert ended.code == 0, ended.err
    assert f"backfill {shown(time.time() - 3 * 3600)[:14]}" in ended.err
    assert sorted(command.delivered().elements()) == slack.ids()
    # Nothing twice, however often it is asked for.
    assert command("backfill", "--from", "-3h", FILE, str(command.file)).code == 0
    assert sorted(command.delivered().elements()) == slack.ids()
    assert command.status()["requests"] == []


def test_backfill_as_the_first_thing(command: Command, slack: Slack) -> None:
    assert command("backfill", "--from", "-3h", FILE, str(command.file)).code == 0
    assert sorted(command.delivered().elements()) == slack.ids()


def test_backfill_is_handed_to_a_running_collector(command: Command, slack: Slack) -> None:
    process = command.start("run", "--start", "-30m", "--poll-every", "1", FILE, str(command.file))
    until(lambda: command.state.exists() and command.status()["running"])
    del command.environment["SLACK_AUDIT_TOKEN_FILE"]  # not needed for asking
    ended = command("backfill", "--from", "-3h")
    assert ended.code == 0, ended.err
    assert "handed_over" in ended.err
    assert ended.out == ""
    assert sorted(command.delivered().elements()) == slack.ids()
    assert command.end(process, signal.SIGTERM).code == 0


def test_backfill_by_a_collector_that_dies(command: Command, slack: Slack) -> None:
    process = command.start("run", "--start", "-30m", "--poll-every", "1", FILE, str(command.file))
    until(lambda: command.state.exists() and command.status()["running"])
    slack.trouble.delay = 20.0
    asking = command.start("backfill", "--from", "-3h")
    until(lambda: command.status()["requests"])
    process.send_signal(signal.SIGKILL)
    slack.trouble.over()
    ended = command.end(asking)
    assert ended.code == 4, ended.err
    assert "start it again" in ended.err
    # The wish outlives it.
    assert command.once().code == 0
    assert sorted(command.delivered().elements()) == slack.ids()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from", "-1h", "--to", "-2h"), "--from must lie before --to"),
        (("--from", "2099-01-01", "--to", "2099-01-02"), "lies in the future"),
        (("--from", "2001-01-01", "--to", "2002-01-01"), "before the first audit log"),
        (("--from", "soon"), "--from 'soon' is no time"),
        (("--from", "-1h", "--token-file", "/nowhere"), "/nowhere: No such file"),
        ((), "--from"),
    ],
)
def test_backfill_mistakes_leave_no_wish_behind(
    command: Command, arguments: tuple[str, ...], words: str
) -> None:
    assert command.once().code == 0
    ended = command("backfill", *arguments)
    assert ended.code == 2, ended.err
    assert words in ended.err
    assert command.status()["requests"] == []


def test_status(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h", "--account", "acme").code == 0
    found = command.status()
    assert found["account"] == "acme"
    assert found["counters"]["events"] == 300
    assert (found["running"], found["backlog_s"], found["open_windows"]) == (False, 0, [])
    assert found["lag_s"] < 60
    assert sum(found["lateness_s"].values()) == 0
    assert len(found["lateness_s"]) == 18
    table = command("status")
    assert table.code == 0
    for words in ("account", "acme", "read up to", "events delivered", "300"):
        assert words in table.out
    assert table.err == ""


def test_status_of_all_inputs(command: Command) -> None:
    assert command.once("--input", "one").code == 0
    assert command.once("--input", "two").code == 0
    table = command("status", "--all-inputs")
    assert "one" in table.out
    assert "two" in table.out
    ended = command("status")
    assert ended.code == 7
    assert "the state has no input 'default'" in ended.err


def test_status_shows_the_last_error(command: Command, slack: Slack) -> None:
    slack.trouble.always(401)
    assert command.once().code == 3
    assert "does not accept the token" in command("status").out
    assert command.status()["last_error_at"].startswith("20")


def test_status_beside_a_running_collector(command: Command) -> None:
    process = command.start("run", FILE, str(command.file))
    until(lambda: command.state.exists() and command.status()["running"])
    assert "yes, " in command("status").out
    assert command.end(process, signal.SIGTERM).code == 0


def test_check_when_all_is_well(command: Command, slack: Slack) -> None:
    ended = command("check")
    assert ended.code == 0, ended.out
    lines = ended.out.splitlines()
    assert all(line.startswith("ok ") for line in lines)
    assert [line.split(":")[0].split(None, 1)[1] for line in lines] == [
        *("settings", "api url", "slack", "clock", "token", "audit logs", "state", "output"),
    ]
    # It has changed nothing.
    assert [path.name for path in command.folder.iterdir()] == ["token"]


def test_check_leaves_a_torn_line_and_a_running_collector_alone(command: Command) -> None:
    command.file.write_bytes(b'{"@timestamp":"2')
    process = command.start("run", FILE, str(command.folder / "out"))
    until(lambda: command.state.exists() and command.status()["running"])
    ended = command("check", FILE, str(command.file))
    assert ended.code == 0, ended.out
    assert command.file.read_bytes() == b'{"@timestamp":"2'
    assert command("check", FILE, str(command.folder / "out")).code == 0
    assert command.end(process, signal.SIGTERM).code == 0


@pytest.mark.parametrize(
    ("status", "code", "exit_code", "words"),
    [
        (401, "", 3, "does not accept the token"),
        (403, "missing_scope", 3, "lacks the scope auditlogs:read"),
        (200, "feature_not_enabled", 3, "Enterprise plans only"),
        (400, "invalid_action", 2, "is each --action a name that Slack lists"),
        (429, "", 4, "rate limit is used up"),
        (500, "", 4, "fault at the moment"),
        (404, "", 2, "--api-url"),
        (418, "", 5, "not known"),
    ],
)
def test_check_says_in_words_what_is_wrong(
    command: Command, slack: Slack, status: int, code: str, exit_code: int, words: str
) -> None:
    slack.trouble.always(status, code=code)
    ended = command("check", "--action", "user_login")
    assert ended.code == exit_code, ended.out
    (failed,) = [line for line in ended.out.splitlines() if line.startswith("FAILED ")]
    assert failed.startswith("FAILED  audit logs: ")
    assert words in failed


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (("--api-url", "http://127.0.0.1:1/"), 4, "FAILED  slack: no answer"),
        (("--api-url", "http://slack.example/"), 2, "must begin with https://"),
        (("--token-file", "/nowhere"), 2, "FAILED  token: --token-file /nowhere"),
        (("--start", "x"), 2, "FAILED  settings: --start 'x'"),
        (("--state", "token/below/state"), 7, "FAILED  state: "),
        (("--state", "mysql://x"), 2, "FAILED  state: "),
        ((FILE, "/none/out"), 6, "FAILED  output: the folder /none does not exist"),
    ],
)
def test_check_goes_on_after_a_failure(
    command: Command, arguments: tuple[str, ...], exit_code: int, words: str
) -> None:
    ended = command("check", *arguments)
    assert ended.code == exit_code, ended.out
    assert words in ended.out
    assert "output" in ended.out


def test_check_of_a_damaged_state(command: Command) -> None:
    command.state.write_bytes(b"x" * 5000)
    ended = command("check")
    assert ended.code == 7
    assert "FAILED  state: " in ended.out
    assert command.state.read_bytes() == b"x" * 5000


def test_forget(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h").code == 0
    assert command.once("--input", "other").code == 0
    command.file.write_text("")
    unsure = command("forget")  # stdin is empty: nobody says yes
    assert unsure.code == 1
    assert command.status()["counters"]["events"] == 300
    assert command("forget", "--yes").code == 0
    assert command("status").code == 7
    assert command("status", "--input", "other").code == 0
    again = command("forget", "--yes")
    assert again.code == 7
    assert "it has: other" in again.err
    assert command.once("--start", "-3h").code == 0
    assert sorted(command.delivered().elements()) == slack.ids()


def test_forget_is_refused_while_it_is_collected(command: Command) -> None:
    process = command.start("run", FILE, str(command.file))
    until(lambda: command.state.exists() and command.status()["running"])
    ended = command("forget", "--yes")
    assert ended.code == 2
    assert "stop it first" in ended.err
    assert command.end(process, signal.SIGTERM).code == 0


def test_forget_is_refused_beside_an_owner_whose_clock_is_wrong(command: Command) -> None:
    assert command.once().code == 0
    state = SqlState(str(command.state))
    checkpoint = state.checkpoint("default")
    owned = checkpoint.load()
    assert owned is not None
    with closing(sqlite3.connect(command.state)) as connection, connection:
        connection.execute("UPDATE slack_audit_inputs SET owner='elsewhere:1:x', beat=1")
    connection.close()
    forgetting = command.start("forget", "--yes")
    assert forgetting.stderr is not None
    assert "waiting_for_owner" in forgetting.stderr.readline()
    time.sleep(1)
    assert checkpoint.beat(owned.version, "elsewhere:1:x", 2.0)
    ended = command.end(forgetting)
    assert ended.code == 7
    assert "another collector runs on this input" in ended.err
    assert checkpoint.load() is not None
    state.close()


@pytest.mark.parametrize("place", ["default", "home"])
def test_where_the_state_is(command: Command, tmp_path: Path, place: str) -> None:
    del command.environment["SLACK_AUDIT_STATE"]
    if place == "default":
        command.environment["XDG_STATE_HOME"] = str(tmp_path / "xdg")
    folder = tmp_path / ("xdg" if place == "default" else ".local/state")
    assert command.once().code == 0
    assert (folder / "slack-audit-input" / "state.sqlite").is_file()


def test_status_advises(command: Command, slack: Slack) -> None:
    assert command.once("--start", "-3h").code == 0
    ended = command("status", "--advise", "--json")
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)["advice"]
    assert (found["verdict"], found["levels_known"]) == ("wait", True)
    assert [level["period"] for level in found["levels"]] == [5, 60, 600, 21600]
    assert found["present"]["calls_a_minute"] == pytest.approx(12.0, abs=0.1)
    ended = command("status", "--advise")
    assert "advice: WAIT" in ended.out
    assert "what other levels would do" in ended.out
    # The state of an earlier version knows less, and is read all the same.
    connection = sqlite3.connect(command.state)
    with connection:
        (text,) = connection.execute("SELECT counters FROM slack_audit_inputs").fetchone()
        counters = json.loads(text)
        del counters["watch"]
        counters["lateness"][8] = 3
        connection.execute("UPDATE slack_audit_inputs SET counters = ?", (json.dumps(counters),))
    connection.close()
    ended = command("status", "--advise", "--json")
    found = json.loads(ended.out)["advice"]
    assert (found["verdict"], found["levels_known"], found["late_events"]) == ("wait", False, 3)
    assert "advice" not in command.status()
    # Other levels are another watch.
    assert command.once("--sweeps", "600:1800").code == 0
    found = json.loads(command("status", "--advise", "--json").out)["advice"]
    assert [level["period"] for level in found["levels"]] == [5, 600]
