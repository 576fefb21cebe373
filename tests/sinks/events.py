# SPDX-License-Identifier: Apache-2.0
"""Events and lines for the tests of sinks."""

from __future__ import annotations

import json
from typing import Any

from slack_audit_input.model.event import Event
from slack_audit_input.sinks.ndjson import Lines

COLLECTOR = {"name": "n", "version": "1", "account": 'a\u00e4"', "input": "i"}
SECOND = 1_700_000_000


def lines() -> Lines:
    """A maker of lines."""
    return Lines(COLLECTOR)


def events(count: int, first: int = 0, size: int = 0) -> list[Event]:
    """Events with an id each, of ``size`` characters at least."""
    return [
        (SECOND + n // 3, n, json.dumps({"id": n, "pad": "x" * size}))
        for n in range(first, first + count)
    ]


def ids(data: bytes) -> list[Any]:
    """The ids in lines that are whole; anything else is an error."""
    assert data == b"" or data.endswith(b"\n")
    return [json.loads(line)["id"] for line in data.splitlines()]
