# SPDX-License-Identifier: Apache-2.0
"""The tables `actions.csv` and `reasons.csv`, read and checked once.

Both are found through `importlib.resources`, so the package may lie in a zip. Pure otherwise.
"""

from __future__ import annotations

import csv
import functools
import importlib.resources
from collections.abc import Mapping
from typing import NamedTuple

MODELS = {
    "authentication": ("authentication",),
    "change": ("change",),
    "account": ("change", "account"),
    "auditing": ("change", "audit"),
    "access": ("data", "access"),
    "alert": ("alert",),
    "account_alert": ("change", "account", "alert"),
    "malware": ("malware", "attack", "alert"),
    "dlp": ("dlp", "incident"),
    "none": (),
}
"""What `model` says, and the tags by which CIM finds such events."""
WHO = ("actor", "target", "member", "named")
OBJECTS = ("entity", "account", "setting")
STATUSES = ("success", "failure", "unknown")
SEVERITIES = ("informational", "low", "medium", "high", "critical")
"""From least to most."""


class Row(NamedTuple):
    """What one action means, or with a `*` at the end of `action` a family of them.

    `model` one of MODELS · `cim_action`, `change_type`, `object_category`, `status`, `result`:
    values of CIM's fields; `result` may be "" · `object_attrs`: what is changed or read, when the
    entry itself names nothing · `who`: whose account the entry is about: the actor, the target
    (`entity.user`), the member (the actor, whom `details.inviter` or `kicker` put there) or a
    user named in `details.target_user` · `object`: what it is about: the entity, that account, or
    a setting, known by the action's name · `severity` one of SEVERITIES · `technique`: of MITRE
    ATT&CK, or "" · `ecs_category`, `ecs_type`: ECS's values, separated by blanks · `note`: why an
    action has no model, or what to look out for.
    """

    action: str
    model: str
    cim_action: str
    change_type: str
    object_category: str
    object_attrs: str
    who: str
    object: str
    status: str
    result: str
    severity: str
    technique: str
    ecs_category: str
    ecs_type: str
    note: str

    @property
    def tags(self) -> tuple[str, ...]:
        """CIM's tags for this action; none where no data model fits."""
        return MODELS[self.model]


class Reason(NamedTuple):
    """Why Slack calls something an anomaly: how bad it is, and what may be behind it."""

    reason: str
    severity: str
    technique: str
    meaning: str


@functools.lru_cache(maxsize=1)
def rows() -> Mapping[str, Row]:
    """All actions of the table by name, in its order, without families.

    Raises `ValueError` when the packaged table is damaged.
    """
    return {row.action: row for row in _table() if not row.action.endswith("*")}


@functools.lru_cache(maxsize=1)
def families() -> tuple[Row, ...]:
    """Rows for names that are not in the table, the first that fits counts; the last is `*`."""
    return tuple(row for row in _table() if row.action.endswith("*"))


def row_of(action: str) -> tuple[Row, bool]:
    """The row for `action`, and whether the table knows the name itself."""
    row = rows().get(action)
    if row is not None:
        return row, True
    return next(row for row in families() if action.startswith(row.action[:-1])), False


@functools.lru_cache(maxsize=1)
def reasons() -> Mapping[str, Reason]:
    """All reasons of anomalies, by name. Raises `ValueError` when the packaged table is damaged."""
    return {line[0]: Reason(*line) for line in _lines("reasons.csv", Reason._fields)}


@functools.lru_cache(maxsize=1)
def _table() -> tuple[Row, ...]:
    return _checked(tuple(Row(*line) for line in _lines("actions.csv", Row._fields)))


def _checked(found: tuple[Row, ...]) -> tuple[Row, ...]:
    if not found or found[-1].action != "*":
        raise ValueError("actions.csv is cut short: its last row is not the one for all the rest")
    for row in found:
        _check(row)
    return found


def _check(row: Row) -> None:
    allowed = {
        "model": tuple(MODELS),
        "who": WHO,
        "object": OBJECTS,
        "status": STATUSES,
        "severity": SEVERITIES,
    }
    for column, values in allowed.items():
        if getattr(row, column) not in values:
            raise ValueError(f"actions.csv, {row.action}: {column} is none of {values}")
    for column in ("cim_action", "change_type", "object_category", "object_attrs", "ecs_type"):
        if not getattr(row, column):
            raise ValueError(f"actions.csv, {row.action}: {column} is empty")
    # CIM takes an event with the tag account only when a user is what changed.
    if ("account" in row.tags) != (row.object_category == "user" and "change" in row.tags):
        raise ValueError(f"actions.csv, {row.action}: account is for the category user, and only")
    if row.model == "none" and not row.note:
        raise ValueError(f"actions.csv, {row.action}: no model, and no note why")
    if row.status == "failure" and not row.result:
        raise ValueError(f"actions.csv, {row.action}: a failure needs its result")


def _lines(name: str, columns: tuple[str, ...]) -> list[list[str]]:
    text = importlib.resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return _parsed(name, text, columns)


def _parsed(name: str, text: str, columns: tuple[str, ...]) -> list[list[str]]:
    first, *lines = csv.reader(text.splitlines())
    if tuple(first) != columns:
        raise ValueError(f"{name} has the columns {first}, not {list(columns)}")
    for number, line in enumerate(lines, start=2):
        if len(line) != len(columns):
            raise ValueError(f"{name}, line {number}: {len(line)} columns, not {len(columns)}")
    seen: set[str] = set()
    for line in lines:
        if line[0] in seen:
            raise ValueError(f"{name}: {line[0]} stands there twice")
        seen.add(line[0])
    return lines
