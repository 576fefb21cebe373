# SPDX-License-Identifier: Apache-2.0
"""One line an event, in Elastic's Common Schema; the entry's own text is `event.original`.

An entry is decoded for this, which the raw lines of ``sinks.lines`` do without.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from slack_audit_input.mapping import ecs
from slack_audit_input.model.event import Event

#: Lines joined and written at once: about 1.5 MB, so that memory stays flat on a full page.
LINES = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ENCODE = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class EcsLines:
    """Turns events into lines. ``collector``: name, version, account and input."""

    def __init__(self, collector: dict[str, str]) -> None:
        self._agent = {"type": collector["name"], "version": collector["version"]}
        self._labels = {"account": collector["account"], "input": collector["input"]}

    def encoded(self, events: Sequence[Event]) -> Iterator[bytes]:
        """The lines of ``events``, some hundred kilobytes at a time. ASCII: all else is escaped."""
        for start in range(0, len(events), LINES):
            lines = map(self.text, events[start : start + LINES])
            yield ("\n".join(lines) + "\n").encode("ascii")

    def text(self, event: Event) -> str:
        """The document as JSON, in ASCII on one line."""
        return _ENCODE(self.document(event))

    def document(self, event: Event) -> dict[str, Any]:
        """The whole ECS document of one event: for sinks that send objects rather than lines."""
        second, _key, text = event
        stamp = (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")
        document: dict[str, Any] = {
            "@timestamp": stamp.zfill(20),
            "agent": self._agent,
            "labels": self._labels,
            **_fields(text),
        }
        document["event"]["original"] = text
        return document


def _fields(text: str) -> ecs.Fields:
    # What cannot be read (a number of more digits than Python takes, nesting without end) or is
    # no object, which no API description allows: nothing of it is lost all the same.
    with contextlib.suppress(ValueError, RecursionError):
        entry = json.loads(text)
        if isinstance(entry, dict):
            return ecs.fields(entry)
    return {
        "ecs": {"version": ecs.VERSION},
        "event": {"kind": "pipeline_error", "module": "slack", "dataset": "slack.audit"},
    }
