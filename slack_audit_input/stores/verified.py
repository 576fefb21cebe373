# SPDX-License-Identifier: Apache-2.0
"""How far a `verify` has come: rows beside the checkpoint, which they never touch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.engine import Connection

from slack_audit_input.stores.tables import verified

if TYPE_CHECKING:
    from slack_audit_input.stores.sql import SqlState


class Verified:
    """The hours that one run of `verify` on one input has compared.

    ``run``: what tells it from others, at most 64 characters. Every method raises StoreError.
    """

    def __init__(self, state: SqlState, input: str, run: str) -> None:
        self._state = state
        self._input = input
        self._run = run

    def records(self) -> dict[int, str]:
        """What has been kept, by hour (unix hours)."""
        mine = (verified.c.input == self._input, verified.c.run == self._run)
        with self._state.reading() as connection:
            if not _there(connection):
                return {}
            query = select(verified.c.hour, verified.c.record).where(*mine)
            return {row[0]: row[1] for row in connection.execute(query)}

    def keep(self, records: Mapping[int, str]) -> None:
        """Keep what was found out about some hours, in place of what was kept of them."""
        mine = (verified.c.input == self._input, verified.c.run == self._run)
        rows = [
            {"input": self._input, "run": self._run, "hour": hour, "record": record}
            for hour, record in records.items()
        ]
        if not rows:
            return
        with self._state.writing() as connection:
            # A state that an earlier version made does not have the table.
            verified.create(connection, checkfirst=True)
            gone = delete(verified).where(*mine, verified.c.hour == bindparam("k"))
            connection.execute(gone, [{"k": hour} for hour in records])
            connection.execute(insert(verified), rows)

    def forget(self) -> None:
        """Nothing of this run is kept any more."""
        _delete(self._state, verified.c.input == self._input, verified.c.run == self._run)


def forget_all(state: SqlState, input: str) -> None:
    """Nothing of any run on an input is kept any more. Raises StoreError."""
    _delete(state, verified.c.input == input)


def _delete(state: SqlState, *which: sqlalchemy.ColumnElement[bool]) -> None:
    with state.writing() as connection:
        if _there(connection):
            connection.execute(delete(verified).where(*which))


def _there(connection: Connection) -> bool:
    return bool(sqlalchemy.inspect(connection).has_table(verified.name))
