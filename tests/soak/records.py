# SPDX-License-Identifier: Apache-2.0
"""What a Splunk has of a soak: its events, coverage records, and the lines of the add-on's log.

Kept small and packed, so that dashboards can be drawn from a day that was really lived through:
`tests/dashboards/soaked.py` reads it. The first row is what the soak's books say of the day.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.soak.addon import NAME, SplunkHost
from tests.splunkd.places import APP

#: Which fields of a kept event say when it came; see ``tests.splunkd.indexes``.
KEPT = ("sourcetype", "data", "arrived")
#: Of the books: what must be so for the records to be worth a look.
BOOKS = ("form", "generated", "outputs", "coverage", "lives", "statuses", "struck", "failures")
_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d{3} log_level=.*\n")


def keep(host: SplunkHost, begin: int, end: int, books: Mapping[str, Any], path: Path) -> None:
    """Write what the double of Splunk has of ``host`` to ``path``. ``begin``, ``end``: the day's.

    Of the quiet hours after the day the events and coverage records are kept, and not the log.
    """
    day = {"begin": begin, "end": end, **{name: books[name] for name in BOOKS}}
    with gzip.GzipFile(path, "wb", mtime=0) as file:
        file.write(_row({"day": day}))
        for event in host.splunkd.indexes.events("slack"):
            file.write(_row({name: event[name] for name in KEPT}))
        for log in sorted(host.log_disk.folder.glob(f"{APP}_{NAME}.log*")):
            with log.open(encoding="utf-8") as lines:
                file.writelines(_row({"log": line}) for line in lines if _of_day(line, end))


def _of_day(line: str, end: int) -> bool:
    # A line that met a full disk is cut, and what came after it stands on it.
    match = _LINE.fullmatch(line)
    if match is None:
        return False
    return dt.datetime.fromisoformat(f"{match[1]}+00:00").timestamp() < end


def _row(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), default=str).encode() + b"\n"
