# SPDX-License-Identifier: Apache-2.0
"""The installed command once it is signed in: tokens that change, and where they come from."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from slack_audit_input import AuditLogs
from slack_audit_input.emulator import EmulatorOptions, RunningEmulator, start
from slack_audit_input.model.errors import ConfigError
from tests.tokens.conftest import SMALL
from tests.tokens.terminal import Terminal, document, wait_for

# -- a collector that runs meanwhile ---------------------------------------------------------


@pytest.fixture
def short() -> Iterator[RunningEmulator]:
    """Tokens that live four seconds."""
    options = {**vars(SMALL), "token_life": 4.0, "live_rate": 5.0, "active_tokens": 2}
    with start(EmulatorOptions(**options)) as running:
        yield running


def test_a_running_collector_goes_on_with_refreshed_tokens(
    tmp_path: Path, short: RunningEmulator
) -> None:
    terminal = Terminal(tmp_path, short)
    assert terminal.login()[0] == 0
    with terminal.start(
        *("run", "--output-file", "events.ndjson", "--start", "now", "--poll-every", "1"),
        "--max-calls-per-minute=600",
    ) as process:
        wait_for(lambda: short.control.counters()["grants"]["refreshes"] >= 2)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    counted = short.control.counters()
    # A machine that is busy may come too late for such short lives: then the call is made again.
    assert set(counted["statuses"]) <= {"200", "302", "403"}
    assert err.count("action=token_refreshed") >= 2 and "xox" not in err
    lines = (tmp_path / "events.ndjson").read_text().splitlines()
    assert len(lines) == len(set(lines)) > 0


def test_two_collectors_on_one_account_refresh_for_one_another(
    tmp_path: Path, short: RunningEmulator
) -> None:
    terminal = Terminal(tmp_path, short)
    assert terminal.login()[0] == 0
    running = [
        terminal.start(
            *("run", "--output-file", f"{name}.ndjson", "--state", f"{name}.sqlite"),
            *("--start", "now", "--poll-every", "1", "--max-calls-per-minute=600"),
        )
        for name in ("one", "two")
    ]
    wait_for(lambda: short.control.counters()["grants"]["refreshes"] >= 2)
    said = ""
    for process in running:
        process.send_signal(signal.SIGTERM)
        said += process.communicate(timeout=30)[1]
        assert process.returncode == 0, said
    counted = short.control.counters()
    # A machine that is busy may come too late for such short lives: then the call is made again.
    assert set(counted["statuses"]) <= {"200", "302", "403"}
    refreshes = counted["grants"]["refreshes"]
    assert said.count("action=token_refreshed") == refreshes == document(terminal)["serial"] - 1


def test_a_token_that_slack_says_has_expired_is_replaced_in_the_same_call(
    terminal: Terminal,
) -> None:
    assert terminal.login()[0] == 0
    with terminal.start(
        *("run", "--output-file", "events.ndjson", "--start", "-1h", "--poll-every", "1"),
        "--max-calls-per-minute=600",
    ) as process:
        wait_for(lambda: terminal.slack.control.counters()["pages"] >= 3)
        # To the collector's own clock the token is still good for hours.
        terminal.slack.control.clock.step(13 * 3600)
        wait_for(lambda: terminal.slack.control.counters()["grants"]["refreshes"] >= 1)
        pages = terminal.slack.control.counters()["pages"]
        wait_for(lambda: terminal.slack.control.counters()["pages"] > pages + 2)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert terminal.slack.control.counters()["grants"]["refreshes"] == 1
    assert document(terminal)["serial"] == 2


def test_when_the_sign_in_is_revoked_the_collector_ends_with_3(terminal: Terminal) -> None:
    assert terminal.login()[0] == 0
    terminal.slack.control.revoke_tokens()
    code, said = terminal("run", "--once", "--output-file", "events.ndjson")
    assert code == 3 and "invalid_refresh_token" in said and "Sign in again" in said
    code, said = terminal("check")
    assert code == 3 and "why: the sign-in is lost" in said


# -- where a token comes from ----------------------------------------------------------------


def test_one_token_or_a_sign_in_not_both(terminal: Terminal) -> None:
    code, said = terminal("check", "--token-file", "token", "--credentials", "x")
    assert code == 2 and "choose one" in said


def test_credentials_that_others_can_read_are_refused(terminal: Terminal) -> None:
    assert terminal.login()[0] == 0
    terminal.kept.chmod(0o640)
    code, said = terminal("run", "--once")
    assert code == 2 and "chmod 600" in said


def test_damaged_credentials(terminal: Terminal) -> None:
    assert terminal.login()[0] == 0
    terminal.kept.write_text(terminal.kept.read_text()[:-20])
    code, said = terminal("run", "--once")
    assert code == 7 and "sign in again" in said
    terminal.answer = "allow"
    assert terminal.login()[0] == 0


def test_credentials_in_toml(terminal: Terminal) -> None:
    assert terminal.login("--credentials", "mine.json")[0] == 0
    (terminal.folder / "c.toml").write_text('credentials = "mine.json"\n')
    assert terminal("check", "--config", "c.toml")[0] == 0
    (terminal.folder / "c.toml").write_text('[login]\nclient-secret = "x"\n')
    code, said = terminal("check", "--config", "c.toml")
    assert code == 2 and "put the client-secret in a file of its own" in said


def test_a_token_file_that_somebody_replaces(terminal: Terminal) -> None:
    terminal.slack.control.change(more_tokens=("xoxp-one",))
    token = terminal.folder / "token"
    token.write_text("xoxp-one")
    token.chmod(0o600)
    with terminal.start(
        *("run", "--token-file", "token", "--output-file", "events.ndjson", "--start", "-1h"),
        *("--poll-every", "1", "--max-calls-per-minute=600"),
    ) as process:
        wait_for(lambda: terminal.slack.control.counters()["pages"] >= 2)
        token.write_text("xoxp-two")
        terminal.slack.control.change(more_tokens=("xoxp-two",))
        pages = terminal.slack.control.counters()["pages"]
        wait_for(lambda: terminal.slack.control.counters()["pages"] > pages + 2)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err


def test_a_script_reads_with_the_sign_in(terminal: Terminal) -> None:
    assert terminal.login()[0] == 0
    held = document(terminal)
    for moment in ("issued_at", "expires_at"):
        held["tokens"][moment] -= 9 * 3600
    terminal.kept.write_text(json.dumps(held))
    with AuditLogs.signed_in(terminal.kept, api_url=terminal.slack.base_url) as logs:
        assert len(list(logs.events("-1d"))) > 20  # of a Sunday
    assert document(terminal)["serial"] == 2
    with pytest.raises(ConfigError, match="nobody has signed in"):
        AuditLogs.signed_in(terminal.folder / "nothing.json")
