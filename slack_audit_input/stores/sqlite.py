# SPDX-License-Identifier: Apache-2.0
"""The SQLite file of a state: made whole or not at all, opened without changing a foreign one."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool

from slack_audit_input.model.errors import StoreError

#: SQLite's application_id of our files ("SlAu"), so that another program's file is known.
APPLICATION = 0x536C4175
#: Seconds that SQLite waits for another process's transaction.
BUSY = 30
_MAGIC = b"SQLite format 3\0"
_HEADER = 100


def engine_of(path: Path, connections: int = 1) -> Engine:
    """An engine over an existing file; it never makes one. Nothing is opened yet.

    ``connections``: kept open; one more is opened when it is needed.
    """

    def connect() -> sqlite3.Connection:
        # Not "rwc": a file that vanishes while we run must not come back empty.
        uri = f"file:{quote(str(path))}?mode=rw"
        return sqlite3.connect(uri, timeout=BUSY, uri=True, check_same_thread=False)

    engine = sqlalchemy.create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=connections, max_overflow=1
    )
    event.listen(engine, "connect", _settings)
    event.listen(engine, "begin", _begin)
    return engine


def _settings(connection: Any, _record: Any) -> None:
    # The driver's own transactions begin late and end early (before DDL and with savepoints);
    # ours begin and end where we say.
    connection.isolation_level = None
    # A commit survives a power cut: the state is never older than what the host has.
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    # A transaction that reads first and writes later can fail between the two.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def make(path: Path, fill: Callable[[Engine], None]) -> None:
    """Make the file with all that ``fill`` puts into it; if another was faster, keep that one.

    It appears under its name only when it is whole: a crash on the way leaves no file that
    looks like a state. Raises OSError and sqlite3.Error.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = Path(os.path.realpath(path))
    # In a folder of its own, readable by this user only, as the state will be.
    with tempfile.TemporaryDirectory(prefix=f".{target.name[:40]}.", dir=target.parent) as folder:
        new = Path(folder) / "new"
        os.close(os.open(new, os.O_RDWR | os.O_CREAT, 0o600))
        engine = engine_of(new)
        try:
            connection = sqlite3.connect(new, timeout=BUSY)
            try:
                connection.execute(f"PRAGMA application_id={APPLICATION}")
                # Lets `status` read while a collector commits. Kept in the file.
                connection.execute("PRAGMA journal_mode=WAL")
            finally:
                connection.close()
            fill(engine)
        finally:
            engine.dispose()
        with contextlib.suppress(FileExistsError):
            _place(new, target)
    _sync(target.parent)


def _place(new: Path, target: Path) -> None:
    try:
        os.link(new, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links; then two first starts at once are not kept apart.
        if not target.exists():
            new.rename(target)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # not every file system can; the file itself is safe
    finally:
        os.close(descriptor)


def check_ours(path: Path, shown: str) -> None:
    """Raise StoreError, changing nothing, unless the file is a state of ours. Raises OSError."""
    if path.is_dir():
        raise StoreError(f"the state {shown} is a folder: name a file in it")
    size = path.stat().st_size
    if size == 0:
        # Ours are never empty, not even after a crash: see `make`.
        raise StoreError(
            f"the state {shown} is an empty file: something has cut it. What it held is lost; if "
            "you mean to begin anew, delete it (and mind --start)"
        )
    # Read as bytes: SQLite itself would tidy up after another program's crash.
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if not header.startswith(_MAGIC[: len(header)]):
        raise StoreError(
            f"the state {shown} is not a database: another program's file, or a damaged one. "
            "Nothing was changed; name another file"
        )
    page, pages, application = _numbers(header.ljust(_HEADER, b"\0"))
    if application != APPLICATION and len(header) == _HEADER:
        raise StoreError(
            f"the state {shown} is another program's database. Nothing was changed; name another "
            "file"
        )
    if len(header) < _HEADER or (size < page * pages and not _has_content(f"{path}-wal")):
        raise StoreError(
            f"the state {shown} has been cut: {size} of {max(page * pages, _HEADER)} bytes are "
            "left. Nothing was changed; restore it, or move it away to begin anew"
        )


def _numbers(header: bytes) -> tuple[int, int, int]:
    """Page size, pages, application: https://sqlite.org/fileformat.html, section 1.3."""
    page = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    return 65536 if page == 1 else page, pages, int.from_bytes(header[68:72], "big")


def _has_content(path: str) -> bool:
    try:
        return Path(path).stat().st_size > 0
    except OSError:
        return False


def identity(path: Path) -> tuple[int, int]:
    """What tells the file from another one under the same name. Raises OSError."""
    found = path.stat()
    return found.st_dev, found.st_ino
