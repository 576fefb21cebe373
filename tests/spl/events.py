# SPDX-License-Identifier: Apache-2.0
"""Entries of the audit log and lines of the add-on's log as rows, and the app's macros."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from slack_audit_input.model.event import Event
from tests.searchtime.app import COVERAGE, App


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


def record_rows(records: Iterable[Event], indexed: float) -> list[dict[str, list[str]]]:
    """Coverage records as Splunk has them, newest first; all indexed at one time."""
    app = App.load()
    found = [
        {
            **app.fields(text, COVERAGE),
            "_time": [str(second)],
            "_indextime": [str(int(indexed))],
        }
        for second, _, text in records
    ]
    return sorted(found, key=lambda row: -int(row["_time"][0]))


#: A line of the add-on's log, and the pairs that Splunk finds in one by itself (KV_MODE = auto).
_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d{3} (.*)")
_PAIR = re.compile(r'(?<!\S)(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;|]+)(?=\s|$))')


def log_rows(text: str, file: str) -> list[dict[str, list[str]]]:
    """The lines of a log file of the add-on, with times in UTC, as `_internal` has them."""
    found = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"not a line of the add-on's log: {line!r}")
        moment = dt.datetime.fromisoformat(f"{match[1]}+00:00")
        now = str(int(moment.timestamp()))
        fields = {
            name: [re.sub(r"\\(.)", r"\1", quoted) if quoted else plain]
            for name, quoted, plain in _PAIR.findall(match[2])
        }
        found.append(
            {
                **fields,
                "_time": [now],
                "_indextime": [now],
                "_raw": [line],
                "index": ["_internal"],
                "source": [f"/opt/splunk/var/log/splunk/{file}"],
                "host": ["splunk"],
            }
        )
    return found[::-1]
