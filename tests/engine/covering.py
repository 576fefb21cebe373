# SPDX-License-Identifier: Apache-2.0
"""The state machine with coverage readings beside all else, and holes in the delivered index.

What must hold of every record at the moment it is made: all entries of its hour are visible by
then, and it counts exactly them; what had vanished from the index is delivered again, once, and
counted; late events are those that sweeps have recovered. No hour has a record more than it has
reasons for, and none is left without.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from slack_audit_input.collector.commit import NO_COVERAGE, OfCoverage
from slack_audit_input.collector.coverage import Coverage
from slack_audit_input.engine.absorb import Absorbed, late_among
from slack_audit_input.engine.coverage import due, to_read
from slack_audit_input.engine.delivered import HOUR, HourTotal, pack, unpack
from slack_audit_input.engine.ledger import from_json
from slack_audit_input.engine.plan import add_backlog, asked
from slack_audit_input.engine.records import event_of, text_of
from slack_audit_input.model.coverage import Tally
from slack_audit_input.model.errors import CursorRejected
from slack_audit_input.model.event import Event
from slack_audit_input.model.ledger import Ledger, Reading, Span
from slack_audit_input.slack.answers import page_of, params_of
from slack_audit_input.slack.client import Answer
from slack_audit_input.slack.keys import keys_of
from tests.engine.machine import LEVELS, OPEN, TOLERANCE, CollectorMachine
from tests.fakes.slack import Entry, entry
from tests.fakes.world import MemoryCheckpoint


class CoveringMachine(CollectorMachine):
    """See the module."""

    coverage: Coverage
    covering: Answer | None = None
    _late: list[Event]
    _tallies: dict[int, Tally]
    _found: Counter[str]

    # -- what happens ----------------------------------------------------------------------

    @rule()
    def coverage_asks(self) -> None:
        """A closed hour is read once more, or the walk through it goes on."""
        reading = self.coverage.next(self.ledger, self.clock.monotonic())
        if reading is not None:
            self.coverage.begin(reading)
            self.covering = self.slack.page(params_of(reading, OPEN), self.clock.now)

    @precondition(lambda self: self.covering is not None)
    @rule(kill_at=st.sampled_from([0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]))
    def a_coverage_page_comes_back(self, kill_at: int) -> None:
        """Kills: before and after the events, the records, the commit."""
        assert self.covering is not None
        answer, self.covering = self.covering, None
        reading = self.coverage.end()
        try:
            page = page_of(answer, reading, None)
        except CursorRejected:
            self.coverage.without_cursor(reading, self.limit, 0.0)
            return
        taken = self.coverage.take(self.ledger, reading, page, int(self.clock.now))
        self.ledger = taken.ledger
        self.committer.index.of(page._replace(events=taken.fresh, undated=[]))
        mended = Counter(second // HOUR for second, _, _ in taken.fresh)
        self.repairs += mended
        for record in taken.records:
            self._check(json.loads(text_of(record)), record.hour)
        told = [event_of(record) for record in taken.records]
        before = len(self.host.records)
        repaired = Counter(text for _, _, text in taken.fresh)
        committed = self._deliver(
            taken.fresh, taken.add, kill_at, OfCoverage(taken.rows, told, None)
        )
        if committed:
            self.coverage.tallies.applied(taken.tallies)
            assert not repaired - self.vanished, "repaired what was not missing"
            self.vanished -= repaired
        else:
            # Written, not committed: these records may come again.
            self.repairs -= mended
            self.told_twice += Counter((r["id"], r["revision"]) for r in self._told()[before:])

    @rule(left=st.sampled_from([2, 15, 100, 290]))
    def an_hour_draws_to_its_end(self, left: int) -> None:
        """A pause up to shortly before the hour is over: what is late may come after it."""
        end = (int(self.clock.now) // HOUR + 1) * HOUR - left
        if end > self.clock.now:
            self._happened(int(self.clock.now) + 1, end - 1)
            self.clock.now = float(end)
            self._crash()

    @rule(kill_at=st.sampled_from([0, 0, 1, 2, 3, 4]), pages=st.sampled_from([0, 0, 1, 2, 5]))
    def all_is_read_and_covered(self, kill_at: int, pages: int) -> None:
        """A quiet minute, and perhaps a kill at a coverage page, after some others."""
        self.clock.now += 61.0
        self.poll()
        self._drain()
        self._cover(kill_at, pages)

    @rule(pages=st.integers(1, 4), hole=st.integers(-200, 200))
    def coverage_is_cut_short(self, pages: int, hole: int) -> None:
        """The process ends in the middle of a walk: what its pages repaired, its record knows."""
        self._drain()
        if hole >= 0:
            self.an_id_vanishes(hole)
            self._drain()
        self._cover(pages=pages, ends=True)
        self._crash()

    @rule(gap=st.sampled_from([0, 0, 1, 30, 500]), seconds=st.integers(1, 900))
    def an_hour_grows(self, gap: int, seconds: int) -> None:
        """A backfill of what lies before all that was asked for: into an hour with a record."""
        latest = asked(self.ledger)[0].oldest - 1 - gap if asked(self.ledger) else 0
        if latest < self.earliest:
            return
        oldest = latest - seconds + 1
        for _ in range(3):
            self._add(self.random.randint(oldest, latest), 0.0, only_past=True)
        self.ledger = add_backlog(self.ledger, Span(oldest, latest))
        self._commit()

    @precondition(lambda self: self.covering is not None)
    @rule()
    def a_coverage_call_fails(self) -> None:
        self.covering = None
        self.coverage.later(self.coverage.end(), self.clock.monotonic() + 1.0)

    @rule(which=st.integers(0, 1000))
    def an_id_vanishes(self, which: int) -> None:
        """From the index in the store, of an hour that is still to be covered: a hole."""
        if self.memory.state is None:
            return
        ledger = from_json(self.memory.state.ledger)
        waiting = [
            (minute, key)
            for minute, blob in sorted(self.memory.buckets.items())
            if not any(s.oldest <= minute // 60 <= s.latest for s in ledger.covered)
            # Of an hour that is sealed in part only its sum is known: such a hole has no name.
            if minute // 60 not in self.memory.totals
            for key in unpack(blob)
        ]
        if not waiting:
            return
        minute, key = waiting[which % len(waiting)]
        left = [k for k in unpack(self.memory.buckets[minute]) if k != key]
        self.memory.buckets[minute] = pack(left)
        gone = next(e for e in self.slack.entries if keys_of([e.id])[0] == key)
        self.vanished[gone.text] += 1
        self.excused[gone.text] += 1
        self.holes[gone.second // HOUR] += 1
        self._crash()

    # -- what must hold --------------------------------------------------------------------

    @invariant()
    def records_come_once(self) -> None:
        """Each revision once, but for what a kill caught; and no revision without a reason."""
        if not hasattr(self, "reasons"):
            return
        for name, count in Counter((r["id"], r["revision"]) for r in self._told()).items():
            assert count - 1 <= self.told_twice[name], f"{name} came {count} times"
        for record in self._told():
            hour = record["oldest"] // HOUR
            assert record["revision"] <= 1 + self.reasons[hour], f"{record} has no reason"

    def teardown(self) -> None:
        """After the end of time every closed hour has its record."""
        if not hasattr(self, "reasons"):
            return
        super().teardown()
        self._cover()
        # On to the end of the hour, in longer steps, and until it is closed, too.
        until = (int(self.clock.now) // HOUR + 1) * HOUR + 2 * LEVELS[-1].depth
        while self.clock.now < until:
            self.clock.now += 60.0
            self.poll()
            self._drain()
        self._cover()
        self.nothing_is_repeated()
        self.records_come_once()
        assert not due(self.ledger, LEVELS)
        newest = {r["oldest"] // HOUR: r for r in self._told()}
        for span in self.ledger.covered:
            for hour in range(span.oldest, span.latest + 1):
                assert hour in newest, f"hour {hour} is covered, and has no record"
                self._check(newest[hour], hour)
        for text in self.vanished:
            second = json.loads(text)["date_create"]
            covered = any(s.oldest <= second // HOUR <= s.latest for s in self.ledger.covered)
            assert not covered, f"{text} vanished from the index, and nobody noticed"

    # -- how -------------------------------------------------------------------------------

    def _happened(self, first: int, last: int) -> None:
        """Some entries in a stretch that nobody was there to read."""
        for _ in range(self.random.randrange(12) if first <= last else 0):
            self.numbers += 1
            second = self.random.randint(first, last)
            self.slack.add(entry(second, float(second), self.numbers))

    def _check(self, record: dict[str, Any], hour: int) -> None:
        there = self._entries_of(hour)
        keys = keys_of([e.id for e in there])
        holes = self.holes[hour]
        assert record["shown"] == len(there), f"{record} is wrong about {there}"
        assert record["delivered"] == len(there)
        assert record["digest"] == HourTotal().plus(keys).digest
        assert record["state"] == ("repaired" if record["missing"] else "complete")
        assert record["missing"] == record["repaired"] == self.repairs[hour]
        # A sweep may have been there first; then it is its find.
        assert record["missing"] + record["late"] >= holes
        assert record["gone"] == 0
        assert sum(record["lateness"].values()) == record["late"]
        if not holes:
            assert record["late"] == self.lates[hour]
            assert record["late_most"] == self.latest[hour]
            assert record["first_time"] + record["late"] == record["delivered"]
        if not self.reasons[hour]:
            assert record["compared"] == "ids"

    def _entries_of(self, hour: int) -> list[Entry]:
        pieces = to_read(self.ledger, Span(hour, hour))
        return [
            e for e in self.slack.entries if any(p.oldest <= e.second <= p.latest for p in pieces)
        ]

    def _told(self) -> list[dict[str, Any]]:
        return [json.loads(text) for _, _, text in self.host.records]

    def _tallied(self, reading: Reading, absorbed: Absorbed) -> OfCoverage:
        self.coverage.delivered(absorbed.add)
        self._late = late_among(absorbed.fresh, reading)
        self._tallies = {}
        # What had vanished may come by any reading, and is no hole from then on.
        self._found = Counter(text for _, _, text in absorbed.fresh) & self.vanished
        if not self._late:
            return NO_COVERAGE
        self.ledger, self._tallies = self.coverage.late(
            self.ledger, self._late, int(self.clock.now)
        )
        return OfCoverage(self.coverage.tallies.rows(self._tallies))

    def _deliver(self, *arguments: Any, **named: Any) -> bool:
        before = from_json(self.memory.state.ledger) if self.memory.state else None
        # A kill after the commit begins a new life, and what it brought stays.
        late_ones, tallies, found = self._late, self._tallies, self._found
        now = self.clock.now
        committed = super()._deliver(*arguments, **named)
        if committed:
            assert self.memory.state
            self._reason(before, from_json(self.memory.state.ledger))
            self.coverage.tallies.applied(tallies)
            self.lates += Counter(second // HOUR for second, _, _ in late_ones)
            for second, _, _ in late_ones:
                hour = second // HOUR
                self.latest[hour] = max(self.latest[hour], int(now) - second)
            self.vanished -= found
            # A window that was open anyway has brought it again: nobody can tell it was a hole.
            late = {text for _, _, text in late_ones}
            for text in found.keys() - late:
                self.holes[json.loads(text)["date_create"] // HOUR] -= 1
        self._late, self._tallies, self._found = [], {}, Counter()
        return committed

    def _reason(self, before: Ledger | None, after: Ledger) -> None:
        """An hour that is due once more has a reason for another record."""
        for span in before.covered if before else ():
            for hour in range(span.oldest, span.latest + 1):
                if not any(s.oldest <= hour <= s.latest for s in after.covered):
                    self.reasons[hour] += 1

    def _held(self) -> list[Span]:
        return [*super()._held(), *self.coverage.held(self.ledger)]

    def _cover(self, kill_at: int = 0, pages: int = 0, *, ends: bool = False) -> None:
        """Read what is due; ``kill_at``: of the page after ``pages``. ``ends``: no page more."""
        for _ in range(10_000):
            if ends and pages == 0:
                return
            if self.covering is None:
                self.coverage_asks()
            if self.covering is None and self.coverage.at() is None:
                return
            if self.covering is None:
                self.clock.now += 1.0  # a call has failed, and its turn comes
                continue
            self.a_coverage_page_comes_back(0 if pages else kill_at)
            kill_at, pages = kill_at if pages else 0, max(0, pages - 1)
        raise AssertionError("coverage goes round in circles")

    def _start(self, ledger: Ledger) -> None:
        if not hasattr(self, "reasons"):
            self.reasons: Counter[int] = Counter()
            self.holes: Counter[int] = Counter()
            self.repairs: Counter[int] = Counter()
            self.lates: Counter[int] = Counter()
            self.latest: Counter[int] = Counter()
            self.vanished: Counter[str] = Counter()
            self.told_twice: Counter[tuple[str, int]] = Counter()
            self.earliest = ledger.start - 2 * HOUR
            self._happened(ledger.start, int(self.clock.now) - TOLERANCE)
        self._late, self._tallies, self._found = [], {}, Counter()
        self.covering = None
        checkpoint = MemoryCheckpoint(self.memory, self.kill)
        self.coverage = Coverage(checkpoint, LEVELS, self.limit, "account", "input")
        super()._start(ledger)
