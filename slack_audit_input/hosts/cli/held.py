# SPDX-License-Identifier: Apache-2.0
"""The keys that a host holds, in a temporary SQLite file: memory stays flat whatever it holds.

Measured with random keys (``docs/audit.md``): 17 MB of disk for a million of them.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
import zlib
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from slack_audit_input.hosts.cli.host_lines import Bytes, lines_of
from slack_audit_input.model.errors import ConfigError

#: Keys sorted and written in one go: a B-tree takes them best in order.
_AT_ONCE = 200_000
#: SQLite's cache, in KiB.
_CACHE = 16_384
_SIGN = 1 << 63


class Held:
    """What the files hold, and what of Slack's entries they lack, by hour. A context manager.

    ``keys``: different ones; ``again``: lines whose entry was there before. Raises ConfigError
    for files that cannot be read.
    """

    def __init__(self, names: Collection[str]) -> None:
        self.names = tuple(names)
        self.files: list[dict[str, Any]] = []
        self.keys = self.again = 0
        self._folder = tempfile.TemporaryDirectory(prefix="slack-audit-verify-")
        try:
            self._db = sqlite3.connect(Path(self._folder.name) / "keys", isolation_level=None)
            self._db.execute(f"PRAGMA cache_size=-{_CACHE}")
            # Thrown away in the end: nothing of it has to survive anything.
            self._db.execute("PRAGMA journal_mode=OFF")
            self._db.execute("PRAGMA synchronous=OFF")
            self._db.execute("CREATE TABLE held (key INTEGER PRIMARY KEY)")
            self._db.execute(
                "CREATE TABLE lacking (hour INTEGER, key INTEGER, PRIMARY KEY (hour, key))"
            )
            self._stamps = stamps(self.names)
        # Ctrl-C too: nobody else knows of the folder yet.
        except BaseException:
            self._folder.cleanup()
            raise

    def close(self) -> None:
        """Remove the temporary file."""
        self._db.close()
        self._folder.cleanup()

    def read(self, progress: Callable[[int], None] = lambda _lines: None) -> None:
        """Read all files; ``progress(lines)`` now and then."""
        self.files = []
        total = 0
        for name in self.names:
            lines = unreadable = first_bad = 0
            batch = array("Q")
            file = None
            try:
                with open(name, "rb") as opened:  # noqa: PTH123 - the name may be /dev/stdin
                    file = Bytes(opened)
                    for line in lines_of(file):
                        lines += 1
                        if not line.keys:
                            unreadable += 1
                            first_bad = first_bad or lines
                        batch.extend(line.keys)
                        if len(batch) >= _AT_ONCE:
                            total += len(batch)
                            batch = self._add(batch)
                            progress(total)
            except OSError as error:
                raise ConfigError(f"--against {name}: {error.strerror or error}") from None
            except (EOFError, zlib.error) as error:
                raise ConfigError(
                    f"--against {name} is a gzip that ends early or is damaged ({error}), so what "
                    "the host holds cannot be told from it"
                ) from None
            total += len(batch)
            self._add(batch)
            self.files.append(
                {
                    "name": str(name),
                    "bytes": file.count,
                    "sha256": file.sha256.hexdigest(),
                    "lines": lines,
                    "unreadable": unreadable,
                    "first_unreadable": first_bad,
                }
            )
        self.again += total
        self.keys = self._number("SELECT count(*) FROM held")
        self.again -= self.keys

    def changed(self) -> bool:
        """Have the files changed since they were last read?"""
        return stamps(self.names) != self._stamps

    def read_again(self) -> None:
        """Add what has come to the files since: a collector may be writing to them."""
        self._stamps = stamps(self.names)
        first = self.files, self.again
        self.read()
        # The report names the files as they were when all entries were compared with them.
        self.files, self.again = first
        self._db.execute("DELETE FROM lacking WHERE key IN (SELECT key FROM held)")

    def lacking(self, hour: int, keys: Collection[int]) -> int:
        """Note which keys of an hour are not held; how many."""
        has = self._db.execute
        gone = [
            (hour, key)
            for key in map(_signed, keys)
            if has("SELECT 1 FROM held WHERE key = ?", (key,)).fetchone() is None
        ]
        self._db.execute("DELETE FROM lacking WHERE hour = ?", (hour,))
        self._db.executemany("INSERT INTO lacking VALUES (?, ?)", gone)
        return len(gone)

    def lacked(self, hour: int) -> set[int]:
        """The keys that were noted of an hour."""
        rows = self._db.execute("SELECT key FROM lacking WHERE hour = ?", (hour,))
        return {row[0] % (1 << 64) for row in rows}

    def hours(self) -> Iterator[tuple[int, int]]:
        """Hours with such keys, and how many."""
        yield from self._db.execute(
            "SELECT hour, count(*) FROM lacking GROUP BY hour ORDER BY hour"
        )

    def has_now(self, hour: int, keys: Iterable[int]) -> None:
        """They have been sent to the host."""
        gone = [(hour, key) for key in map(_signed, keys)]
        self._db.executemany("DELETE FROM lacking WHERE hour = ? AND key = ?", gone)

    def size(self) -> int:
        """Bytes on the disk."""
        return self._number(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        )

    def _add(self, batch: array[int]) -> array[int]:
        with self._transaction():
            rows = ((_signed(key),) for key in sorted(batch))
            self._db.executemany("INSERT OR IGNORE INTO held VALUES (?)", rows)
        return array("Q")

    def _transaction(self) -> sqlite3.Connection:
        self._db.execute("BEGIN")
        return self._db

    def _number(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])


def stamps(names: Iterable[str]) -> list[tuple[str, int, int, int]]:
    """What tells the files from what they will be when something is written to them."""
    found = []
    for name in names:
        try:
            there = os.stat(name)  # noqa: PTH116 - the name may be /dev/stdin
        except OSError as error:
            raise ConfigError(f"--against {name}: {error.strerror or error}") from None
        if stat.S_ISREG(there.st_mode):  # a pipe cannot be read twice
            found.append((name, there.st_ino, there.st_size, there.st_mtime_ns))
    return found


def _signed(key: int) -> int:
    """As SQLite keeps 64 bits."""
    return key - (1 << 64) if key >= _SIGN else key
