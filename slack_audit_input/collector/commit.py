# SPDX-License-Identifier: Apache-2.0
"""The commit order, spelled in this one place: write, be acknowledged, commit.

    sink.write(fresh)  →  the host has them  →  checkpoint.commit(index and ledger together)

A crash before the write loses nothing: the ledger still holds the duty. A crash between write
and commit repeats that page. Nothing can be committed that the host does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from slack_audit_input.collector.index import DeliveredIndex
from slack_audit_input.collector.ports import Checkpoint, Sink
from slack_audit_input.engine.ledger import to_json
from slack_audit_input.engine.spans import Stretch
from slack_audit_input.model.event import Event
from slack_audit_input.model.ledger import Ledger
from slack_audit_input.model.state import Change, Hour, State


class OfCoverage(NamedTuple):
    """What a commit says of coverage: ``rows`` by hour, and ``records`` for the host.

    ``floor``: hours before it lose their rows.
    """

    rows: Mapping[int, str] = {}
    records: Sequence[Event] = ()
    floor: int | None = None


NO_COVERAGE = OfCoverage()


class Committer:
    """The only writer of events and of checkpoints."""

    def __init__(
        self, sink: Sink, checkpoint: Checkpoint, version: int, account: str, owner: str
    ) -> None:
        self.version = version
        self.index = DeliveredIndex(checkpoint)
        self._sink = sink
        self._checkpoint = checkpoint
        self._account = account
        #: Who commits; "" in the last commit of a clean stop, so that another may start at once.
        self.owner = owner

    def deliver(
        self,
        fresh: Sequence[Event],
        add: Mapping[int, Mapping[int, None]],
        ledger: Ledger,
        *,
        counters: str,
        filters: str,
        beat: float,
        held: Sequence[Stretch] = (),
        answered: Sequence[int] = (),
        coverage: OfCoverage = NO_COVERAGE,
    ) -> None:
        """Deliver ``fresh`` and then commit what it means.

        ``add``: their keys by minute. ``held``: spans of readings under way, and of hours that
        wait for their coverage record. Raises SinkError (nothing committed) or StoreError; after
        either the process must stop, for memory and store no longer agree.
        """
        if fresh:
            self._sink.write(fresh)
        if coverage.records:
            self._sink.write_records(coverage.records)
        change = self.index.change(add, ledger, held)
        self.version = self._checkpoint.commit(
            self.version,
            Change(
                account=self._account,
                filters=filters,
                ledger=to_json(ledger),
                counters=counters,
                owner=self.owner,
                beat=beat,
                buckets=change.buckets,
                dropped=change.dropped,
                hours=change.hours,
                answered=answered,
                coverage=coverage.rows,
                coverage_floor=coverage.floor,
            ),
        )
        self.index.applied(change)

    def replace_hours(
        self,
        batches: Iterable[Sequence[Event]],
        hours: Callable[[], Mapping[int, Hour]],
        was: State,
    ) -> None:
        """Deliver whole sealed hours again, repeats and all, then put ``hours()`` in their place.

        ``was``: the state as it stands; all but the hours stays as it is.
        """
        for batch in batches:
            if batch:
                self._sink.write(batch)
        self.version = self._checkpoint.commit(
            self.version,
            Change(
                account=was.account,
                filters=was.filters,
                ledger=was.ledger,
                counters=was.counters,
                owner=self.owner,
                beat=was.beat,
                hours=hours(),
            ),
        )
