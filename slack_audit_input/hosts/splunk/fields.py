# SPDX-License-Identifier: Apache-2.0
"""An input's settings as the form sends them, and messages in the form's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from slack_audit_input.collector.settings import FIRST_SECOND, Settings
from slack_audit_input.engine.sweeps import parse_levels
from slack_audit_input.hosts.moments import second_of
from slack_audit_input.hosts.splunk.intervals import stays_up
from slack_audit_input.hosts.wording import without_tokens
from slack_audit_input.model.errors import ConfigError
from slack_audit_input.slack.filters import Filters

#: What an empty field stands for.
DEFAULTS = {
    "index": "default",
    "interval": "60",
    "start": "-1d",
    "poll_every": "5",
    "sweeps": "60:180,600:1800,21600:86400",
    "max_calls_per_minute": "45",
    "coverage": "all",
    "on_delete": "keep",
}
#: What the forms call what the command line has options for.
_LABELS = {
    "--api-url": "the account's API URL",
    "--web-api-url": "the account's sign-in address",
    "--proxy": "the proxy (Configuration, Proxy)",
    "--ca-file": "the CA bundle (Configuration, Proxy)",
    "--start": "Start",
    "--sweeps": "Sweeps",
    "--poll-every": "Poll every",
    "--max-calls-per-minute": "Calls per minute",
    "--action": "Actions",
    "--actor": "Actor",
    "--entity": "Entity",
    "--input": "input name",
    "--state": "KV store",
    "--account": "Account",
}
_OPTION = re.compile("|".join(sorted(_LABELS, key=len, reverse=True)))
_ID = re.compile(r"[A-Za-z0-9_.:-]{0,100}")
_ACTION = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_INDEX = re.compile(r"[a-z0-9_][a-z0-9_-]{0,79}")
#: UCC joins what was chosen with one of these.
_BETWEEN = re.compile(r"[,|~\s]+")


@dataclass(frozen=True)
class InputFields:
    """One input. ``stays_up``: see ``intervals``."""

    settings: Settings
    index: str
    stays_up: bool


def input_fields(name: str, given: Mapping[str, str | None], now: float) -> InputFields:
    """What the fields of an input mean. ``now``: unix seconds. Raises ConfigError."""
    texts = {key: (value or "").strip() for key, value in given.items()}
    texts = {**DEFAULTS, **{key: value for key, value in texts.items() if value}}
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise ConfigError("the input's name must have 1 to 100 printable characters")
    if not texts.get("account"):
        raise ConfigError("choose an account: they are made under Configuration, Account")
    if not _INDEX.fullmatch(texts["index"]):
        raise ConfigError(f"Index {texts['index'][:60]!r} cannot be the name of an index")
    for field in ("actor", "entity"):
        if not _ID.fullmatch(texts.get(field, "")):
            label = field.capitalize()
            raise ConfigError(f"{label} {texts[field][:60]!r} is no id such as W012A3BC4DE")
    if texts["coverage"] not in ("all", "new", "none"):
        raise ConfigError("Coverage records must be all, new or none")
    up = stays_up(texts["interval"])
    poll_every = _whole(texts, "poll_every", "Poll every", 1, 3600)
    settings = Settings(
        input=name,
        account=texts["account"],
        start=_start(texts["start"], now),
        filters=Filters(
            actions=_actions(texts.get("actions", ""), "Actions"),
            exclude=_actions(texts.get("exclude_actions", ""), "Exclude actions"),
            actor=texts.get("actor", ""),
            entity=texts.get("entity", ""),
        ),
        levels=parse_levels(texts["sweeps"], poll_every),
        calls_per_minute=_whole(texts, "max_calls_per_minute", "Calls per minute", 1, 1000),
        coverage=texts["coverage"] != "none",
        coverage_history=texts["coverage"] == "all",
        # A run that ends by itself gives up in time for the next one.
        give_up_after=0.0 if up else 600.0,
    ).checked()
    return InputFields(settings, texts["index"], up)


def in_words(error: Exception) -> str:
    """An error's text in the words of the forms, without anything secret."""
    text = _OPTION.sub(lambda found: _LABELS[found.group()], without_tokens(str(error)))
    return text[:1].upper() + text[1:]


def _whole(texts: Mapping[str, str], field: str, label: str, least: int, most: int) -> int:
    text = texts[field]
    if not (text.isascii() and text.isdigit() and len(text) < 9 and least <= int(text) <= most):
        raise ConfigError(f"{label} must be a whole number from {least} to {most}")
    return int(text)


def _start(text: str, now: float) -> int | None:
    if text == "now":
        return None  # by Slack's clock, when it is known: this machine's may be ahead
    second = second_of(text, now, "Start")
    if second > now + 60:
        raise ConfigError(f"Start {text[:40]!r} lies in the future: nothing would be collected")
    return max(FIRST_SECOND, min(second, int(now)))


def _actions(text: str, label: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name for name in _BETWEEN.split(text) if name))
    for name in names:
        if not _ACTION.fullmatch(name):
            raise ConfigError(f"{label}: {name[:60]!r} cannot be the name of an action")
    return names
