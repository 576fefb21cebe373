# SPDX-License-Identifier: Apache-2.0
"""NDJSON on stdout, or in a file that may be rotated by size. For the lines: ``sinks.lines``."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from slack_audit_input.model.errors import SinkError
from slack_audit_input.model.event import Event
from slack_audit_input.sinks.lines import FRONT, LINES, Lines

__all__ = ["LINES", "Lines", "NdjsonFile", "NdjsonStream"]

_AGAIN = "Nothing of this page is checkpointed: it comes again at the next start"
#: Bytes looked at in one go for the end of a file's last line.
_CHUNK = 65536


class Encoder(Protocol):
    """What turns events into lines: ``sinks.lines``, or ``sinks.ecs``."""

    def encoded(self, events: Sequence[Event]) -> Iterator[bytes]:
        """Whole lines of ``events``, in blocks that are written one after the other."""


class NdjsonStream:
    """Lines to a file descriptor, stdout as a rule. Accepted means: the system took them.

    What a pipe's reader does with them afterwards, this side cannot see.
    """

    def __init__(self, lines: Encoder, descriptor: int) -> None:
        self._lines = lines
        self._descriptor = descriptor

    def write(self, events: Sequence[Event]) -> None:
        """Write all lines, or raise SinkError. A reader that is slow is waited for."""
        for block in self._lines.encoded(events):
            try:
                _write(self._descriptor, block)
            except OSError as error:
                raise SinkError(_stream_words(error)) from None

    def write_records(self, records: Sequence[Event]) -> None:
        """Nothing: the stream is Slack's entries alone. See ``sinks.coverage`` for records."""

    def close(self) -> None:
        """Nothing to do: the descriptor is not ours."""


class NdjsonFile:
    """Lines to a file. Accepted means: on the disk (fsync).

    ``rotate_bytes``: once the file is as large, it becomes ``NAME.1`` (an older ``NAME.1``
    becomes ``NAME.2`` and so on, ``keep`` of them) before the next page; 0 means never.
    A named pipe or a device can be written to as well, and is never rotated. Raises SinkError
    when it cannot be opened, or another collector writes to it.
    """

    def __init__(self, lines: Encoder, path: Path, rotate_bytes: int = 0, keep: int = 5) -> None:
        self._lines = lines
        self._path = path
        self._rotate_bytes = rotate_bytes
        self._keep = keep
        self._descriptor = -1
        self._regular = False
        try:
            self._open()
        except OSError as error:
            self.close()
            raise SinkError(_file_words(self._path, error)) from None

    def write(self, events: Sequence[Event]) -> None:
        """Write all lines and wait until the disk has them, or raise SinkError."""
        if self._descriptor < 0:
            raise SinkError(f"{self._path} is closed. {_AGAIN}")
        size = -1
        try:
            self._rotate()
            size = os.fstat(self._descriptor).st_size if self._regular else -1
            for block in self._lines.encoded(events):
                _write(self._descriptor, block)
            if self._regular:
                os.fsync(self._descriptor)
        except OSError as error:
            self._take_back(size)
            raise SinkError(_file_words(self._path, error)) from None

    def write_records(self, records: Sequence[Event]) -> None:
        """Nothing: the file is Slack's entries alone. See ``sinks.coverage`` for records."""

    def close(self) -> None:
        """Close the file. What was accepted is on the disk already."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _open(self) -> None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            found = None
        if found is None or stat.S_ISREG(found.st_mode):
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        else:
            # Write only: open for reading as well we would be a pipe's last reader ourselves,
            # and never hear that nobody reads. Without a reader at the start: an error.
            flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK
        self._descriptor = os.open(self._path, flags, 0o640)
        self._regular = stat.S_ISREG(os.fstat(self._descriptor).st_mode)
        if not self._regular:
            return
        _claim(self._descriptor)
        _end_with_a_line(self._descriptor)
        if found is None:
            _sync_folder(self._path)

    def _rotate(self) -> None:
        if not (self._rotate_bytes and self._regular):
            return
        if os.fstat(self._descriptor).st_size < self._rotate_bytes:
            return
        # Of a link, the file it leads to.
        path = Path(os.path.realpath(self._path))
        for number in range(self._keep, 0, -1):
            newer = path.with_name(f"{path.name}.{number - 1}") if number > 1 else path
            if newer.exists():
                newer.replace(path.with_name(f"{path.name}.{number}"))
        self.close()
        self._open()
        _sync_folder(path)

    def _take_back(self, size: int) -> None:
        """After a failed write, cut off what came of the page: it comes again whole."""
        if size >= 0 and self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, size)


def _claim(descriptor: int) -> None:
    """Two writers would cut and rotate each other's lines away. Raises OSError for the second."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno == errno.EWOULDBLOCK:
            raise
        # A file system without locks: then nobody watches over it.


def _write(descriptor: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            # Whoever started us may have made its pipe non-blocking, for us as well.
            waiting = select.poll()
            waiting.register(descriptor, select.POLLOUT)
            waiting.poll()


def _end_with_a_line(descriptor: int) -> None:
    """Cut off a last line of ours that a crash left half written.

    Its page was not committed, so the line comes again whole; half of it would spoil the next.
    A last line that is not ours is ended instead: nobody else's text is ever cut.
    """
    size = end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - _CHUNK)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    if end == size:
        return
    begin = os.pread(descriptor, len(FRONT), end).rstrip(b"\0")
    # After a power cut some file systems leave zeros where the data did not arrive.
    if FRONT.startswith(begin):
        os.ftruncate(descriptor, end)
    else:
        _write(descriptor, b"\n")
    os.fsync(descriptor)


def _sync_folder(path: Path) -> None:
    """Have the disk know the file by its name, too."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    except OSError:
        pass  # not every file system can
    finally:
        os.close(folder)


def _stream_words(error: OSError) -> str:
    if error.errno == errno.EPIPE:
        return f"whoever read our output has closed it. {_AGAIN}"
    return f"cannot write to stdout ({error.strerror}). {_AGAIN}"


def _file_words(path: Path, error: OSError) -> str:
    words = error.strerror
    if error.errno == errno.EWOULDBLOCK:
        words = "another collector writes to it; give each a file of its own"
    elif error.errno == errno.ENXIO:
        words = "nobody reads this pipe"
    elif error.errno == errno.EPIPE:
        words = "whoever read it has closed it"
    elif error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        words = f"{words}: free some space, nothing is lost"
    return f"cannot write {path} ({words}). {_AGAIN}"
