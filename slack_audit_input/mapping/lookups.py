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
    found = sorted(reasons().values(), key=lambda one: -SEVERITIES.index(one.severity))
    return {
        # Splunk takes the first row that fits: names, then families, then the one for all the rest.
        "slack_audit_actions.csv": _csv(_ALL, [*_names(), *_families()]),
        "slack_audit_families.csv": _csv(_ALL, _families()),
        "slack_audit_alerts.csv": _csv(
            ("slack_action", "type", "category"),
            ((row.action, *_ALERTS[row.model]) for row in rows().values() if row.model in _ALERTS),
        ),
        "slack_audit_results.csv": _sparse("result"),
        "slack_audit_techniques.csv": _sparse("technique"),
        # Patterns over all of an anomaly's reasons, the worst first: the first that fits counts.
        "slack_audit_reasons.csv": _csv(
            ("anomaly_key", "severity"),
            [*((f"*;{one.reason};*", one.severity) for one in found), ("*", "medium")],
        ),
        "slack_audit_reason_techniques.csv": _csv(
            ("anomaly_key", "technique"), ((f"*;{one.reason};*", one.technique) for one in found)
        ),
    }


def _names() -> list[Sequence[str]]:
    catalogue = ours()
    table: list[Sequence[str]] = []
    for row in rows().values():
        found = catalogue.get(row.action)
        category = found.categories[0] if found else row.object_category
        description = found.description if found else row.note
        table.append((row.action, "true", category, *_cells(row), description))
    return table


def _families() -> list[Sequence[str]]:
    words = "An action that is newer than this add-on's table."
    return [(row.action, "false", row.object_category, *_cells(row), words) for row in families()]


_COLUMNS = (
    "model",
    "cim_action",
    "change_type",
    "object_category",
    "object_attrs",
    "status",
    "severity",
)
_ALL = ("slack_action", "known", "category", *_COLUMNS, "description")


def _cells(row: object) -> list[str]:
    return [getattr(row, column) for column in _COLUMNS]


def _sparse(column: str) -> str:
    table = ((row.action, getattr(row, column)) for row in rows().values())
    return _csv(("slack_action", column), ((name, value) for name, value in table if value))


def _csv(columns: Sequence[str], table: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(table)
    return text.getvalue()
