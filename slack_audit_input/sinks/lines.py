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
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: What every line begins with.
FRONT = b'{"@timestamp":"'


class Lines:
    """Turns events into lines. ``collector``: name, version, account and input."""

    def __init__(self, collector: dict[str, str]) -> None:
        mark = json.dumps(collector, separators=(",", ":"))
        #: What stands behind the minute, by second of it.
        self._marks = [f'{second:02}Z","collector":{mark},' for second in range(60)]

    def encoded(self, events: Sequence[Event]) -> Iterator[bytes]:
        """The lines of ``events``, some hundred kilobytes at a time."""
        marks = self._marks
        # Formatting a date costs more than all the rest of a line: once a minute is enough. To
        # keep the front of each second instead costs as much, for nearly each event has its own.
        minute = end = 0
        front = ""
        for start in range(0, len(events), LINES):
            made: list[str] = []  # in pieces: a line put together would be copied once more
            for second, _key, text in events[start : start + LINES]:
                if not minute <= second < end:
                    minute = second - second % 60
                    end = minute + 60
                    front = _front(minute)
                if text[:2] == '{"':
                    made += (front, marks[second - minute], text[1:], "\n")
                else:
                    made.append(_odd(front + marks[second - minute], text))
            lines = "".join(made)
            try:
                yield lines.encode("ascii")
            except UnicodeEncodeError:
                yield lines.encode("utf-8", _SURROGATES)


def _front(minute: int) -> str:
    """What a line begins with, up to the seconds of its time. ``minute``: its first second."""
    stamp = (_EPOCH + timedelta(seconds=minute)).strftime("%Y-%m-%dT%H:%M:")
    # strftime does not fill up years of less than four digits.
    return f'{{"@timestamp":"{stamp.zfill(17)}'


def _odd(front: str, text: str) -> str:
    """The line of an entry that does not begin as all others do; ``front`` ends with a comma."""
    if text.startswith("{"):
        rest = text[1:]
        return f"{front[:-1]}{rest}\n" if rest.lstrip(" \t")[:1] == "}" else f"{front}{rest}\n"
    # Not an object, which no API description allows: nothing is lost all the same.
    return f'{front}"entry":{text}}}\n'


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
