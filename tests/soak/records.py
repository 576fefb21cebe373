# SPDX-License-Identifier: Apache-2.0
"""What a Splunk has of a soak: its events, coverage records, and the lines of the add-on's log.

Kept small and packed, so that dashboards can be drawn from a day that was really lived through:
`tests/dashboards/soaked.py` reads it.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

from tests.soak.addon import NAME, SplunkHost
from tests.splunkd.places import APP

#: Which fields of a kept event say when it came; see ``tests.splunkd.indexes``.
KEPT = ("sourcetype", "data", "arrived")
_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} log_level=.*\n")


def keep(host: SplunkHost, path: Path) -> None:
    """Write what the double of Splunk has of ``host`` to ``path``."""
    with gzip.GzipFile(path, "wb", mtime=0) as file:
        for event in host.splunkd.indexes.events("slack"):
            file.write(_row({name: event[name] for name in KEPT}))
        for log in sorted(host.log_disk.folder.glob(f"{APP}_{NAME}.log*")):
            with log.open(encoding="utf-8") as lines:
                # A line that met a full disk is cut, and what came after it stands on it.
                file.writelines(_row({"log": line}) for line in lines if _LINE.fullmatch(line))


def _row(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
