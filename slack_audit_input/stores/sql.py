# SPDX-License-Identifier: Apache-2.0
"""Checkpoints in SQL: an embedded SQLite file, or PostgreSQL by URL. One code for both.

One commit is one transaction, and conditional on the version it read: of two collectors on
one input at most one can win, and the other is told.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import sqlalchemy
from sqlalchemy import insert, select
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from slack_audit_input.model.errors import ConfigError, StoreAway, StoreError
from slack_audit_input.stores import sqlite
from slack_audit_input.stores.checkpoint import SqlCheckpoint
from slack_audit_input.stores.places import place_of
from slack_audit_input.stores.tables import SCHEMA, coverage, inputs, meta, metadata
from slack_audit_input.stores.words import words_of

__all__ = ["SqlCheckpoint", "SqlState"]

#: Seconds to wait for a PostgreSQL that does not answer.
CONNECT = 10
#: How a connection is given up on that has gone silent, in libpq's own words.
PATIENCE = {
    "connect_timeout": CONNECT,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
IDLE = "SET LOCAL idle_in_transaction_session_timeout = '10s'"


class SqlState:
    """A whole state, with any number of inputs.

    ``url``: a path to an SQLite file, or a URL ``sqlite:///…`` or ``postgresql://…``.
    ``create``: make it where there is none, and refuse one that cannot be written.
    ``connections``: how many threads may use it at a time without waiting for one another.
    Raises ConfigError for a URL that cannot be used, StoreError for a state that is not ours,
    of another version, damaged, or not readable and writable.
    """

    def __init__(self, url: str, *, create: bool = True, connections: int = 1) -> None:
        place = place_of(url)
        self._connections = connections
        # SQLite takes one writer at a time. Its own way of waiting is to try again now and then,
        # with which the last of fifty threads may wait for ever.
        self._turn = threading.Lock() if place.path is not None else nullcontext()
        self.shown = place.shown
        self._secrets = place.secrets
        self._path = place.path
        self._identity: tuple[int, int] | None = None
        self._covers = False
        with self._guarded("open"):
            if place.url is None:
                assert place.path is not None
                self._engine = self._open_file(place.path, create)
            else:
                self._engine = _postgresql(place.url, connections)
            try:
                if place.url is not None:
                    self._prepare(create)
                self._check(create)
            except BaseException:
                # Whatever it was, an interrupt too: no connection may stay open behind it.
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
        with self._turn, self._guarded("write"):
            self._still_there()
            with _transaction(self._engine) as connection:
                yield connection

    @contextmanager
    def _guarded(self, doing: str) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            broken = bool(getattr(error, "connection_invalidated", False))
            self._say(doing, getattr(error, "orig", None) or error, broken)
        except (OSError, sqlite3.Error, OverflowError) as error:
            # What SQLAlchemy does not wrap: making the file, and numbers beyond 64 bits.
            self._say(doing, error)

    def _say(self, doing: str, error: BaseException, broken: bool = False) -> None:
        words = words_of(error, self._secrets)
        kind = StoreAway if broken or self._passes(error) else StoreError
        raise kind(f"cannot {doing} the state {self.shown}: {words}") from None

    def _passes(self, error: BaseException) -> bool:
        """Is it about reaching the database, and not about what is in it?"""
        if self._path is not None:
            return "locked" in str(error)
        # The driver's OperationalError: what has to do with the connection and the server.
        names = {kind.__name__ for kind in type(error).__mro__}
        return bool(names & {"OperationalError", "InterfaceError", "TimeoutError"})

    def replacing(self, table: sqlalchemy.Table) -> sqlalchemy.Executable:
        """An insert that replaces the row with the same key, as both databases spell it."""
        if self._engine.dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import insert as insert_or_update
        else:
            from sqlalchemy.dialects.sqlite import insert as insert_or_update  # type: ignore[assignment]
        statement = insert_or_update(table)
        rest = {c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key}
        return statement.on_conflict_do_update(index_elements=table.primary_key, set_=rest)

    def _open_file(self, path: Path, create: bool) -> Engine:
        if not path.exists():
            if not create:
                raise StoreError(f"there is no state at {self.shown}: nothing has been collected")
            sqlite.make(path, _create_tables)
        sqlite.check_ours(path, self.shown)
        self._identity = sqlite.identity(path)
        return sqlite.engine_of(path, self._connections)

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
            self._add_coverage()

    def has_coverage(self) -> bool:
        """Has it the table of coverage? A state that was only read since an update has not."""
        if not self._covers:
            with self.reading() as connection:
                self._covers = bool(sqlalchemy.inspect(connection).has_table(coverage.name))
        return self._covers

    def _add_coverage(self) -> None:
        """Make what a state of an older version lacks. Older versions can live with it."""
        if not self.has_coverage():
            try:
                with _transaction(self._engine) as connection:
                    coverage.create(connection)
            except DBAPIError:
                # Two collectors may meet here, too.
                if not self.has_coverage():
                    raise


def _create_tables(engine: Engine) -> None:
    with _transaction(engine) as connection:
        metadata.create_all(connection)
        connection.execute(insert(meta), {"name": "schema", "value": SCHEMA})


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    """One that writes, so that SQLite takes its lock at once."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            # A collector that stops dead within its transaction must not keep its rows from the
            # one that takes over.
            connection.exec_driver_sql(IDLE)
        yield connection


def _postgresql(url: URL, connections: int) -> Engine:
    waits = {name: value for name, value in PATIENCE.items() if name not in url.query}
    try:
        # One connection, and now and then one for a sign of life; checked before use: a
        # PostgreSQL that was restarted is no error.
        return sqlalchemy.create_engine(
            url, pool_size=connections, max_overflow=1, pool_pre_ping=True, connect_args=waits
        )
    except ImportError:
        raise ConfigError(
            "--state: PostgreSQL needs its driver: pip install 'slack-audit-input[postgresql]'"
        ) from None
