# SPDX-License-Identifier: Apache-2.0
"""The TOML file of ``--config``: option names as keys, at the top or in a table per command."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Any

import click

from slack_audit_input.model.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: Never in a file that is made to be shared.
_SECRETS = ("token",)


def read(path: Path, command: str, options: set[str], anywhere: set[str]) -> dict[str, Any]:
    """The values for ``command``: keys at the top, overridden by those of its table.

    ``options``: names of this command's options; ``anywhere``: of all commands' (a key at the
    top may be meant for another one), which are also the names of allowed tables' keys.
    Raises ConfigError for a file that cannot be read and for a name that no option has.
    """
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"--config {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"--config {path}: not TOML: {error}") from None
    values: dict[str, Any] = {}
    tables = {key: value for key, value in data.items() if isinstance(value, dict)}
    for key, value in data.items():
        if key not in tables:
            name = _option(path, key, anywhere, "")
            if name in options:
                values[name] = value
    for key, value in tables.get(command, {}).items():
        values[_option(path, key, options, f" in [{command}]")] = value
    return values


def tables_known(path: Path, commands: set[str]) -> None:
    """Raise ConfigError for a table that names no command."""
    with path.open("rb") as file:
        data = tomllib.load(file)
    for key, value in data.items():
        if isinstance(value, dict) and key not in commands:
            raise ConfigError(
                f"--config {path}: there is no command {key!r}{_meant(key, commands)}"
            )


def _option(path: Path, key: str, known: set[str], where: str) -> str:
    name = key.replace("-", "_")
    if name in _SECRETS:
        raise ConfigError(
            f"--config {path}: put the token in a file of its own and name it with token-file"
        )
    if name not in known:
        shown = {option.replace("_", "-") for option in known}
        raise ConfigError(f"--config {path}: unknown option {key!r}{where}{_meant(key, shown)}")
    return name


def _meant(word: str, known: set[str]) -> str:
    close = difflib.get_close_matches(word, sorted(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def callback(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Make the file's values this command's defaults, before other options are looked at."""
    if value is None:
        return None
    from slack_audit_input.hosts.cli.main import COMMANDS, cli

    path = Path(value)
    group = click.Context(cli)
    every = {name: cli.get_command(group, name) for name in COMMANDS}
    anywhere = {p.name for c in every.values() if c for p in c.params if p.name}
    own = {p.name for p in ctx.command.params if p.name}
    values = read(path, ctx.info_name or "", own, anywhere)
    tables_known(path, set(COMMANDS))
    ctx.default_map = {**(ctx.default_map or {}), **values}
    return value
