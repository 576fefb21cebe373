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

#: Lines joined and written at once: about 0.8 MB, so that memory stays flat on a full page.
LINES = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: What every line begins with.
FRONT = b'{"@timestamp":"'


class Lines:
    """Turns events into lines. ``collector``: name, version, account and input."""

    def __init__(self, collector: dict[str, str]) -> None:
        self._mark = f'"collector":{json.dumps(collector, separators=(",", ":"))}'
        self._second: int | None = None
        self._front = ""

    def encoded(self, events: Sequence[Event]) -> Iterator[bytes]:
        """The lines of ``events``, some hundred kilobytes at a time."""
        for start in range(0, len(events), LINES):
            lines = "".join(map(self._line, events[start : start + LINES]))
            try:
                yield lines.encode("ascii")
            except UnicodeEncodeError:
                yield lines.encode("utf-8", _SURROGATES)

    def _line(self, event: Event) -> str:
        second, _key, text = event
        if second != self._second:
            self._second = second
            stamp = (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")
            self._front = f'{{"@timestamp":"{stamp.zfill(20)}",{self._mark}'
        if text.startswith("{"):
            rest = text[1:]
            if rest.lstrip(" \t")[:1] == "}":
                return f"{self._front}{rest}\n"
            return f"{self._front},{rest}\n"
        # Not an object, which no API description allows: nothing is lost all the same.
        return f'{self._front},"entry":{text}}}\n'


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
