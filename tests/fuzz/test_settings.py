# SPDX-License-Identifier: Apache-2.0
"""What people and other programs set: the TOML file of --config, the fields of Splunk's form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.hosts.cli import configfile
from slack_audit_input.hosts.cli.main import COMMANDS, cli
from slack_audit_input.hosts.moments import second_of
from slack_audit_input.hosts.splunk.fields import input_fields
from slack_audit_input.model.errors import ConfigError
from slack_audit_input.slack.settings import checked_proxy, checked_url
from tests.fuzz.damage import check_words, damaged, fuzzed, hangs, value_or_error

pytestmark = hangs

NOW = 1_700_000_000.0


def _commands() -> dict[str, configfile.Options]:
    group = click.Context(cli)
    found = {name: cli.get_command(group, name) for name in COMMANDS}
    return {name: configfile.options_of(c) for name, c in found.items() if c is not None}


OPTIONS = _commands()
_names = st.sampled_from(sorted({name for options in OPTIONS.values() for name in options}))
_keys = _names | st.sampled_from(
    [
        *COMMANDS,
        "token",
        "TOKEN",
        "forward_password",
        "help",
        "config",
        "version",
        '"\\u0000"',
        '""',
    ]
)
_values = st.sampled_from(
    [
        *('"text"', "5", "-1", "true", "1.5", "nan", "inf", "[]", '["a", 1]', "[[[]]]", "{a = 1}"),
        *("2026-01-01", "2026-01-01T00:00:00Z", "07:32:00", "0x" + "f" * 5000, "9" * 5000),
        *('"\\u0000"', "'''\n'''", "[" * 2000 + "]" * 2000, '"' + "x" * 5000 + '"'),
    ]
)
_lines = st.builds(lambda key, value: f"{key} = {value}", _keys, _values) | st.builds(
    lambda key: f"[{key}]", _keys | st.sampled_from(["inputs.acme", "inputs", "inputs.a.b"])
)
documents = st.lists(_lines, max_size=5).map(lambda lines: "\n".join(lines).encode())


@fuzzed
@given(documents | damaged(documents), st.sampled_from([*COMMANDS, "nothing"]))
def test_files_of_settings(tmp_path: Path, raw: bytes, command: str) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(raw)
    for input in ("", "acme"):
        values = value_or_error(configfile.read, path, command, OPTIONS, input)
        assert values is None or isinstance(values, dict)
    names = value_or_error(configfile.inputs_of, path)
    assert names is None or all(isinstance(name, str) for name in names)


@pytest.mark.parametrize("text", ["{name} = 1", "[{name}]\na = 1", "[inputs.{name}]\na = 1"])
def test_long_names_are_told_in_few_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text.format(name="9" * 5000))
    with pytest.raises(ConfigError) as caught:
        configfile.read(path, "run", OPTIONS)
    check_words(caught.value)


@pytest.mark.parametrize("sweeps", ["x" * 5000, "²:²", "9:" + "9" * 5000])
def test_sweeps_that_are_none(sweeps: str) -> None:
    with pytest.raises(ConfigError, match="is not period:depth") as caught:
        input_fields("in", {"account": "acme", "sweeps": sweeps}, NOW)
    check_words(caught.value)


@pytest.mark.parametrize("moment", ["-" + "9" * 5000 + "d", "9" * 5000, "²", "-²d"])
def test_moments_that_are_none(moment: str) -> None:
    with pytest.raises(ConfigError, match="--start") as caught:
        second_of(moment, NOW, "--start")
    check_words(caught.value)


@pytest.mark.parametrize("name", ["start", "poll-every", "workers"])
def test_numbers_that_python_cannot_write(tmp_path: Path, name: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(f"{name} = 0x{'f' * 5000}")
    with pytest.raises(ConfigError, match="far too large"):
        configfile.read(path, "run", OPTIONS)


_fields = (
    *(
        "account",
        "index",
        "interval",
        "start",
        "poll_every",
        "sweeps",
        "max_calls_per_minute",
        "coverage",
    ),
    *("actions", "exclude_actions", "actor", "entity", "on_delete"),
)
_texts = (
    st.none()
    | st.text(max_size=30)
    | st.sampled_from(
        [
            *(
                "a",
                "60",
                "-1",
                "²",
                "٣",
                "9" * 5000,
                "1e999",
                "nan",
                "-1d",
                "now",
                "2026-01-01",
                "0",
            ),
            *(
                "*/15 * * * *",
                "²/3 * * * *",
                "1-5,7 0 1 jan sun",
                "60:180",
                "1:1,1:1",
                "9:" + "9" * 5000,
            ),
            *("x" * 5000, "\x1b[2J", "a\nb", "-" + "9" * 30 + "d", "9" * 30),
        ]
    )
)


@fuzzed
@given(st.text(max_size=20), st.dictionaries(st.sampled_from(_fields), _texts))
def test_fields_of_an_input(name: str, given: dict[str, str | None]) -> None:
    value_or_error(input_fields, name, {"account": "acme", **given}, NOW)
    value_or_error(input_fields, "in", {"account": "acme", **given}, NOW)


@fuzzed
@given(_texts.filter(lambda text: text is not None))
def test_moments(text: str) -> None:
    value_or_error(second_of, text, NOW, "--start")


_urls = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(["https://", "http://", "socks5h://", "HTTPS:", "//", ""]),
    st.sampled_from(["", "user:pass-word@", "user@", "@", ":@"]),
    st.sampled_from(["a.b", "127.0.0.1", "[::1]", "[::1", "[x]", "a b", "é.x", "", "\x00", "²"]),
    st.sampled_from(["", ":1", ":0", ":x", ":²", ":99999", ":" + "9" * 5000]),
    st.sampled_from(["", "/audit/v1/", "/a?b", "#c", "\\", "/\x1b", "/" + "x" * 3000]),
)


@fuzzed
@given(_urls | st.text(max_size=30))
def test_urls(url: str) -> None:
    """No word about a URL repeats the password in it."""
    for check in (checked_url, _proxy):
        assert "pass-word" not in _words_about(check, url)


def _proxy(url: str) -> str:
    return checked_proxy(url, "https://api.slack.com/audit/v1/")


def _words_about(check: Callable[[str], str], url: str) -> str:
    try:
        check(url)
    except ConfigError as error:
        return str(error)
    return ""
