# SPDX-License-Identifier: Apache-2.0
"""What came back: a page into the ledger or into the hours being covered, and on to the commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from slack_audit_input.collector.around import Around
from slack_audit_input.collector.commit import OfCoverage
from slack_audit_input.collector.coverage import RECORDS_KEPT, Coverage
from slack_audit_input.collector.dispatch import Dispatch
from slack_audit_input.collector.index import DeliveredIndex
from slack_audit_input.collector.ports import Outcome
from slack_audit_input.collector.retries import Retries
from slack_audit_input.collector.setbacks import Setbacks
from slack_audit_input.collector.work import Work
from slack_audit_input.engine.absorb import Absorbed, absorb, late_among
from slack_audit_input.engine.delivered import HOUR
from slack_audit_input.engine.records import event_of, told
from slack_audit_input.model.coverage import COMPLETE, DIFFERS, Record, Tally
from slack_audit_input.model.errors import CollectorError
from slack_audit_input.model.event import Event, Page, dated
from slack_audit_input.model.ledger import BACKLOG, COVERAGE, LIVE, Reading
from slack_audit_input.slack.answers import page_of


class Commit(Protocol):
    """The collector's own commit: events to the host, and then all of it to the store."""

    def __call__(
        self,
        fresh: Sequence[Event],
        add: Mapping[int, Mapping[int, None]],
        *,
        coverage: OfCoverage,
    ) -> None:
        """Raises SinkError or StoreError."""


class Intake:
    """Takes in the outcomes of one collector's calls."""

    def __init__(
        self,
        around: Around,
        work: Work,
        coverage: Coverage,
        dispatch: Dispatch,
        setbacks: Setbacks,
        retries: Retries,
        index: DeliveredIndex,
        commit: Commit,
    ) -> None:
        self._around = around
        self._counters = around.counters
        self._slack_clock = around.slack_clock
        self._work = work
        self._coverage = coverage
        self._dispatch = dispatch
        self._setbacks = setbacks
        self._retries = retries
        self._index = index
        self._commit = commit

    def take(self, outcome: Outcome) -> None:
        """Take in one outcome. Raises what a person must see to."""
        if outcome.ticket == COVERAGE:
            reading: Reading | None = self._coverage.end()
        else:
            reading = self._work.end(outcome.ticket)
        if reading is None:
            return
        answer = outcome.answer
        try:
            if outcome.error is not None:
                raise outcome.error
            assert answer is not None
            self._slack_clock.observe(answer.date, outcome.ended)
            page = page_of(answer, reading, self._setbacks.accept)
        except CollectorError as error:
            self._setbacks.take(reading, error, outcome)
            return
        self._retries.good()
        if reading.kind == COVERAGE:
            self._cover(reading, page)
        else:
            self._absorb(reading, page)

    def _absorb(self, reading: Reading, page: Page) -> None:
        work, now = self._work, self._around.clock.monotonic()
        if reading.kind == LIVE:
            self._dispatch.live_failures = 0
        absorbed = absorb(
            work.ledger,
            reading,
            page,
            self._index.of(page),
            self._slack_clock.now(now),
            work.readings(),
            self._around.settings.page_size,
        )
        work.ledger = absorbed.ledger
        work.later(absorbed.following, now)
        if reading.kind == BACKLOG and page.oldest is not None and reading.top > page.oldest:
            work.density = page.entries / (reading.top - page.oldest)
        self._count(reading, page, absorbed)
        self._coverage.delivered(absorbed.add)
        tallies: dict[int, Tally] = {}
        # Entries without a date belong to no hour.
        late = dated(late_among(absorbed.fresh, reading), page.undated)
        if late:
            second = self._slack_clock.now(now)
            work.ledger, tallies = self._coverage.late(work.ledger, late, second)
        rows = self._coverage.tallies.rows(tallies)
        self._commit(absorbed.fresh, absorbed.add, coverage=OfCoverage(rows))
        self._coverage.tallies.applied(tallies)

    def _cover(self, reading: Reading, page: Page) -> None:
        """Take in a page of a coverage reading."""
        now = self._slack_clock.now(self._around.clock.monotonic())
        taken = self._coverage.take(self._work.ledger, reading, page, now)
        self._work.ledger = taken.ledger
        if taken.fresh:
            # The index must know these minutes before it can add to them.
            self._index.of(page._replace(events=taken.fresh, undated=[]))
        self._count_covered(len(taken.fresh), taken.records)
        floor = self._work.ledger.head // HOUR - RECORDS_KEPT if taken.records else None
        records = [event_of(record) for record in taken.records]
        self._commit(taken.fresh, taken.add, coverage=OfCoverage(taken.rows, records, floor))
        self._coverage.tallies.applied(taken.tallies)

    def _count(self, reading: Reading, page: Page, absorbed: Absorbed) -> None:
        add = self._counters.add
        add("pages")
        add("entries", page.entries)
        add("capacity", max(reading.limit, page.entries))
        add("events", len(absorbed.fresh))
        add("duplicates", absorbed.duplicates)
        add("outside", absorbed.outside)
        add("undated", len(page.undated))
        add("odd", page.odd)
        add("unproven_ends", absorbed.unproven_end)
        add("unordered", not page.ordered)
        self._counters.add_late(absorbed.lateness, reading.level)
        self._counters.add_watched(reading, len(absorbed.fresh), absorbed.lateness)
        for name in self._around.names.unknown(page.actions):
            if self._counters.add_unknown(name):
                self._around.log(
                    "warning", "unknown_action", name=name, note="delivered all the same"
                )

    def _count_covered(self, repaired: int, records: Sequence[Record]) -> None:
        add = self._counters.add
        add("events", repaired)
        add("coverage_missing", repaired)
        add("coverage_repaired", repaired)
        add("hours_covered", len(records))
        for record in records:
            add("coverage_missing", record.found.short)
            add("coverage_differs", record.state == DIFFERS)
            if record.state != COMPLETE:
                self._around.log("warning", "hole", **told(record))
