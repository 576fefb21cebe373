# SPDX-License-Identifier: Apache-2.0
"""Splunk's lookups, made from the tables: what the add-on's build writes into `lookups/`.

Pure: file names and their text. No cell is ever empty, because what Splunk makes of an empty cell
is not documented: what only some actions have is a lookup of its own, with rows for those alone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from slack_audit_input.catalogue import ours
from slack_audit_input.mapping.table import SEVERITIES, families, reasons, rows

_ALERTS = {
    "alert": ("alert", "alert"),
    "account_alert": ("alert", "alert"),
    "malware": ("alert", "malicious content"),
    "dlp": ("alert", "data loss prevention"),
}


def files() -> dict[str, str]:
    """The text of each lookup file by its name."""
    return {
        "slack_audit_actions.csv": _actions(),
        "slack_audit_alerts.csv": _csv(
            ("slack_action", "type", "category"),
            ((row.action, *_ALERTS[row.model]) for row in rows().values() if row.model in _ALERTS),
        ),
        "slack_audit_results.csv": _sparse("result"),
        "slack_audit_techniques.csv": _csv(
            ("slack_action", "technique"),
            ((row.action, row.technique) for row in rows().values() if row.technique),
        ),
        "slack_audit_reasons.csv": _reasons(),
    }


def _actions() -> str:
    """One row an action, then the families: Splunk takes the first row that fits."""
    catalogue = ours()
    table: list[Sequence[str]] = []
    for row in rows().values():
        found = catalogue.get(row.action)
        category = found.categories[0] if found else row.object_category
        description = found.description if found else row.note
        table.append((row.action, "true", category, *_cells(row), description))
    for row in families():
        words = "An action that is newer than this add-on's table."
        table.append((row.action, "false", row.object_category, *_cells(row), words))
    columns = ("slack_action", "known", "category", *_COLUMNS, "description")
    return _csv(columns, table)


_COLUMNS = (
    "model",
    "cim_action",
    "change_type",
    "object_category",
    "object_attrs",
    "status",
    "severity",
)


def _cells(row: object) -> list[str]:
    return [getattr(row, column) for column in _COLUMNS]


def _sparse(column: str) -> str:
    table = ((row.action, getattr(row, column)) for row in rows().values())
    return _csv(("slack_action", column), ((name, value) for name, value in table if value))


def _reasons() -> str:
    """Patterns over all of an anomaly's reasons, the worst first: the first that fits counts."""
    found = sorted(reasons().values(), key=lambda one: -SEVERITIES.index(one.severity))
    return _csv(
        ("anomaly_key", "severity", "technique"),
        ((f"* {one.reason} *", one.severity, one.technique) for one in found),
    )


def _csv(columns: Sequence[str], table: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(table)
    return text.getvalue()
