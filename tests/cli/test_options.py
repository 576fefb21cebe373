# SPDX-License-Identifier: Apache-2.0
"""Options: complete help, and every one by command line, environment and file."""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from slack_audit_input.hosts.cli.configfile import options_of
from slack_audit_input.hosts.cli.main import COMMANDS, cli, main
from tests.cli.command import Command
from tests.fakes.http import TOKEN

GROUP = click.Context(cli)
ALL = {name: cli.get_command(GROUP, name) for name in COMMANDS}
#: The emulator's have tests, and a prefix, of their own.
EVERY = [
    (command, name)
    for command, found in ALL.items()
    if found and command != "emulator"
    for name in options_of(found)
]
#: A value that is not the default, for each kind of option.
BY_NAME = {"output": "ndjson", "log-level": "error", "api-url": "http://127.0.0.1:9/"}


def option_of(command: str, name: str) -> click.Option:
    """One option of a command."""
    found = ALL[command]
    assert found is not None
    return options_of(found)[name]


def value_for(name: str, option: click.Option) -> Any:
    """A value for it, as TOML has it; another than the default."""
    if option.is_flag:
        return True
    if isinstance(option.type, click.Choice):
        return next((c for c in option.type.choices if c != option.default), option.default)
    if isinstance(option.type, click.types.IntParamType):
        return 7
    if isinstance(option.type, click.types.FloatParamType):
        return 7.5
    text = BY_NAME.get(name, "2026-11-01" if option.metavar == "TIME" else "abc")
    return [text, "def"] if option.multiple else text


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a command would be called with, instead of the call."""
    found: dict[str, Any] = {}

    def keep(**values: Any) -> None:
        found.clear()
        found.update(values)

    for command in ALL.values():
        assert command is not None
        monkeypatch.setattr(command, "callback", keep)
    for name in list(os.environ):
        if name.startswith("SLACK_AUDIT_"):
            monkeypatch.delenv(name)
    return found


def required(command: str, but: str = "") -> list[str]:
    """The options without which a command does not begin."""
    return [
        f"--{name}=2026-01-01"
        for name in ("from",)
        if (command, name) in EVERY and name != but and option_of(command, name).required
    ]


def invoke(command: str, *arguments: str, env: dict[str, str] | None = None) -> None:
    """Call a command in this process; it must not complain."""
    result = CliRunner().invoke(cli, [command, *arguments], env=env, catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_complete(command: str) -> None:
    found = ALL[command]
    assert found is not None
    result = CliRunner().invoke(cli, [command, "--help"], terminal_width=200)
    assert result.exit_code == 0
    assert inspect.cleandoc(found.help or "").splitlines()[0][:60] in result.output
    for option in found.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert option.help, option.name
            assert option.help.rstrip(")")[-1] in ".…", f"{option.opts}: {option.help}"
            assert option.opts[0] in result.output
            if option.name not in ("help", "version"):
                own = "EMULATOR_" if command == "emulator" and option.name != "config" else ""
                name = option.opts[0][2:].replace("-", "_").upper()
                assert f"SLACK_AUDIT_{own}{name}" in result.output


def test_help_of_all() -> None:
    result = CliRunner().invoke(cli, ["--help"], terminal_width=200)
    assert all(f"  {name} " in result.output for name in COMMANDS)
    for code in ("0 done", "2 configuration", "3 authentication", "4 gave", "5", "6 sink", "7"):
        assert code in result.output
    assert CliRunner().invoke(cli, ["--version"]).output.startswith("slack-audit-input, version ")


@pytest.mark.parametrize(("command", "name"), EVERY)
def test_by_environment_and_by_file_alike(
    command: str, name: str, seen: dict[str, Any], tmp_path: Path
) -> None:
    option = option_of(command, name)
    value = value_for(name, option)
    # click splits paths as PATH is split, all else at blanks.
    between = os.pathsep if isinstance(option.type, click.Path) else " "
    shown = between.join(value) if isinstance(value, list) else str(value)
    invoke(
        command,
        *required(command, name),
        env={f"SLACK_AUDIT_{name.replace('-', '_').upper()}": shown},
    )
    by_environment = seen[str(option.name)]
    text = json.dumps(value)
    for number, content in enumerate(
        (f"{name} = {text}\n", f"[{command}]\n{name.replace('-', '_')} = {text}\n")
    ):
        path = tmp_path / f"{number}.toml"
        path.write_text(content)
        invoke(command, "--config", str(path), *required(command, name))
        assert seen[str(option.name)] == by_environment
    invoke(command, *required(command))
    if name != "output" and not option.required:
        assert seen[str(option.name)] != by_environment


def test_precedence(seen: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("workers = 1\npoll-every = 11\npage-size = 111\n[run]\npoll-every = 12\n")
    everywhere = {"SLACK_AUDIT_WORKERS": "2", "SLACK_AUDIT_CONFIG": str(path)}
    invoke("run", "--workers", "3", env=everywhere)
    assert (seen["workers"], seen["poll_every"], seen["page_size"]) == (3, 12, 111)
    invoke("run", env=everywhere)
    assert seen["workers"] == 2
    invoke("run", env={"SLACK_AUDIT_CONFIG": str(path)})
    assert seen["workers"] == 1
    # An empty variable says nothing.
    invoke("run", env={"SLACK_AUDIT_CONFIG": str(path), "SLACK_AUDIT_WORKERS": ""})
    assert seen["workers"] == 1
    invoke("verify", "--from", "-1d", "--config", str(path))
    assert (seen["poll_every"], seen["page_size"]) == (11, 111)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('action = "user_login"', ("user_login",)),
        ('action = "user_login,user_logout"', ("user_login,user_logout",)),
        ('action = ["user_login", "user_logout"]', ("user_login", "user_logout")),
        ("action = []", ()),
    ],
)
def test_repeatable_options_in_a_file(
    text: str, expected: tuple[str, ...], seen: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "c.toml").write_text(text)
    invoke("run", "--config", str(tmp_path / "c.toml"))
    assert tuple(seen["action"]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("start = 2026-11-01", "2026-11-01"),
        ("start = 2026-11-01T12:00:00Z", "2026-11-01T12:00:00+00:00"),
        ("start = 1700000000", "1700000000"),
        ('start = "-7d"', "-7d"),
    ],
)
def test_times_in_a_file(text: str, expected: str, seen: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(text)
    invoke("run", "--config", str(tmp_path / "c.toml"))
    assert seen["start"] == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pol-every = 5", "unknown option 'pol-every'; did you mean 'poll-every'?"),
        ("[run]\npol_every = 5", "unknown option 'pol_every' in [run]; did you mean 'poll-every'?"),
        ("[rum]\n", "there is no command 'rum'; did you mean 'run'?"),
        ("[verify]\nonce = true", "unknown option 'once' in [verify]"),
        ("xyzzy = 1", "unknown option 'xyzzy'"),
        ("config = 'x'", "unknown option 'config'"),
        ("help = true", "unknown option 'help'"),
        ("poll-every = '5'", "'poll-every' must be a whole number, not a text"),
        ("poll-every = 5.5", "'poll-every' must be a whole number, not a number"),
        ("poll-every = true", "'poll-every' must be a whole number, not true or false"),
        ("rotate-mb = '1'", "'rotate-mb' must be a number, not a text"),
        ("once = 'yes'", "'once' must be true or false, not a text"),
        ("account = 5", "'account' must be a text in quotes, not a number"),
        ("account = ['a']", "'account' must be a text in quotes, not a list"),
        ("action = [1]", "'action' must be a text in quotes, not a number"),
        ("[verify]\nredeliver = 1", "'redeliver' must be true or false"),
        ("poll-every = 0", "poll-every"),
        (f"token = '{TOKEN}'", "put the token in a file of its own"),
        (f"[run]\ntoken = '{TOKEN}'", "put the token in a file of its own"),
        (f"[token]\nx = '{TOKEN}'", "put the token in a file of its own"),
        (f"slack-token = '{TOKEN}'", "unknown option 'slack-token'"),
        (f"{TOKEN}", "not TOML"),
        (f"a = {TOKEN}", "not TOML"),
        ("a = 1\na = 2", "not TOML"),
        ("\x00", "not TOML"),
    ],
)
def test_mistakes_in_a_file(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(SystemExit) as ended:
        main(["run", "--once", "--config", str(tmp_path / "c.toml")])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert words in said.err
    assert TOKEN not in said.err + said.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--token", TOKEN),
        ("run", f"--token={TOKEN}"),
        ("run", TOKEN),
        ("run", "--token-file", TOKEN),
        (TOKEN,),
        ("run", f"--{TOKEN}"),
        ("run", "--account", TOKEN, "--page-size", TOKEN),
        ("check", "--token-file", TOKEN, "--api-url", "http://127.0.0.1:1/"),
    ],
)
def test_a_token_cannot_be_given_on_the_command_line(
    arguments: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLACK_AUDIT_STATE", str(tmp_path / "state"))
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code in (2, 4)
    said = capsys.readouterr()
    assert TOKEN not in said.err + said.out


def test_the_token_in_the_environment(command: Command) -> None:
    del command.environment["SLACK_AUDIT_TOKEN_FILE"]
    command.environment["SLACK_AUDIT_TOKEN"] = TOKEN
    ended = command.once("--log-level", "debug")
    assert ended.code == 0, ended.err


def test_an_open_token_file_is_warned_about(command: Command) -> None:
    command.token_file.chmod(0o644)
    ended = command.once()
    assert ended.code == 0
    assert "action=token_file_open" in ended.err
    assert "chmod 600" in ended.err
