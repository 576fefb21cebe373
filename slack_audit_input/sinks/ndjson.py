# SPDX-License-Identifier: Apache-2.0
"""NDJSON: one line an event, the entry's own text with two keys put in front.

``{"@timestamp":"2026-11-24T07:03:00Z","collector":{…},`` and then the entry, byte for byte as
Slack sent it. On stdout, or in a file that may be rotated by size.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

from slack_audit_input.model.errors import SinkError
from slack_audit_input.model.event import Event

#: Lines joined and written at once: about 0.8 MB, so that memory stays flat on a full page.
LINES = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Lines:
    """Turns events into lines. ``collector``: name, version, account and input."""

    def __init__(self, collector: dict[str, str]) -> None:
        self._mark = f'"collector":{json.dumps(collector, separators=(",", ":"))}'
        self._second = -1
        self._front = ""

    def encoded(self, events: Sequence[Event]) -> Iterator[bytes]:
        """The lines of ``events``, some hundred kilobytes at a time."""
        for start in range(0, len(events), LINES):
            lines = "".join(map(self._line, events[start : start + LINES]))
            try:
                yield lines.encode("ascii")
            except UnicodeEncodeError:
                # Bytes that were no UTF-8 travel as lone surrogates and become themselves.
                yield lines.encode("utf-8", "surrogateescape")

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


class NdjsonStream:
    """Lines to a file descriptor, stdout as a rule. Accepted means: the system took them.

    What a pipe's reader does with them afterwards, this side cannot see.
    """

    def __init__(self, lines: Lines, descriptor: int) -> None:
        self._lines = lines
        self._descriptor = descriptor

    def write(self, events: Sequence[Event]) -> None:
        """Write all lines, or raise SinkError."""
        for block in self._lines.encoded(events):
            view = memoryview(block)
            while view:
                try:
                    view = view[os.write(self._descriptor, view) :]
                except OSError as error:
                    raise SinkError(_stream_words(error)) from None

    def close(self) -> None:
        """Nothing to do: the descriptor is not ours."""


class NdjsonFile:
    """Lines to a file. Accepted means: on the disk (fsync).

    ``rotate_bytes``: once the file is larger, it becomes ``NAME.1`` (an older ``NAME.1``
    becomes ``NAME.2`` and so on, ``keep`` of them) before the next page; 0 means never.
    """

    def __init__(self, lines: Lines, path: Path, rotate_bytes: int = 0, keep: int = 5) -> None:
        self._lines = lines
        self._path = path
        self._rotate_bytes = rotate_bytes
        self._keep = keep
        self._descriptor = self._open()

    def write(self, events: Sequence[Event]) -> None:
        """Write all lines and wait until the disk has them, or raise SinkError."""
        try:
            self._rotate()
            for block in self._lines.encoded(events):
                view = memoryview(block)
                while view:
                    view = view[os.write(self._descriptor, view) :]
            os.fsync(self._descriptor)
        except OSError as error:
            raise SinkError(_file_words(self._path, error)) from None

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _open(self) -> int:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
            _end_with_a_line(descriptor)
        except OSError as error:
            raise SinkError(_file_words(self._path, error)) from None
        return descriptor

    def _rotate(self) -> None:
        if not self._rotate_bytes or os.fstat(self._descriptor).st_size < self._rotate_bytes:
            return
        os.close(self._descriptor)
        for number in range(self._keep, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = (
                self._path.with_name(f"{self._path.name}.{number - 1}")
                if number > 1
                else self._path
            )
            if newer.exists():
                newer.replace(older)
        self._descriptor = self._open()


def _end_with_a_line(descriptor: int) -> None:
    """Cut off a last line that a crash left half written.

    Its page was not committed, so the line comes again whole; half of it would spoil the next.
    """
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return  # a named pipe or a device has no last line
    size = end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - 65536)
        os.lseek(descriptor, start, os.SEEK_SET)
        found = os.read(descriptor, end - start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    if end != size:
        os.ftruncate(descriptor, end)


def _stream_words(error: OSError) -> str:
    if error.errno == errno.EPIPE:
        return (
            "whoever read our output has closed it. Nothing of this page is checkpointed: it comes "
            "again at the next start"
        )
    return f"cannot write to stdout ({error.strerror}). Nothing of this page is checkpointed"


def _file_words(path: Path, error: OSError) -> str:
    return (
        f"cannot write {path} ({error.strerror}). Nothing of this page is checkpointed: it comes "
        "again at the next start"
    )
