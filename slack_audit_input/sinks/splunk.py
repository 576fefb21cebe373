# SPDX-License-Identifier: Apache-2.0
"""Splunk's XML on stdout: what splunkd reads from a modular input.

The entry's own text goes into ``<data>``, escaped and otherwise untouched. Two hundred events
are one write; splunklib's EventWriter builds a tree for each and flushes after it.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
import select
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from slack_audit_input.model.errors import SinkError
from slack_audit_input.model.event import Event

#: Events joined and written at once: about 0.2 MB, which stays in a processor's cache.
EVENTS = 200
_OPEN = b"<stream>"
_CLOSE = b"</stream>\n"
_BACK = "</data><done/></event>\n"
#: What XML 1.0 (section 2.2) does not allow, whatever the escape, as far as UTF-8 can say it; and
#: the carriage return, which a parser would turn into a line feed (section 2.11).
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_FORBIDDEN_ASCII = bytes(n for n in range(0x20) if n not in (0x09, 0x0A))
_KEPT = bytes(n for n in range(0x100) if n not in _FORBIDDEN_ASCII)
_AGAIN = "Nothing of this page is checkpointed: it comes again at the next start"


@dataclass(frozen=True)
class Metadata:
    """What every event of an input says about itself. ``index`` "": the one of its stanza."""

    source: str
    sourcetype: str
    index: str
    host: str


class Elements:
    """Turns events into ``<event>`` elements."""

    def __init__(self, metadata: Metadata) -> None:
        self._rest = "</time>" + "".join(
            f"<{name}>{_escaped(_sound(value))}</{name}>"
            for name, value in asdict(metadata).items()
            if value
        )

    def encoded(self, events: Sequence[Event]) -> Iterator[bytes]:
        """The elements of ``events``, some hundred kilobytes at a time."""
        for start in range(0, len(events), EVENTS):
            batch = events[start : start + EVENTS]
            elements = "".join(self._pieces(batch))
            block = elements.encode("utf-8", _SURROGATES)
            # Both looks are made by C over the whole batch: a pattern would take longer than
            # everything else.
            if block.translate(None, _KEPT) or "\ufffe" in elements or "\uffff" in elements:
                sound = [(second, key, _sound(text)) for second, key, text in batch]
                block = "".join(self._pieces(sound)).encode("utf-8", _SURROGATES)
            yield block

    def _pieces(self, events: Sequence[Event]) -> list[str]:
        """What the elements are made of: put together one by one they would be copied twice."""
        pieces: list[str] = []
        front = ""
        last: int | None = None
        for second, _key, text in events:
            if second != last:
                last = second
                front = f'<event unbroken="1"><time>{second}{self._rest}<data>'
            # Most have none of these, and to look is quicker than to replace nothing.
            marked = "&" in text or "<" in text or ">" in text
            pieces += (front, _escaped(text) if marked else text, _BACK)
        return pieces


class SplunkStream:
    """Events to splunkd over a file descriptor, stdout as a rule.

    Accepted means: the system took them. What splunkd does with them afterwards, a modular input
    is not told.
    """

    def __init__(self, metadata: Metadata, descriptor: int) -> None:
        self._elements = Elements(metadata)
        kind = f"{metadata.sourcetype}:coverage"
        self._records = Elements(replace(metadata, sourcetype=kind))
        self._descriptor = descriptor
        self._opened = False
        self._failed = False

    def write(self, events: Sequence[Event]) -> None:
        """Write all events, or raise SinkError. A splunkd that is slow is waited for."""
        self._write_all(self._elements, events)

    def write_records(self, records: Sequence[Event]) -> None:
        """The same for coverage records, under a sourcetype of their own."""
        self._write_all(self._records, records)

    def close(self) -> None:
        """End the stream, so that it is whole; the descriptor is not ours to close."""
        if self._opened and not self._failed:
            self._opened = False
            self._write(_CLOSE)

    def _write_all(self, elements: Elements, events: Sequence[Event]) -> None:
        for block in elements.encoded(events):
            self._write(block if self._opened else _OPEN + block)
            self._opened = True

    def _write(self, block: bytes) -> None:
        try:
            _write(self._descriptor, block)
        except OSError as error:
            # Half an element may have gone out: nothing that follows could be understood.
            self._failed = True
            raise SinkError(_words(error)) from None


def _write(descriptor: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            # Whoever started us may have made its pipe non-blocking, for us as well.
            select.select([], [descriptor], [])


def _escaped(text: str) -> str:
    # ">" only matters behind "]]", but to look for that would cost as much.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sound(text: str) -> str:
    """With what XML forbids as JSON's escapes: inside a JSON string they say the same."""
    return _FORBIDDEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _surrogates(error: UnicodeError) -> tuple[str, int]:
    r"""A lone surrogate has no bytes; as ``\ud800`` it says the same in JSON.

    Nor have bytes of Slack's that were no UTF-8, which travel as U+DC80 to U+DCFF: XML would
    not take them as they were.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    return "".join(f"\\u{ord(character):04x}" for character in found), error.end


_SURROGATES = "slack-audit-input.surrogates-in-xml"
codecs.register_error(_SURROGATES, _surrogates)


def _words(error: OSError) -> str:
    if error.errno in (errno.EPIPE, errno.EINVAL):  # the latter is how Windows says it
        return f"splunkd has closed our output: it stops, or has restarted this input. {_AGAIN}"
    return f"cannot write to splunkd ({error.strerror}). {_AGAIN}"
