# SPDX-License-Identifier: Apache-2.0
"""Coverage readings: closed hours are read once more, compared, and get their record.

One page at a time, after live, sweeps and backlog. A walk begins at the newest hour that is due
and goes on into older ones, so that a page holds as many quiet hours as it can; it ends early
when a newer hour has become due. Nothing of a walk is kept: after a crash it begins anew with
the hours that have no record yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from slack_audit_input.collector.comparing import Compared, Comparing
from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.collector.tallies import Tallies
from slack_audit_input.engine import coverage as hours_due
from slack_audit_input.engine.absorb import absorb, dropped
from slack_audit_input.engine.delivered import HOUR, MINUTE
from slack_audit_input.engine.reading import choose
from slack_audit_input.engine.records import state_of, text_of, with_late, with_missing
from slack_audit_input.engine.sweeps import Level
from slack_audit_input.model.coverage import Record, Tally
from slack_audit_input.model.event import Event, Page
from slack_audit_input.model.ledger import COVERAGE, Ledger, Reading, Span, Window

#: Hours of one walk: what a page of a quiet history completes is one commit, and stays in memory.
HOURS_AT_ONCE = 1000
#: Hours for which records and tallies are kept in the state: 400 days.
RECORDS_KEPT = 400 * 24


class Taken(NamedTuple):
    """What a coverage page means.

    ``fresh``, ``add``: events that were missing, to be delivered now, and their keys. ``ledger``:
    with the hours covered. ``rows``: of hours, to be committed. ``records``: new ones.
    """

    fresh: list[Event]
    add: dict[int, dict[int, None]]
    ledger: Ledger
    rows: dict[int, str]
    records: list[Record]
    tallies: dict[int, Tally]


class _Walk:
    """A walk over ``hours``. ``ledger``: of this walk only; its windows are what is left."""

    def __init__(self, checkpoint: Checkpoint, hours: Span, pieces: Sequence[Span]) -> None:
        self.hours = hours
        self.compared = Comparing(checkpoint, hours)
        windows = tuple(Window(*piece, COVERAGE) for piece in pieces)
        oldest, latest = pieces[0].oldest, pieces[-1].latest
        self.ledger = Ledger(oldest, latest, (), windows, (0,), floor=0)
        #: Hours to which something was delivered while they were being compared.
        self.disturbed: set[int] = set()

    def open_to(self) -> int:
        """The newest second that has not been read whole."""
        windows = self.ledger.windows
        return max(w.latest for w in windows) if windows else self.hours.oldest * HOUR - 1


class Coverage:
    """The coverage of one input. ``limit``: page size."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        levels: Sequence[Level],
        limit: int,
        account: str,
        input: str,
    ) -> None:
        self.tallies = Tallies(checkpoint)
        self._checkpoint = checkpoint
        self._levels = levels
        self._limit = limit
        self._account = account
        self._input = input
        self._walk: _Walk | None = None
        self._next: Reading | None = None
        self._at = 0.0
        self._out: Reading | None = None
        self._narrow = False
        self._nothing_due: Ledger | None = None

    # -- what there is ---------------------------------------------------------------------

    def waiting(self, ledger: Ledger) -> int:
        """How many hours are due for a record."""
        return sum(span.seconds for span in hours_due.due(ledger, self._levels))

    def under_way(self) -> bool:
        """Is a page awaited?"""
        return self._out is not None

    def at(self) -> float | None:
        """When the walk may go on (monotonic seconds); None when none waits for that."""
        return self._at if self._next is not None else None

    def held(self, ledger: Ledger) -> list[Span]:
        """Seconds whose minutes must stay in the index until their record is written."""
        spans = list(hours_due.waited_for(ledger))
        if self._walk is not None:
            spans.append(
                Span(self._walk.hours.oldest * HOUR, self._walk.compared.hour_from * HOUR - 1)
            )
        return spans

    # -- what to ask -----------------------------------------------------------------------

    def next(self, ledger: Ledger, now: float) -> Reading | None:
        """The coverage reading to make at ``now`` (monotonic seconds), if there is one."""
        if self._out is not None or (self._next is not None and now < self._at):
            return None
        if self._next is None:
            self._begin(ledger)
        return self._next

    def begin(self, reading: Reading) -> None:
        """It is being asked."""
        self._out, self._next = reading, None

    def end(self) -> Reading:
        """Its answer has come."""
        assert self._out is not None
        reading, self._out = self._out, None
        return reading

    def later(self, reading: Reading, at: float) -> None:
        """It may be asked again from ``at`` on."""
        self._next, self._at = reading, at

    def without_cursor(self, reading: Reading, limit: int, at: float) -> None:
        """On from the boundary second, without a cursor."""
        assert self._walk is not None
        following = dropped(self._walk.ledger, reading, (), limit)
        if following is None:
            self._walk = None
        else:
            self.later(following._replace(attempts=reading.attempts), at)

    def _begin(self, ledger: Ledger) -> None:
        if self._nothing_due is ledger:
            return
        spans = hours_due.due(ledger, self._levels)
        if not spans:
            self._nothing_due = ledger
            return
        most = 1 if self._narrow else HOURS_AT_ONCE
        hours = Span(max(spans[-1].oldest, spans[-1].latest - most + 1), spans[-1].latest)
        self._walk = _Walk(self._checkpoint, hours, hours_due.to_read(ledger, hours))
        self._next, self._at = choose(self._walk.ledger, (), self._limit, live=False), 0.0

    # -- what came back --------------------------------------------------------------------

    def late(
        self, ledger: Ledger, late: Sequence[Event], now: int
    ) -> tuple[Ledger, dict[int, Tally]]:
        """Tallies of the hours to which ``late`` events came, and the ledger with these due.

        An hour that has its record already gets another one.
        """
        by_hour: dict[int, list[int]] = {}
        for second, _, _ in late:
            by_hour.setdefault(second // HOUR, []).append(now - second)
        known = self.tallies.of(min(by_hour), max(by_hour))
        tallies = {
            hour: with_late(known.get(hour, Tally()), lateness)
            for hour, lateness in by_hour.items()
        }
        again = [Span(hour, hour) for hour, tally in tallies.items() if tally.revision]
        return hours_due.uncovered(ledger, again), tallies

    def delivered(self, minutes: Iterable[int]) -> None:
        """Other readings have delivered something to ``minutes``."""
        if self._walk is not None:
            hours = {minute * MINUTE // HOUR for minute in minutes}
            oldest, latest = self._walk.hours
            self._walk.disturbed.update(hour for hour in hours if oldest <= hour <= latest)

    def take(self, ledger: Ledger, reading: Reading, page: Page, now: int) -> Taken:
        """What ``page``, the answer to ``reading``, means. ``now``: Slack's clock in seconds.

        Raises ProtocolError when Slack sends the walk in a circle.
        """
        walk = self._walk
        assert walk is not None
        compared = self._compare(walk, ledger, reading, page, now)
        still_due = hours_due.due(ledger, self._levels)
        whole = [
            hour
            for hour in compared.hours
            if hour not in walk.disturbed and any(s.oldest <= hour <= s.latest for s in still_due)
        ]
        touched = [*whole, *(minute * MINUTE // HOUR for minute in compared.add)]
        known = self.tallies.of(min(touched), max(touched)) if touched else {}
        tallies = {hour: known.get(hour, Tally()) for hour in touched}
        for minute, keys in compared.add.items():
            hour = minute * MINUTE // HOUR
            tallies[hour] = with_missing(tallies[hour], len(keys))
        for hour in whole:
            tallies[hour] = tallies[hour]._replace(revision=tallies[hour].revision + 1)
        records = [self._record(ledger, hour, tallies[hour], compared, now) for hour in whole]
        rows = self.tallies.rows(tallies)
        rows.update((record.hour, text_of(record)) for record in records)
        if whole:
            ledger = hours_due.covered(ledger, whole)
            newer = hours_due.due(ledger, self._levels)
            if newer and newer[-1].latest > walk.hours.latest:
                self._walk = self._next = None
        return Taken(compared.missing, compared.add, ledger, rows, records, tallies)

    def _compare(
        self, walk: _Walk, ledger: Ledger, reading: Reading, page: Page, now: int
    ) -> Compared:
        """Take the page into the walk, and plan its next call."""
        # Entries without a date belong to no hour; minutes that are compared are done with.
        end = walk.compared.minute_from * MINUTE
        events = [event for event in page.events if event[0] < end]  # by their seconds
        page = page._replace(events=events, undated=[])
        seen = walk.compared.seen
        absorbed = absorb(walk.ledger, reading, page, seen, now, (), self._limit)
        walk.ledger = absorbed.ledger
        following = absorbed.following or choose(walk.ledger, (), self._limit, live=False)
        compared = walk.compared.page(
            absorbed.fresh, absorbed.add, reading.top, walk.open_to(), ledger.floor
        )
        if following is None:
            self._walk = None
        elif not following.ordered and walk.hours.seconds > 1:
            # Until the end nothing is known to be whole: an hour at a time, or memory would grow.
            self._walk, self._narrow = None, True
        else:
            self.later(following, 0.0)
        return compared

    def _record(
        self, ledger: Ledger, hour: int, tally: Tally, compared: Compared, now: int
    ) -> Record:
        pieces = hours_due.to_read(ledger, Span(hour, hour))
        found = compared.hours[hour]
        return Record(
            input=self._input,
            account=self._account,
            hour=hour,
            oldest=pieces[0].oldest,
            latest=pieces[-1].latest,
            seconds=sum(piece.seconds for piece in pieces),
            tally=tally,
            found=found,
            state=state_of(tally, found),
            closed=now,
            tolerance=hours_due.tolerance(self._levels),
        )
