# SPDX-License-Identifier: Apache-2.0
"""Checkpoints in SQL: an embedded SQLite file, or PostgreSQL by URL. One code for both.

One commit is one transaction, and conditional on the version it read: of two collectors on
one input at most one can win, and the other is told.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import bindparam, delete, event, insert, select, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from slack_audit_input.model.errors import ConfigError, StoreError, Superseded
from slack_audit_input.model.state import Change, Hour, Request, State
from slack_audit_input.stores.tables import (
    SCHEMA,
    buckets,
    hours,
    inputs,
    meta,
    metadata,
    notes,
    requests,
)

#: SQLite's application_id of our files ("SlAu"), so that another program's file is known.
APPLICATION = 0x536C4175
#: Seconds that SQLite waits for another process's transaction.
BUSY = 30


class SqlState:
    """A whole state, with any number of inputs.

    ``url``: a path to an SQLite file, or a URL ``sqlite:///…`` or ``postgresql://…``.
    Raises ConfigError for a URL that cannot be used, StoreError for a state that is not ours,
    of another version, or not readable and writable.
    """

    def __init__(self, url: str, *, create: bool = True) -> None:
        self.url = _sqlalchemy_url(url)
        self.shown = _shown(self.url)
        try:
            self._engine = _engine(self.url, create)
        except (ArgumentError, ImportError) as error:
            raise ConfigError(f"--state {self.shown}: {_driver_hint(error)}") from None
        with self._guarded("open"):
            self._prepare(create)

    def checkpoint(self, input: str) -> SqlCheckpoint:
        """The place of one input; nothing is written before its first commit."""
        return SqlCheckpoint(self, input)

    def inputs(self) -> list[str]:
        """Names of the inputs that have committed, sorted."""
        with self.reading() as connection:
            return list(connection.scalars(select(inputs.c.input).order_by(inputs.c.input)))

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with."""
        with self._guarded("read"), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all of it or none."""
        with self._guarded("write"), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _guarded(self, doing: str) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(
                f"cannot {doing} the state {self.shown}: {_first_line(cause)}{_remedy(cause)}"
            ) from None
        except OSError as error:
            raise StoreError(f"cannot {doing} the state {self.shown}: {error}") from None

    def _prepare(self, create: bool) -> None:
        with self._engine.begin() as connection:
            found = sqlalchemy.inspect(connection).has_table(meta.name)
            if found:
                schema = connection.scalar(select(meta.c.value).where(meta.c.name == "schema"))
                if schema != SCHEMA:
                    raise StoreError(
                        f"the state {self.shown} has schema {schema}, this version reads {SCHEMA}: "
                        "use the version that wrote it, or a newer one. Nothing was changed"
                    )
                return
            if (
                self._engine.dialect.name == "sqlite"
                and sqlalchemy.inspect(connection).get_table_names()
            ):
                raise StoreError(f"{self.shown} is another program's database. Nothing was changed")
            if not create:
                raise StoreError(f"there is no state at {self.shown}: nothing has been collected")
        try:
            with self._engine.begin() as connection:
                metadata.create_all(connection)
                connection.execute(insert(meta), {"name": "schema", "value": SCHEMA})
        except DBAPIError:
            # Two collectors may meet here; the loser finds the winner's tables.
            with self._engine.connect() as connection:
                if not sqlalchemy.inspect(connection).has_table(meta.name):
                    raise


class SqlCheckpoint:
    """One input's rows. See ``collector.ports.Checkpoint`` for what each method promises."""

    def __init__(self, state: SqlState, input: str) -> None:
        self._state = state
        self._input = input

    def load(self) -> State | None:
        """The input's row and its note."""
        with self._state.reading() as connection:
            row = connection.execute(select(inputs).where(inputs.c.input == self._input)).first()
            status = connection.scalar(select(notes.c.status).where(notes.c.input == self._input))
        if row is None:
            return None
        return State(
            row.version,
            row.account,
            row.filters,
            row.ledger,
            row.counters,
            row.owner,
            row.beat,
            status or "",
        )

    def commit(self, version: int, change: Change) -> int:
        """All of ``change`` in one transaction, if ``version`` is still the stored one."""
        row = {
            "version": version + 1,
            "account": change.account,
            "filters": change.filters,
            "ledger": change.ledger,
            "counters": change.counters,
            "owner": change.owner,
            "beat": change.beat,
        }
        with self._state.writing() as connection:
            if not self._won(connection, version, row):
                raise Superseded(
                    f"another collector has taken over input {self._input!r}: this one stops, and "
                    "has checkpointed nothing since. Run one collector per input"
                )
            self._write(connection, buckets, "minute", change.dropped, _bucket_rows(change))
            self._write(connection, hours, "hour", (), _hour_rows(change))
            if change.answered:
                numbers = [{"n": number} for number in change.answered]
                connection.execute(
                    delete(requests).where(requests.c.number == bindparam("n")), numbers
                )
        return version + 1

    def keys(self, first: int, last: int) -> dict[int, bytes]:
        """Buckets by minute."""
        query = select(buckets.c.minute, buckets.c["keys"]).where(
            buckets.c.input == self._input, buckets.c.minute.between(first, last)
        )
        with self._state.reading() as connection:
            return {row[0]: bytes(row[1]) for row in connection.execute(query)}

    def minutes_below(self, minute: int) -> list[int]:
        """Minutes with a bucket, oldest first; the undated bucket (-1) is none."""
        query = (
            select(buckets.c.minute)
            .where(
                buckets.c.input == self._input,
                buckets.c.minute >= 0,
                buckets.c.minute < minute,
            )
            .order_by(buckets.c.minute)
        )
        with self._state.reading() as connection:
            return list(connection.scalars(query))

    def hours(self, first: int, last: int) -> dict[int, Hour]:
        """Totals by hour."""
        query = select(hours.c.hour, hours.c.ids, hours.c.digest).where(
            hours.c.input == self._input, hours.c.hour.between(first, last)
        )
        with self._state.reading() as connection:
            return {row[0]: Hour(row[1], row[2]) for row in connection.execute(query)}

    def requests(self) -> list[Request]:
        """Open requests, oldest first."""
        query = (
            select(requests.c.number, requests.c.kind, requests.c.oldest, requests.c.latest)
            .where(requests.c.input == self._input)
            .order_by(requests.c.number)
        )
        with self._state.reading() as connection:
            return [Request(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]

    def ask(self, kind: str, oldest: int, latest: int, asked: float) -> int:
        """Add a request."""
        row = {
            "input": self._input,
            "kind": kind,
            "oldest": oldest,
            "latest": latest,
            "asked": asked,
        }
        with self._state.writing() as connection:
            number = connection.execute(insert(requests), row).inserted_primary_key
            return int(number[0])  # type: ignore[index]

    def note(self, status: str) -> None:
        """Replace the note."""
        with self._state.writing() as connection:
            connection.execute(delete(notes).where(notes.c.input == self._input))
            connection.execute(insert(notes), {"input": self._input, "status": status})

    def forget(self) -> None:
        """Remove everything of this input: its next run starts from nothing."""
        with self._state.writing() as connection:
            for table in (inputs, notes, buckets, hours, requests):
                connection.execute(delete(table).where(table.c.input == self._input))

    def _won(self, connection: Connection, version: int, row: dict[str, Any]) -> bool:
        if version:
            mine = (inputs.c.input == self._input, inputs.c.version == version)
            return connection.execute(update(inputs).where(*mine).values(row)).rowcount == 1
        try:
            with connection.begin_nested():
                connection.execute(insert(inputs), {"input": self._input, **row})
        except IntegrityError:
            return False
        return True

    def _write(
        self,
        connection: Connection,
        table: sqlalchemy.Table,
        key: str,
        dropped: Any,
        rows: list[dict[str, Any]],
    ) -> None:
        """Replace rows: delete and insert, which every database spells the same."""
        gone = [{"k": k} for k in (*dropped, *(row[key] for row in rows))]
        if gone:
            where = (table.c.input == self._input, table.c[key] == bindparam("k"))
            connection.execute(delete(table).where(*where), gone)
        if rows:
            connection.execute(insert(table), [{"input": self._input, **row} for row in rows])


def _bucket_rows(change: Change) -> list[dict[str, Any]]:
    return [{"minute": minute, "keys": blob} for minute, blob in change.buckets.items()]


def _hour_rows(change: Change) -> list[dict[str, Any]]:
    return [
        {"hour": hour, "ids": total.ids, "digest": total.digest}
        for hour, total in change.hours.items()
    ]


def _sqlalchemy_url(url: str) -> str:
    if "://" not in url:
        return f"sqlite:///{Path(url).expanduser().absolute()}"
    scheme, rest = url.split("://", 1)
    # psycopg (3) is the driver we name as an extra; the short scheme would mean psycopg2.
    scheme = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}.get(
        scheme, scheme
    )
    if scheme.split("+")[0] not in ("sqlite", "postgresql"):
        raise ConfigError(f"--state: {scheme}:// is not supported; use a path or postgresql://…")
    return f"{scheme}://{rest}"


def _shown(url: str) -> str:
    """The URL as it may be logged: without its password."""
    if url.startswith("sqlite:///"):
        return url[len("sqlite:///") :]
    try:
        return sqlalchemy.make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url.split("://", 1)[0] + "://…"


def _engine(url: str, create: bool) -> Engine:
    if not url.startswith("sqlite"):
        # One connection, checked before use: a PostgreSQL that was restarted is no error.
        return sqlalchemy.create_engine(url, pool_size=1, max_overflow=1, pool_pre_ping=True)
    path = Path(url[len("sqlite:///") :])
    if create:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = sqlalchemy.create_engine(url, connect_args={"timeout": BUSY})
    event.listen(engine, "connect", _sqlite_settings(path, create))
    return engine


def _sqlite_settings(path: Path, create: bool) -> Callable[[Any, Any], None]:
    fresh = not path.exists()

    def settings(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        if create and os.access(path, os.W_OK):
            # WAL lets `status` read while a collector commits; FULL makes a commit survive a
            # power cut, so that the state is never newer than the host nor older than told.
            cursor.execute("PRAGMA journal_mode=WAL")
            if fresh:
                cursor.execute(f"PRAGMA application_id={APPLICATION}")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    return settings


def _driver_hint(error: Exception) -> str:
    if isinstance(error, ImportError):
        return "PostgreSQL needs its driver: pip install 'slack-audit-input[postgresql]'"
    return f"not a usable URL ({_first_line(error)})"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _remedy(error: BaseException) -> str:
    text = str(error).lower()
    for sign, remedy in (
        ("readonly", " (the file or its folder is read-only for this user)"),
        ("read-only", " (the file or its folder is read-only for this user)"),
        ("full", " (free some disk space; nothing was lost, run again and it goes on)"),
        ("unable to open", " (does the folder exist, and may this user write there?)"),
        ("not a database", " (another file, or a damaged one; it is left as it is)"),
        ("malformed", " (the file is damaged; it is left as it is)"),
        ("locked", " (another process holds it)"),
    ):
        if sign in text:
            return remedy
    return ""
