# SPDX-License-Identifier: Apache-2.0
"""The TOML file of ``--config``: option names as keys, at the top or in a table.

A table belongs to a command, as ``[run]``, or to an input, as ``[inputs.acme]``: then it holds for
every command on that input.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from slack_audit_input.model.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: Never in a file that is made to be shared.
_SECRETS = ("token", "client-secret", "forward-shared-key", "forward-password")
#: Options that a file cannot set: the file itself, and what asks about the command.
_NOT_HERE = ("config", "help", "version")

#: The table of the inputs' tables, and what one of those cannot say: its name says it.
_INPUTS = "inputs"
_NOT_OF_AN_INPUT = ("input", "all-inputs")
#: Where a command's context keeps the file's path and the input's name, whichever comes first.
_FILE, _INPUT = f"{__name__}.file", f"{__name__}.input"

#: Options by their names without dashes in front, as the command line spells them.
Options = Mapping[str, click.Option]


def callback(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Make the file's values this command's defaults, before other options are looked at."""
    if value is not None:
        ctx.meta[_FILE] = value
        _apply(ctx)
    return value


def input_callback(ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
    """The input is known: its table's values are this command's defaults, too."""
    ctx.meta[_INPUT] = value
    if _FILE in ctx.meta:
        _apply(ctx)
    return value


def file_of(ctx: click.Context) -> Path | None:
    """The file that was given to a command."""
    return Path(ctx.meta[_FILE]) if _FILE in ctx.meta else None


def inputs_of(path: Path) -> list[str]:
    """The inputs that have a table, as they stand in the file. Raises ConfigError."""
    table = _data(path).get(_INPUTS, {})
    return list(table) if isinstance(table, dict) else []


def _apply(ctx: click.Context) -> None:
    from slack_audit_input.hosts.cli.main import COMMANDS, cli

    group = click.Context(cli)
    commands = {}
    for name in COMMANDS:
        command = cli.get_command(group, name)
        assert command is not None
        commands[name] = options_of(command)
    found = read(Path(ctx.meta[_FILE]), ctx.info_name or "", commands, ctx.meta.get(_INPUT, ""))
    ctx.default_map = {**(ctx.default_map or {}), **found}


def options_of(command: click.Command) -> Options:
    """What a file may set of a command."""
    found = {}
    for option in command.params:
        if isinstance(option, click.Option):
            name = next(o for o in option.opts if o.startswith("--"))[2:]
            if name not in _NOT_HERE:
                found[name] = option
    return found


def read(
    path: Path, command: str, commands: Mapping[str, Options], input: str = ""
) -> dict[str, Any]:
    """The values for ``command``, by parameter: keys at the top, its table's, its input's.

    What comes later overrides. A key at the top, or of an input, may be meant for another
    command, so it must be an option of any; in a command's table, of that one. Raises
    ConfigError for a file that cannot be read, a name that nothing has, and a value of the
    wrong type.
    """
    data = _data(path)
    anywhere = {name: option for options in commands.values() for name, option in options.items()}
    own = commands.get(command, {})
    values: dict[str, Any] = {}
    tables = _tables(path, data.pop(_INPUTS, {}), commands)
    for key, value in data.items():
        if isinstance(value, dict):
            _check_table(path, key, value, commands)
            continue
        _refuse_secret(path, key)
        name = _name(path, key, anywhere, "")
        _typed(path, key, value, anywhere[name])
        if name in own:
            values[str(own[name].name)] = _typed(path, key, value, own[name])
    for key, value in data.get(command, {}).items():
        option = own[_name(path, key, own, f" in [{command}]")]
        values[str(option.name)] = _typed(path, key, value, option)
    if input in tables:
        # Two organizations of one name could not be told apart in events.
        values["account"] = input
        for key, value in tables[input].items():
            name = key.replace("_", "-")
            if name in own:
                values[str(own[name].name)] = value
    return values


def _data(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"--config {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"--config {path}: not TOML: {error}") from None


def _tables(path: Path, tables: Any, commands: Mapping[str, Options]) -> dict[str, dict[str, Any]]:
    """The inputs' tables, checked: options of commands that are about one input."""
    if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
        raise ConfigError(f"--config {path}: write a table for each input, such as [inputs.acme]")
    known = {
        name: option
        for options in commands.values()
        if "input" in options
        for name, option in options.items()
        if name not in _NOT_OF_AN_INPUT
    }
    for input, table in tables.items():
        for key, value in table.items():
            _refuse_secret(path, key)
            option = known[_name(path, key, known, f" in [inputs.{input[:60]}]")]
            table[key] = _typed(path, key, value, option)
    return tables


def _check_table(
    path: Path, table: str, values: Mapping[str, Any], commands: Mapping[str, Options]
) -> None:
    """A mistake in another command's table is said now, not on the day it is needed."""
    if table not in commands:
        _refuse_secret(path, table)
        raise ConfigError(
            f"--config {path}: there is no command {table[:60]!r}{_meant(table, commands)}"
        )
    for key, value in values.items():
        name = _name(path, key, commands[table], f" in [{table}]")
        _typed(path, key, value, commands[table][name])


def _name(path: Path, key: str, known: Options, where: str) -> str:
    name = key.replace("_", "-")
    if name not in known:
        _refuse_secret(path, name)
        raise ConfigError(
            f"--config {path}: unknown option {key[:60]!r}{where}{_meant(name, known)}"
        )
    return name


def _refuse_secret(path: Path, name: str) -> None:
    name = name.lower().replace("_", "-")
    if name in _SECRETS:
        raise ConfigError(
            f"--config {path}: put the {name} in a file of its own and name it with {name}-file"
        )


def _meant(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word[:60], sorted(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _typed(path: Path, key: str, value: Any, option: click.Option) -> Any:
    """The value as click takes it. Raises ConfigError for one of the wrong type.

    click itself would take the letters of a text for a list, and true for 1.
    """
    if option.multiple:
        items = value if isinstance(value, list) else [value]
        return [_single(path, key, item, option) for item in items]
    return _single(path, key, value, option)


def _single(path: Path, key: str, value: Any, option: click.Option) -> Any:
    if isinstance(value, int) and value.bit_length() > 64:
        # Python cannot write one of 4,300 digits, nor make a float of it.
        raise ConfigError(f"--config {path}: {key!r} is far too large a number")
    if option.is_flag:
        wanted, fits = "true or false", isinstance(value, bool)
    elif isinstance(option.type, click.types.IntParamType):
        wanted, fits = "a whole number", isinstance(value, int) and not isinstance(value, bool)
    elif isinstance(option.type, click.types.FloatParamType):
        wanted = "a number"
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    else:
        if option.metavar == "TIME" and type(value) in (int, date, datetime):
            # TOML has dates of its own, and plain seconds are a time as well.
            value = value.isoformat() if isinstance(value, date) else str(value)
        wanted, fits = "a text in quotes", isinstance(value, str)
    if not fits:
        raise ConfigError(f"--config {path}: {key!r} must be {wanted}, not {_kind_of(value)}")
    return value


def _kind_of(value: Any) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", str: "a text"}
    return kinds.get(
        type(value), "a list" if isinstance(value, list) else "a " + type(value).__name__
    )
