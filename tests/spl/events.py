# SPDX-License-Identifier: Apache-2.0
"""Entries of the audit log as rows that searches run over, and the app's macros."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.searchtime.app import App


def macros() -> dict[str, str]:
    """The app's macros with their definitions."""
    return {name: stanza["definition"] for name, stanza in App.load().macros.items()}


def rows(entries: Iterable[Mapping[str, Any]], delay: float = 5) -> list[dict[str, list[str]]]:
    """Fields as Splunk finds them in the entries, newest first; indexed `delay` s after it was."""
    app = App.load()
    found = []
    for entry in entries:
        second = int(entry["date_create"])
        fields = app.fields(json.dumps(entry))
        found.append({**fields, "_time": [str(second)], "_indextime": [str(int(second + delay))]})
    return sorted(found, key=lambda row: -int(row["_time"][0]))
