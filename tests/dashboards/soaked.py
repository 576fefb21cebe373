# SPDX-License-Identifier: Apache-2.0
"""A day that the built add-on lived through under fire, as Splunk would have it at its end.

The file was written by a run of `python -m tests.soak` whose books were right; docs/soak.md has the
line. Its day ends with the sample week's, so that no time in it had to be moved.
"""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.dashboards.sample import END, Fields
from tests.searchtime.app import COVERAGE, App
from tests.spl.events import log_rows

FILE = Path(__file__).with_name("soak_health.ndjson.gz")
AUDIT = "slack:audit"
_LOG = "slack_audit_input_soak.log"


class Kept(NamedTuple):
    """The file's rows. ``day``: the soak's books; see ``tests.soak.records``.

    ``entries``, ``records``: what arrived and when, in that order, also in the quiet hours after
    the day. An entry that was in flight when the collector was killed is there twice.
    """

    day: Mapping[str, Any]
    entries: tuple[tuple[str, float], ...]
    records: tuple[tuple[str, float], ...]
    lines: tuple[str, ...]


class Soaked(NamedTuple):
    """Rows of fields, newest first: what there is to see at END."""

    events: tuple[Fields, ...]
    lines: tuple[Fields, ...]
    records: tuple[Fields, ...]


@functools.cache
def kept() -> Kept:
    """All that is in the file."""
    with gzip.open(FILE, "rt", encoding="utf-8") as file:
        found = [json.loads(line) for line in file]

    def of(sourcetype: str) -> tuple[tuple[str, float], ...]:
        rows = [row for row in found if row.get("sourcetype") == sourcetype]
        return tuple((row["data"], row["arrived"]) for row in rows)

    lines = tuple(row["log"] for row in found if "log" in row)
    return Kept(found[0]["day"], of(AUDIT), of(COVERAGE), lines)


@functools.cache
def soaked() -> Soaked:
    """What somebody sees who looks at the end of the day: nothing that came after it."""
    there = kept()
    return Soaked(
        _newest_first(_indexed(AUDIT, "date_create", there.entries)),
        # The machine's clock was wrong at times, and with it the time of lines.
        _newest_first(log_rows("".join(there.lines), _LOG)),
        _newest_first(_indexed(COVERAGE, "latest", there.records)),
    )


def _indexed(sourcetype: str, second: str, found: Iterable[tuple[str, float]]) -> Iterable[Fields]:
    app = App.load()
    for text, arrived in found:
        if arrived < END:
            times = {"_time": [str(json.loads(text)[second])], "_indextime": [str(int(arrived))]}
            yield {**app.fields(text, sourcetype), **times}


def _newest_first(found: Iterable[Fields]) -> tuple[Fields, ...]:
    past = [row for row in found if int(row["_time"][0]) < END]
    return tuple(sorted(past, key=lambda row: -int(row["_time"][0])))
