# SPDX-License-Identifier: Apache-2.0
"""One line an event: the entry's own text with two keys put in front.

``{"@timestamp":"2026-11-24T07:03:00Z","collector":{…},`` and then the entry, byte for byte as
Slack sent it.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone

from slack_audit_input.model.event import Event

#: Lines joined and written at once: about 0.2 MB, which stays in a processor's cache.
LINES = 200
#: Fronts that are kept: one for each second that a page of usual density has.
_FRONTS = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: What every line begins with.
FRONT = b'{"@timestamp":"'


class Lines:
    """Turns events into lines. ``collector``: name, version, account and input."""

    def __init__(self, collector: dict[str, str]) -> None:
        self._fronts = _Fronts(f'"collector":{json.dumps(collector, separators=(",", ":"))}')

    def encoded(self, events: Sequence[Event]) -> Iterator[bytes]:
        """The lines of ``events``, some hundred kilobytes at a time."""
        fronts = self._fronts
        for start in range(0, len(events), LINES):
            if len(fronts) > _FRONTS:
                fronts.clear()
            lines = "".join(
                [
                    f"{fronts[second]},{text[1:]}\n"
                    if text[:2] == '{"'
                    else _odd(fronts[second], text)
                    for second, _key, text in events[start : start + LINES]
                ]
            )
            try:
                yield lines.encode("ascii")
            except UnicodeEncodeError:
                yield lines.encode("utf-8", _SURROGATES)


class _Fronts(dict[int, str]):
    """What stands before the entry, by second. ``mark``: the collector's key."""

    def __init__(self, mark: str) -> None:
        super().__init__()
        self._mark = mark
        self._minute = -1
        self._stamp = ""

    def __missing__(self, second: int) -> str:
        # Formatting a date costs more than all the rest of a line: once a minute is enough.
        minute, rest = divmod(second, 60)
        if minute != self._minute:
            stamp = (_EPOCH + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:")
            self._minute, self._stamp = minute, stamp.zfill(17)
        front = f'{{"@timestamp":"{self._stamp}{rest:02}Z",{self._mark}'
        self[second] = front
        return front


def _odd(front: str, text: str) -> str:
    """The line of an entry that does not begin as all others do."""
    if text.startswith("{"):
        rest = text[1:]
        return f"{front}{rest}\n" if rest.lstrip(" \t")[:1] == "}" else f"{front},{rest}\n"
    # Not an object, which no API description allows: nothing is lost all the same.
    return f'{front},"entry":{text}}}\n'


def _surrogates(error: UnicodeError) -> tuple[bytes, int]:
    """Bytes that were no UTF-8 travel as U+DC80 to U+DCFF and become themselves again.

    Any other lone surrogate has no bytes at all; as an escape it says the same in JSON.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    out = b""
    for character in error.object[error.start : error.end]:
        code = ord(character)
        out += bytes([code - 0xDC00]) if 0xDC80 <= code <= 0xDCFF else b"\\u%04x" % code
    return out, error.end


_SURROGATES = "slack-audit-input.surrogates"
codecs.register_error(_SURROGATES, _surrogates)
