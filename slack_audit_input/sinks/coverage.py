# SPDX-License-Identifier: Apache-2.0
"""Coverage records as NDJSON in a file of their own.

Not among the events: whatever reads those expects Slack's entries, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from slack_audit_input.model.event import Event
from slack_audit_input.sinks.ndjson import Encoder, NdjsonFile


class CoverageFile:
    """A sink for records alone; stands in a fan-out beside the one that takes the events.

    Raises SinkError when the file cannot be opened, or another collector writes to it.
    """

    def __init__(self, lines: Encoder, path: Path) -> None:
        self._file = NdjsonFile(lines, path)

    def write(self, events: Sequence[Event]) -> None:
        """Nothing: events go elsewhere."""

    def write_records(self, records: Sequence[Event]) -> None:
        """Append a line for each and wait until the disk has them, or raise SinkError."""
        self._file.write(records)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
