# SPDX-License-Identifier: Apache-2.0
"""Walks of coverage told page by page: what happens beside them and between two lives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from slack_audit_input.collector.commit import Committer, OfCoverage
from slack_audit_input.collector.coverage import Coverage
from slack_audit_input.engine.coverage import due
from slack_audit_input.engine.delivered import HOUR, MINUTE, pack, unpack
from slack_audit_input.engine.ledger import from_json
from slack_audit_input.engine.records import event_of
from slack_audit_input.engine.sweeps import Level
from slack_audit_input.model.coverage import Record
from slack_audit_input.model.event import Event
from slack_audit_input.model.ledger import SWEEP, Ledger, Window
from slack_audit_input.slack.answers import page_of, params_of
from slack_audit_input.slack.filters import Filters
from slack_audit_input.slack.keys import keys_of
from tests.fakes.slack import Entry, FakeSlack, entry
from tests.fakes.world import FakeClock, Host, HostSink, Memory, MemoryCheckpoint

LEVELS = (Level(60, 180),)
#: The hours that were asked for, and a moment at which both are due.
OLDER, NEWER = 100, 101
START = OLDER * HOUR
DUE = (NEWER + 1) * HOUR + 300


class Told:
    """An input whose hours have been read, and what is in its index of ``entries``."""

    def __init__(
        self, entries: Sequence[Entry], *, limit: int = 2, floor: int = 0, **slack: Any
    ) -> None:
        self.slack = FakeSlack([*entries], **slack)
        self.memory = Memory()
        self.host = Host(FakeClock())
        self.limit = limit
        self.now = DUE
        for one in entries:
            self.deliver(one)
        self._live(Ledger(START, DUE, (), (), (DUE,), floor=floor))

    def _live(self, ledger: Ledger) -> None:
        checkpoint = MemoryCheckpoint(self.memory)
        version = self.memory.state.version if self.memory.state else 0
        self.ledger = ledger
        self.committer = Committer(HostSink(self.host), checkpoint, version, "org", "owner")
        self.coverage = Coverage(checkpoint, LEVELS, self.limit, "org", "input")

    def restart(self) -> None:
        """Memory is gone; a new process begins with what was committed."""
        assert self.memory.state
        self._live(from_json(self.memory.state.ledger))

    def deliver(self, one: Entry) -> None:
        """Into the index, as if it had come in time."""
        minute = one.second // MINUTE
        (key,) = keys_of([one.id])
        self.memory.buckets[minute] = self.memory.buckets.get(minute, b"") + pack([key])

    def lose(self, *entries: Entry) -> None:
        """From the index."""
        for one in entries:
            minute = one.second // MINUTE
            keys = {*unpack(self.memory.buckets[minute])}.difference(keys_of([one.id]))
            self.memory.buckets[minute] = pack(keys)

    def recover(self, one: Entry) -> None:
        """A sweep finds it late."""
        self.slack.add(one)
        event = (one.second, keys_of([one.id])[0], one.text)
        self.coverage.delivered([one.second // MINUTE])
        self.ledger, tallies = self.coverage.late(self.ledger, [event], self.now)
        self.deliver(one)
        self._commit([], {}, OfCoverage(self.coverage.tallies.rows(tallies)))
        self.coverage.tallies.applied(tallies)

    def page(self) -> list[Record]:
        """One more page; the records that came of it."""
        reading = self.coverage.next(self.ledger, 0.0)
        assert reading is not None, "nothing to read"
        self.coverage.begin(reading)
        answer = self.slack.page(params_of(reading, Filters()), self.now)
        page = page_of(answer, self.coverage.end(), None)
        taken = self.coverage.take(self.ledger, reading, page, self.now)
        self.ledger = taken.ledger
        self.committer.index.of(page._replace(events=taken.fresh, undated=[]))
        told = [event_of(record) for record in taken.records]
        self._commit(taken.fresh, taken.add, OfCoverage(taken.rows, told))
        self.coverage.tallies.applied(taken.tallies)
        return taken.records

    def all_pages(self, most: int = 30) -> list[Record]:
        """The records of all that is due."""
        found: list[Record] = []
        while due(self.ledger, LEVELS):
            found += self.page()
            most -= 1
            assert most, "coverage goes round in circles"
        return found

    def _commit(
        self, fresh: Sequence[Event], add: dict[int, dict[int, None]], coverage: OfCoverage
    ) -> None:
        self.committer.deliver(
            fresh,
            add,
            self.ledger,
            counters="",
            filters="",
            beat=0.0,
            held=self.coverage.held(self.ledger),
            coverage=coverage,
        )


def happened(*seconds: int) -> list[Entry]:
    return [entry(second, float(second), n) for n, second in enumerate(seconds, 1)]


def hours(records: Iterable[Record]) -> list[int]:
    return [record.hour for record in records]


def test_what_pages_of_an_earlier_life_repaired_is_in_the_record() -> None:
    entries = happened(*(NEWER * HOUR + n * 600 for n in range(5)))
    told = Told(entries)
    told.lose(entries[4], entries[3], entries[0])
    assert told.page() == []
    assert len(told.host.texts) == 2
    told.restart()
    newer, older = told.all_pages()
    assert (newer.tally.missing, newer.tally.repaired, newer.state) == (3, 3, "repaired")
    assert (older.tally.missing, older.state) == (0, "complete")
    assert told.host.repeated == 0
    # Of the walk that made the record, not of one before it.
    assert (newer.found.calls, newer.found.shown, newer.found.delivered) == (3, 5, 5)
    assert (newer.closed, newer.tolerance) == (DUE, 120)


def test_what_is_repaired_page_by_page_adds_up() -> None:
    # Some of them in one minute.
    entries = happened(*(NEWER * HOUR + n * 25 for n in range(5)))
    told = Told(entries)
    told.lose(*entries)
    newer, _ = told.all_pages()
    assert newer.tally.missing == newer.tally.repaired == len(told.host.texts) == 5


def test_an_hour_to_which_something_came_meanwhile_is_read_once_more() -> None:
    told = Told(happened(*(NEWER * HOUR + n * 600 for n in range(5))))
    assert told.page() == []
    # In a minute that the walk has passed.
    told.recover(entry(NEWER * HOUR + 3000, 0.0, 99))
    first, again = told.all_pages()
    assert (first.hour, again.hour) == (OLDER, NEWER)
    assert (again.found.shown, again.found.delivered, again.found.gone) == (6, 6, 0)
    assert (again.tally.late, again.tally.missing, again.tally.revision) == (1, 0, 1)


def test_an_hour_over_which_a_window_opens_meanwhile_waits() -> None:
    told = Told(happened(*(NEWER * HOUR + n * 600 for n in range(5))))
    assert told.page() == []
    window = Window(NEWER * HOUR, NEWER * HOUR + 10, SWEEP)
    told.ledger = told.ledger._replace(windows=(window,))
    assert hours(told.all_pages()) == [OLDER]
    told.ledger = told.ledger._replace(windows=())
    assert hours(told.all_pages()) == [NEWER]


def test_each_late_event_after_the_record_brings_another_one() -> None:
    told = Told(happened(NEWER * HOUR + 5, START + 7))
    assert hours(told.all_pages()) == [NEWER, OLDER]
    told.recover(entry(START + 3000, 0.0, 98))
    (second,) = told.all_pages()
    assert (second.hour, second.tally.revision, second.tally.late) == (OLDER, 2, 1)
    _, _, text = event_of(second)
    assert told.memory.coverage[OLDER] == text
    told.restart()
    told.recover(entry(START + 3500, 0.0, 99))
    (third,) = told.all_pages()
    assert (third.tally.revision, third.tally.late) == (3, 2)
    assert third.tally.most == DUE - START - 3000
    assert (third.found.shown, third.found.delivered) == (3, 3)


def test_an_hour_that_closes_during_a_walk_comes_before_the_older_ones() -> None:
    told = Told(happened(NEWER * HOUR + 5, START + 7, START + 9, START + 3000), limit=1)
    assert told.page() == []
    told.now = DUE + HOUR
    told.ledger = told.ledger._replace(head=told.now, swept=(told.now,))
    assert hours(told.all_pages()) == [NEWER, NEWER + 1, OLDER]


def test_minutes_of_a_walk_stay_in_the_index_until_they_are_compared() -> None:
    """Also those of an hour that has waited too long for the index to wait for it any more."""
    entries = happened(*(NEWER * HOUR + n * 600 for n in range(5)), START + 2000)
    told = Told(entries, floor=DUE + 100 * HOUR)
    told.lose(entries[0], entries[5])
    newer, older = told.all_pages()
    assert (newer.state, newer.tally.repaired, newer.found.compared) == ("repaired", 1, "ids")
    assert (older.state, older.tally.repaired, older.found.compared) == ("repaired", 1, "ids")
    # Now that there are records, they are sealed.
    told.recover(entry(START + 3500, 0.0, 99))
    assert not {one.second // MINUTE for one in entries} & told.memory.buckets.keys()


def test_pages_out_of_order_are_read_an_hour_at_a_time() -> None:
    seconds = [START + n * 500 for n in range(14)]
    told = Told(happened(*seconds), shuffles=True)
    found = told.all_pages()
    assert hours(found) == [NEWER, OLDER]
    assert sum(record.found.shown for record in found) == 14
    assert {record.state for record in found} == {"complete"}


def test_a_call_that_failed_waits_for_its_time() -> None:
    told = Told(happened(NEWER * HOUR + 5))
    reading = told.coverage.next(told.ledger, 0.0)
    assert reading is not None
    told.coverage.begin(reading)
    assert told.coverage.next(told.ledger, 0.0) is None, "one page at a time"
    told.coverage.later(told.coverage.end(), 50.0)
    assert told.coverage.at() == 50.0
    assert told.coverage.next(told.ledger, 49.9) is None
    assert told.coverage.next(told.ledger, 50.0) == reading
