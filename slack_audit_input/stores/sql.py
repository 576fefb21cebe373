# SPDX-License-Identifier: Apache-2.0
"""Checkpoints in SQL: an embedded SQLite file, or PostgreSQL by URL. One code for both.

One commit is one transaction, and conditional on the version it read: of two collectors on
one input at most one can win, and the other is told.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from slack_audit_input.model.errors import ConfigError, StoreError, Superseded
from slack_audit_input.model.state import Change, Hour, Request, State
from slack_audit_input.stores import sqlite
from slack_audit_input.stores.places import place_of
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
from slack_audit_input.stores.words import words_of

#: Seconds to wait for a PostgreSQL that does not answer.
CONNECT = 10


class SqlState:
    """A whole state, with any number of inputs.

    ``url``: a path to an SQLite file, or a URL ``sqlite:///…`` or ``postgresql://…``.
    ``create``: make it where there is none, and refuse one that cannot be written.
    Raises ConfigError for a URL that cannot be used, StoreError for a state that is not ours,
    of another version, damaged, or not readable and writable.
    """

    def __init__(self, url: str, *, create: bool = True) -> None:
        place = place_of(url)
        self.shown = place.shown
        self._secrets = place.secrets
        self._path = place.path
        self._identity: tuple[int, int] | None = None
        with self._guarded("open"):
            if place.url is None:
                assert place.path is not None
                self._engine = self._open_file(place.path, create)
            else:
                self._engine = _postgresql(place.url)
            try:
                if place.url is not None:
                    self._prepare(create)
                self._check(create)
            except BaseException:
                self._engine.dispose()
                raise

    def checkpoint(self, input: str) -> SqlCheckpoint:
        """The place of one input; nothing is written before its first commit."""
        return SqlCheckpoint(self, input)

    def inputs(self) -> list[str]:
        """Names of the inputs that have committed, sorted."""
        with self.reading() as connection:
            # Sorted here: databases differ in how they order text.
            return sorted(connection.scalars(select(inputs.c.input)))

    def probe(self) -> None:
        """Raise StoreError unless the state can be written; nothing is changed."""
        with self.writing():
            pass

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
        with self._guarded("write"):
            self._still_there()
            with self._engine.connect() as connection:
                connection = connection.execution_options(writes=True)
                with connection.begin():
                    yield connection

    @contextmanager
    def _guarded(self, doing: str) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            self._say(doing, getattr(error, "orig", None) or error)
        except (OSError, sqlite3.Error, OverflowError) as error:
            # What SQLAlchemy does not wrap: making the file, and numbers beyond 64 bits.
            self._say(doing, error)

    def _say(self, doing: str, error: BaseException) -> None:
        words = words_of(error, self._secrets)
        raise StoreError(f"cannot {doing} the state {self.shown}: {words}") from None

    def _open_file(self, path: Path, create: bool) -> Engine:
        if not path.exists():
            if not create:
                raise StoreError(f"there is no state at {self.shown}: nothing has been collected")
            sqlite.make(path, _create_tables)
        sqlite.check_ours(path, self.shown)
        self._identity = sqlite.identity(path)
        return sqlite.engine_of(path)

    def _still_there(self) -> None:
        """A file that was deleted or replaced takes commits, and keeps none of them."""
        if self._path is None:
            return
        try:
            same = sqlite.identity(self._path) == self._identity
        except OSError:
            same = False
        if not same:
            raise StoreError(
                f"the state {self.shown} was deleted or replaced while it was in use: put it back, "
                "or start anew (and mind --start)"
            )

    def _prepare(self, create: bool) -> None:
        """Make the tables in a PostgreSQL database that has none."""
        if self._has_tables():
            return
        if not create:
            raise StoreError(f"there is no state at {self.shown}: nothing has been collected")
        try:
            _create_tables(self._engine)
        except DBAPIError:
            # Two collectors may meet here; the loser finds the winner's tables.
            if not self._has_tables():
                raise

    def _has_tables(self) -> bool:
        with self._engine.connect() as connection:
            return bool(sqlalchemy.inspect(connection).has_table(meta.name))

    def _check(self, create: bool) -> None:
        with self._engine.connect() as connection:
            schema = connection.scalar(select(meta.c.value).where(meta.c.name == "schema"))
        if schema != SCHEMA:
            raise StoreError(
                f"the state {self.shown} has schema {schema}, this version reads {SCHEMA}: "
                "use the version that wrote it, or a newer one. Nothing was changed"
            )
        if create:
            self.probe()


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
                mine = (requests.c.input == self._input, requests.c.number == bindparam("n"))
                connection.execute(delete(requests).where(*mine), numbers)
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
            # The first statement of the transaction: when it fails, nothing of it stays. (A
            # savepoint around it would end SQLite's transaction when it is released.)
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


def _create_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        connection = connection.execution_options(writes=True)
        with connection.begin():
            metadata.create_all(connection)
            connection.execute(insert(meta), {"name": "schema", "value": SCHEMA})


def _postgresql(url: URL) -> Engine:
    waits = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT}
    try:
        # One connection, checked before use: a PostgreSQL that was restarted is no error.
        return sqlalchemy.create_engine(
            url, pool_size=1, max_overflow=1, pool_pre_ping=True, connect_args=waits
        )
    except ImportError:
        raise ConfigError(
            "--state: PostgreSQL needs its driver: pip install 'slack-audit-input[postgresql]'"
        ) from None
