# SPDX-License-Identifier: Apache-2.0
"""Events, and what a receiver makes of a batch of them."""

from __future__ import annotations

import gzip
import json
from typing import Any

import msgpack

from slack_audit_input.model.event import Event
from slack_audit_input.sinks.forward.batches import Batch, Batches
from slack_audit_input.sinks.forward.records import Records
from slack_audit_input.sinks.forward.tags import Tags

COLLECTOR = {"name": "n", "version": "1", "account": 'a\u00e4"', "input": "i"}
CATALOGUE = {"user_login": "user"}
SECOND = 1_700_000_000


def event(text: str, second: int = SECOND) -> Event:
    """An event of this text."""
    return second, 0, text


def events(count: int, first: int = 0, size: int = 0) -> list[Event]:
    """Events with an id each, of ``size`` characters at least."""
    return [
        (SECOND + n // 3, n, json.dumps({"id": n, "pad": "x" * size}))
        for n in range(first, first + count)
    ]


def batches(count: int = 500, size: int = 1_000_000, tag: str = "slack.audit") -> Batches:
    """A maker of batches."""
    return Batches(Records(COLLECTOR), tags(tag), count, size)


def tags(pattern: str) -> Tags:
    """Tags of a pattern, with a small catalogue."""
    return Tags(pattern, "Lumen & S\u00f6hne", "main", lambda action: CATALOGUE.get(action, ""))


def unpacked(data: bytes | bytearray) -> list[Any]:
    """Every MessagePack value in ``data``."""
    unpacker = msgpack.Unpacker(raw=False, strict_map_key=False, max_buffer_size=1 << 28)
    unpacker.feed(data)
    return list(unpacker)


def entries(batch: Batch, packed: bool = False) -> list[tuple[int, int, dict[str, Any]]]:
    """The entries in a batch's message: seconds, nanoseconds, record."""
    (message,) = unpacked(batch.message(packed))
    tag, body, option = message
    assert (tag, option["size"], option["chunk"]) == (batch.tag, len(batch), batch.chunk)
    assert option.get("compressed") == ("gzip" if packed else None)
    found = []
    for time, record in unpacked(gzip.decompress(body) if packed else body):
        if isinstance(time, int):
            found.append((time, 0, record))
            continue
        assert (time.code, len(time.data)) == (0, 8)
        at = int.from_bytes(time.data[:4], "big"), int.from_bytes(time.data[4:], "big")
        found.append((*at, record))
    return found


def record(text: str) -> dict[str, Any]:
    """What arrives of an entry of this text."""
    (batch,) = batches().of([event(text)])
    ((_, _, found),) = entries(batch)
    return found
