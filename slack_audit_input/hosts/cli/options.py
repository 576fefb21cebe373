# SPDX-License-Identifier: Apache-2.0
"""Options that several commands share, each also an environment variable and a TOML key."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from slack_audit_input import __version__
from slack_audit_input.collector.settings import FIRST_SECOND, PAGE_MOST, Settings
from slack_audit_input.engine.sweeps import parse_levels
from slack_audit_input.hosts.cli import configfile
from slack_audit_input.hosts.cli.logs import LEVELS, Logger
from slack_audit_input.hosts.cli.places import default_state
from slack_audit_input.hosts.moments import second_of
from slack_audit_input.model.errors import ConfigError
from slack_audit_input.slack.filters import Filters
from slack_audit_input.slack.settings import API_URL
from slack_audit_input.slack.settings import Settings as ClientSettings

#: What an id of Slack's is made of, and what the state can remember of a filter.
_ID = re.compile(r"[A-Za-z0-9_.:-]{0,100}")


class Number(click.FloatRange):
    """A number with bounds; click's own takes "nan", which no bound holds back, and "inf"."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number, or a usage error."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return float(number)


Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Command], Command]


def option(*names: str, **settings: Any) -> Callable[[Command], Command]:
    """A click option with its environment variable, shown in the help."""
    settings.setdefault("envvar", variable_of(names))
    settings.setdefault("show_envvar", True)
    settings.setdefault("show_default", settings.get("default") not in (None, "", ()))
    return click.option(*names, **settings)


def variable_of(names: Sequence[str]) -> str:
    """The environment variable of an option."""
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    return "SLACK_AUDIT_" + long[2:].replace("-", "_").upper()


def everywhere(command: click.Command) -> click.Command:
    """The command with what holds for every one, whoever made it: variables and --config."""
    mine = [option for option in command.params if isinstance(option, click.Option)]
    for found in mine:
        if not found.envvar:
            found.envvar, found.show_envvar = variable_of(found.opts), True
    if not any(found.name == "config" for found in mine):
        # First, so that what it says of --input counts: both are looked at before the others.
        command.params.insert(0, config())
    return command


def config() -> click.Option:
    """The option that names a file with options."""
    return click.Option(
        ["--config"],
        type=click.Path(dir_okay=False),
        is_eager=True,
        expose_value=False,
        callback=configfile.callback,
        envvar="SLACK_AUDIT_CONFIG",
        show_envvar=True,
        help="TOML file with options by their names, at the top or in a table per command.",
    )


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order in which the help shows them."""

    def decorate(command: Command) -> Command:
        for one in reversed(options):
            command = one(command)
        return command

    return decorate


common = together(
    option(
        "--log-level",
        type=click.Choice(LEVELS),
        default="info",
        help="Least level of lines on stderr.",
    ),
)

state = together(
    option(
        "--state",
        default=lambda: str(default_state()),
        show_default="the platform's state directory",
        metavar="PATH|URL",
        help="Where checkpoints live: a file (SQLite), or postgresql://… .",
    ),
    option(
        "--input",
        default="default",
        is_eager=True,
        callback=configfile.input_callback,
        help="Name of this collection in the state, and of its table [inputs.NAME] in the file "
        "of --config.",
    ),
    option("--account", default="default", help="Name of the Slack organization, in events too."),
)

kept = together(
    option(
        "--credentials",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="File of a sign-in (see `login`), mode 600, whose tokens are refreshed there. "
        "Default: one for the account beside the default state, if it is there.",
    ),
    option(
        "--token-store",
        type=click.Choice(("file", "keyring")),
        default="file",
        help="Where a sign-in is kept: that file, or the system's keyring (the extra keyring).",
    ),
)

reach = together(
    option(
        "--api-url",
        default=API_URL,
        help="Base URL. For GovSlack probably https://api.slack-gov.com/audit/v1/ (not confirmed "
        "by Slack). http:// is for this machine itself only.",
    ),
    option("--proxy", default="", help="Proxy URL; without it HTTPS_PROXY and NO_PROXY count."),
    option("--ca-file", default="", help="CA bundle to trust instead of the usual one."),
    option(
        "--timeout",
        type=Number(1, 600),
        default=60.0,
        help="Seconds to wait for Slack's next bytes.",
    ),
    option(
        "--web-api-url",
        default="",
        help="Where tokens are refreshed, if not at slack.com/api/ (or where --api-url's region "
        "has it).",
    ),
)

slack = together(
    option(
        "--token-file",
        type=click.Path(dir_okay=False),
        help="File with the token of an organization Owner (scope auditlogs:read). Without it the "
        "environment variable SLACK_AUDIT_TOKEN holds the token itself. Read again when Slack "
        "refuses the token.",
    ),
    kept,
    reach,
    option(
        "--max-calls-per-minute",
        type=click.IntRange(1),
        default=45,
        help="Call budget. Slack allows the whole organization about 50, for all its tools.",
    ),
    option(
        "--page-size",
        type=click.IntRange(1, PAGE_MOST),
        default=PAGE_MOST,
        help="Entries asked for in one call.",
    ),
)

filters = together(
    option(
        "--action",
        multiple=True,
        metavar="NAME",
        help="Only these actions; repeatable. Up to 30 go to Slack, more are filtered here.",
    ),
    option("--exclude-action", multiple=True, metavar="NAME", help="None of these; repeatable."),
    option("--actor", default="", metavar="ID", help="Only what this user did (W…, U…)."),
    option("--entity", default="", metavar="ID", help="Only what was done to this entity."),
)

collecting = together(
    option(
        "--start",
        default="-1d",
        metavar="TIME",
        help="Where an input without a checkpoint begins: 2026-11-01, 2026-11-01T12:00Z, -7d, now.",
    ),
    option(
        "--poll-every",
        type=click.IntRange(1, 3600),
        default=5,
        help="Seconds between two live readings; each looks back 15 s, or three polls.",
    ),
    option(
        "--sweeps",
        default="60:180,600:1800,21600:86400",
        metavar="PERIOD:DEPTH,…",
        help="Re-readings that catch late events: every PERIOD seconds the last DEPTH seconds.",
    ),
    option(
        "--workers",
        type=click.IntRange(1, 32),
        default=4,
        help="Calls at a time for backlog and sweeps, beside one for live. More help only when "
        "Slack answers slowly.",
    ),
    option(
        "--coverage",
        type=click.Choice(["all", "new", "none"]),
        default="all",
        help="Coverage records: each closed hour is read once more, with spare calls, and what "
        "Slack shows held against what was delivered. new: not of hours before the first start "
        "or of backfills, which take as many calls again as reading them took.",
    ),
    option(
        "--give-up-after",
        type=Number(0),
        default=None,
        help="Seconds without a good answer before exit 4; 0 is never. "
        "Default: never for `run`, 600 for runs that end by themselves.",
    ),
)


def client_settings(values: dict[str, Any]) -> ClientSettings:
    """How to reach Slack, from a command's options."""
    return ClientSettings(
        api_url=values["api_url"],
        proxy=values["proxy"],
        ca_file=values["ca_file"],
        timeouts=(10.0, values["timeout"]),
        patience=max(300.0, 5 * values["timeout"]),
        agent=f"slack-audit-input/{__version__}",
    )


def collection_settings(values: dict[str, Any], now: float, ends: bool) -> Settings:
    """What to collect, from a command's options. ``ends``: the run ends by itself.

    Raises ConfigError.
    """
    for name in ("input", "account"):
        if not 0 < len(values[name]) <= 200 or not values[name].isprintable():
            raise ConfigError(f"--{name} must have 1 to 200 printable characters")
    for name in ("actor", "entity"):
        if not _ID.fullmatch(values[name]):
            raise ConfigError(f"--{name}: {values[name][:80]!r} is no id such as W012A3BC4DE")
    give_up = values.get("give_up_after")
    return Settings(
        input=values["input"],
        account=values["account"],
        start=_start(values["start"], now),
        filters=Filters(
            actions=tuple(dict.fromkeys(split_names(values["action"]))),
            exclude=tuple(dict.fromkeys(split_names(values["exclude_action"]))),
            actor=values["actor"],
            entity=values["entity"],
        ),
        levels=parse_levels(values["sweeps"], values["poll_every"]),
        page_size=values["page_size"],
        workers=values["workers"],
        calls_per_minute=values["max_calls_per_minute"],
        coverage=values.get("coverage") != "none",
        coverage_history=values.get("coverage") != "new",
        give_up_after=give_up if give_up is not None else (600.0 if ends else 0.0),
    ).checked()


def _start(text: str, now: float) -> int | None:
    if text.strip() == "now":
        return None  # by Slack's clock, when it is known: this machine's may be ahead
    return max(FIRST_SECOND, second_of(text, now, "--start"))


def split_names(names: tuple[str, ...]) -> list[str]:
    """Action names given one by one or as comma lists. Raises ConfigError for odd ones."""
    found = [name.strip() for text in names for name in text.split(",") if name.strip()]
    for name in found:
        if not name.replace("_", "").replace(".", "").replace("-", "").isalnum():
            raise ConfigError(f"--action: {name!r} cannot be the name of an action")
    return found


def logger(values: dict[str, Any]) -> Logger:
    """The log of a command."""
    return Logger(values["log_level"])
