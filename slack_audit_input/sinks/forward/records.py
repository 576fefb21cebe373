# SPDX-License-Identifier: Apache-2.0
"""An event as the forward protocol's entry: ``[EventTime, record]`` in MessagePack.

The record is Slack's entry, unchanged in structure and types, and one more key: ``collector``.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fluent.sender import EventTime

from slack_audit_input.model.event import Event
from slack_audit_input.sinks.forward.travel import DEPTH, travelling

#: EventTime has 32 bits of seconds, which end in 2106; whole seconds may stand in its place.
_EVENT_TIME_MOST = 2**32 - 1
_ARRAY_OF_2 = b"\x92"
_FIXEXT_8 = b"\xd7\x00"


class Records:
    """Packs events. ``collector``: name, version, account and input, as in every line of NDJSON.

    An entry's own key ``collector``, which Slack does not send, stays; ours is ``collector_``
    then. ``altered`` counts the records in which a value had to become text (``travel``).
    """

    def __init__(self, collector: dict[str, str]) -> None:
        self.altered = 0
        self._collector = collector
        # Strict: what is not exactly JSON, or cannot be UTF-8, is an error and goes the slow way.
        # Whole numbers of up to 4,300 digits come out exact and are refused by the encoder.
        self._decode = msgspec.json.Decoder().decode
        self._encode_into = msgspec.msgpack.Encoder().encode_into
        self._mark = msgspec.Raw(msgspec.msgpack.encode(collector))
        self._second: int | None = None
        self._front = b""

    def add(self, event: Event, buffer: bytearray) -> dict[str, Any]:
        """Append the event's entry to ``buffer``; returns its record."""
        second, _key, text = event
        if second != self._second:
            self._second, self._front = second, _ARRAY_OF_2 + _time(second)
        start = len(buffer)
        buffer += self._front
        # Never deeper than it has brackets: true of all but the strangest.
        if text.count("{") + text.count("[") <= DEPTH:
            try:
                record = self._decode(text)
                if type(record) is dict and "collector" not in record:
                    record["collector"] = self._mark
                    self._encode_into(record, buffer, -1)
                    return record
            except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
                pass
            del buffer[start + len(self._front) :]
        return self._slowly(text, buffer)

    def _slowly(self, text: str, buffer: bytearray) -> dict[str, Any]:
        record, altered = travelling(text)
        name = "collector"
        while name in record:
            name += "_"
        record[name] = self._collector
        if altered:
            self.altered += 1
            record[name] = {**self._collector, "altered": altered}
        self._encode_into(record, buffer, -1)
        return record


def _time(second: int) -> bytes:
    if 0 <= second <= _EVENT_TIME_MOST:
        return _FIXEXT_8 + bytes(EventTime(second, 0).data)
    return msgspec.msgpack.encode(second)
