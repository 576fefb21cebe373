# SPDX-License-Identifier: Apache-2.0
"""An event as the forward protocol's entry: ``[EventTime, record]`` in MessagePack.

The record is Slack's entry, unchanged in structure and types, and one more key: ``collector``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, Union

import msgspec

from slack_audit_input.model.event import Event
from slack_audit_input.sinks.forward.travel import DEPTH, travelling

#: Levels of objects and lists that the quick decoder takes; the emulator's entries have up to 6.
#: It has a type for each way down, twice as many with each level: 8 take 3 ms to make, 10 take 23.
LEVELS = 8

#: EventTime has 32 bits of seconds, which end in 2106; whole seconds may stand in its place.
_EVENT_TIME_MOST = 2**32 - 1
_ARRAY_OF_2 = b"\x92"
#: An array of two, and extension type 0 of 8 bytes: seconds, and nanoseconds, of which Slack has
#: none. As ``fluent.sender.EventTime`` packs it, at a tenth of its time: every second has its own.
_EVENT_TIME = _ARRAY_OF_2 + b"\xd7\x00"
_event_time = struct.Struct(">3sII").pack


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
        # The same, and what is no object or has more levels than LEVELS is an error, too. That
        # costs nothing, where counting the brackets of an entry takes a third of its decoding.
        self._decode_quickly = msgspec.json.Decoder(_object(LEVELS)).decode
        self._encode_into = msgspec.msgpack.Encoder().encode_into
        self._mark = msgspec.Raw(msgspec.msgpack.encode(collector))

    def fill(self, body: bytearray, events: Sequence[Event], most: int) -> list[int]:
        """Append the entries of ``events``, the first and as many as end within ``most`` bytes.

        Returns where each one ends. All of packing that is not in C happens in this one loop.
        """
        form, mark, time = self._form, self._mark, _event_time
        decode, encode_into = self._decode_quickly, self._encode_into
        ends: list[int] = []
        inside = len(body)
        for event in events:
            second, _key, text = event
            try:
                if form is not None:
                    text = form(event)
                # Bytes of our own: from a str, the decoder would leave a copy in the page's text.
                record = decode(text.encode())
                if "collector" in record:
                    raise _Odd
                record["collector"] = mark
                body += time(_EVENT_TIME, second, 0)
                encode_into(record, body, -1)
            except _REFUSALS:
                del body[inside:]
                self.add(event, body)
            if len(body) > most and ends:
                # One too many: it is packed again for the next batch.
                del body[inside:]
                break
            inside = len(body)
            ends.append(inside)
        return ends

    def add(self, event: Event, body: bytearray) -> dict[str, Any]:
        """Append one event's entry to ``body``, whatever it is; returns its record."""
        second, _key, text = event
        if self._form is not None:
            text = self._form(event)
        body += _front(second)
        inside = len(body)
        try:
            # Never deeper than it has brackets: true of all but the strangest.
            if text.count("{") + text.count("[") > DEPTH:
                raise _Odd
            record: dict[str, Any] = self._decode(text.encode())
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


def _object(levels: int) -> Any:
    """The type of a JSON object with objects and lists in it down to so many ``levels``."""
    value: Any = Union[None, bool, int, float, str]
    for _ in range(levels - 1):
        value = Union[None, bool, int, float, str, dict[str, value], list[value]]
    return dict[str, value]


def _front(second: int) -> bytes:
    """What an entry begins with: an array of two, and the time."""
    if 0 <= second <= _EVENT_TIME_MOST:
        return _event_time(_EVENT_TIME, second, 0)
    return _ARRAY_OF_2 + msgspec.msgpack.encode(second)


class _Odd(ValueError):
    """This one goes the slow way."""


#: Of the strict decoder and the encoder: not exactly JSON, no UTF-8, beyond 64 bits, too deep; and
#: of a time that is no EventTime.
_REFUSALS = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError, struct.error)
