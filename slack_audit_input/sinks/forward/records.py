# SPDX-License-Identifier: Apache-2.0
"""An event as the forward protocol's entry: ``[EventTime, record]`` in MessagePack.

The record is Slack's entry, unchanged in structure and types, and one more key: ``collector``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from slack_audit_input.model.event import Event
from slack_audit_input.sinks.forward.travel import DEPTH, travelling

#: EventTime has 32 bits of seconds, which end in 2106; whole seconds may stand in its place.
_EVENT_TIME_MOST = 2**32 - 1
_ARRAY_OF_2 = b"\x92"
#: Extension type 0 of 8 bytes: seconds, and nanoseconds, of which Slack has none. As
#: ``fluent.sender.EventTime`` packs it, at a fifth of its time: every second has its own.
_EVENT_TIME, _NANOSECONDS = _ARRAY_OF_2 + b"\xd7\x00", bytes(4)


class Records:
    """Packs events. ``collector``: name, version, account and input, as in every line of NDJSON.

    ``form``: the JSON text of an event's record, where that is not the entry itself. An entry's
    own key ``collector``, which Slack does not send, stays; ours is ``collector_`` then.
    ``altered`` counts the records in which a value had to become text (``travel``).
    """

    def __init__(
        self, collector: dict[str, str], form: Callable[[Event], str] | None = None
    ) -> None:
        self.altered = 0
        self._form = form
        self._collector = collector
        # Strict: what is not exactly JSON, or cannot be UTF-8, is an error and goes the slow way.
        # Whole numbers of up to 4,300 digits come out exact and are refused by the encoder.
        self._decode = msgspec.json.Decoder().decode
        self._encode_into = msgspec.msgpack.Encoder().encode_into
        self._mark = msgspec.Raw(msgspec.msgpack.encode(collector))

    def add(self, event: Event, body: bytearray) -> dict[str, Any]:
        """Append one event's entry to ``body``; returns its record."""
        second, _key, text = event
        if self._form is not None:
            text = self._form(event)
        body += _front(second)
        inside = len(body)
        try:
            # Never deeper than it has brackets: true of all but the strangest.
            if text.count("{") + text.count("[") > DEPTH:
                raise _Odd
            record: dict[str, Any] = self._decode(text)
            if type(record) is not dict or "collector" in record:
                raise _Odd
            record["collector"] = self._mark
            self._encode_into(record, body, -1)
        except _REFUSALS:
            del body[inside:]
            return self._slowly(text, body)
        return record

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


def _front(second: int) -> bytes:
    """What an entry begins with: an array of two, and the time."""
    if 0 <= second <= _EVENT_TIME_MOST:
        return _EVENT_TIME + second.to_bytes(4, "big") + _NANOSECONDS
    return _ARRAY_OF_2 + msgspec.msgpack.encode(second)


class _Odd(ValueError):
    """This one goes the slow way."""


#: Of the strict decoder and the encoder: not exactly JSON, no UTF-8, beyond 64 bits, too deep.
_REFUSALS = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)
