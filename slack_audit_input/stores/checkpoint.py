# SPDX-License-Identifier: Apache-2.0
"""One input's rows in a SQL state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from slack_audit_input.model.errors import Superseded
from slack_audit_input.model.state import Change, Hour, Request, State
from slack_audit_input.stores.tables import buckets, coverage, hours, inputs, notes, requests

if TYPE_CHECKING:
    from slack_audit_input.stores.sql import SqlState


#: Asked every other second: to build it anew takes as long as to run it.
_REQUESTS = (
    select(requests.c.number, requests.c.kind, requests.c.oldest, requests.c.latest)
    .where(requests.c.input == bindparam("input"))
    .order_by(requests.c.number)
)


class SqlCheckpoint:
    """One input's rows. See ``collector.ports.Checkpoint`` for what each method promises."""

    def __init__(self, state: SqlState, input: str) -> None:
        self._state = state
        self._input = input
        self._replacing: dict[str, sqlalchemy.Executable] = {}

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
            texts = [{"hour": hour, "text": text} for hour, text in change.coverage.items()]
            self._write(connection, coverage, "hour", (), texts)
            if change.coverage_floor is not None:
                old = (coverage.c.input == self._input, coverage.c.hour < change.coverage_floor)
                connection.execute(delete(coverage).where(*old))
            if change.answered:
                numbers = [{"n": number} for number in change.answered]
                mine = (requests.c.input == self._input, requests.c.number == bindparam("n"))
                connection.execute(delete(requests).where(*mine), numbers)
        return version + 1

    def beat(self, version: int, owner: str, at: float, *, release: bool = False) -> bool:
        """Renew the sign of life; see ``collector.heartbeat.Renewable``."""
        mine = (
            inputs.c.input == self._input,
            inputs.c.version == version,
            inputs.c.owner == owner,
        )
        with self._state.writing() as connection:
            row = {"beat": at, "owner": "" if release else owner}
            return connection.execute(update(inputs).where(*mine).values(row)).rowcount == 1

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

    def coverage(self, first: int, last: int) -> dict[int, str]:
        """Tallies and coverage records by hour; none in a state that never had any."""
        if not self._state.has_coverage():
            return {}
        query = select(coverage.c.hour, coverage.c.text).where(
            coverage.c.input == self._input, coverage.c.hour.between(first, last)
        )
        with self._state.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def requests(self) -> list[Request]:
        """Open requests, oldest first."""
        given = {"input": self._input}
        with self._state.reading() as connection:
            rows = connection.execute(_REQUESTS, given)
            return [Request(row[0], row[1], row[2], row[3]) for row in rows]

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
            for table in (inputs, notes, buckets, hours, requests, coverage):
                if table is coverage and not self._state.has_coverage():
                    continue
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
        """Delete rows of ``dropped`` keys, and insert or replace ``rows``."""
        if dropped:
            where = (table.c.input == self._input, table.c[key] == bindparam("k"))
            connection.execute(delete(table).where(*where), [{"k": k} for k in dropped])
        if rows:
            # Made once: to build it anew takes as long as to run it.
            if table.name not in self._replacing:
                self._replacing[table.name] = self._state.replacing(table)
            replacing = self._replacing[table.name]
            connection.execute(replacing, [{"input": self._input, **row} for row in rows])


def _bucket_rows(change: Change) -> list[dict[str, Any]]:
    return [{"minute": minute, "keys": blob} for minute, blob in change.buckets.items()]


def _hour_rows(change: Change) -> list[dict[str, Any]]:
    return [
        {"hour": hour, "ids": total.ids, "digest": total.digest}
        for hour, total in change.hours.items()
    ]
