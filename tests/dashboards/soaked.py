# SPDX-License-Identifier: Apache-2.0
"""A day that the built add-on lived through under fire, as Splunk would have it.

`python -m tests.soak --host addon --events 900 --kills 100 --records …` has written the file.
"""

from __future__ import annotations

import functools
import gzip
import json
from pathlib import Path

from slack_audit_input.model.event import Event
from tests.dashboards.sample import END, Fields
from tests.searchtime.app import COVERAGE
from tests.spl.events import log_rows, record_rows, rows

FILE = Path(__file__).with_name("soak_health.ndjson.gz")
_LOG = "slack_audit_input_soak.log"


@functools.cache
def soaked() -> tuple[Fields, ...]:
    """Events, coverage records, log lines of the day until END; () where there is no file."""
    if not FILE.exists():
        return ()
    with gzip.open(FILE, "rt", encoding="utf-8") as file:
        kept = [json.loads(line) for line in file]
    arrived: dict[str, float] = {}
    entries, records = [], []
    for event in kept:
        if event.get("sourcetype") == COVERAGE:
            record = json.loads(event["data"])
            records.append(Event(record["latest"], 0, event["data"]))
        if event.get("sourcetype") == "slack:audit":
            entry = json.loads(event["data"])
            arrived.setdefault(entry["id"], event["arrived"])
            entries.append(entry)
    found = rows(sorted(entries, key=lambda entry: int(entry["date_create"])))
    for row in found:
        row["_indextime"] = [str(int(arrived[row["id"][0]]))]
    found += record_rows(records, END)
    # The clock of the machine was wrong at times, and with it the time of lines.
    found += log_rows("".join(event["log"] for event in kept if "log" in event), _LOG)
    return tuple(row for row in found if int(row["_time"][0]) < END)
