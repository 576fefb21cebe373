# SPDX-License-Identifier: Apache-2.0
"""Verify: read a stretch again and hold what Slack shows against what was delivered.

Minutes that the delivered index still holds are compared id by id; minutes that have left it,
by their hour's count and digest. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from slack_audit_input.collector.index import hour_of, total_of
from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.collector.walk import Step, Walk
from slack_audit_input.engine.delivered import HOUR, MINUTE, HourTotal, unpack
from slack_audit_input.engine.ledger import from_json
from slack_audit_input.engine.plan import asked
from slack_audit_input.engine.spans import united, within, without
from slack_audit_input.model.errors import StoreError
from slack_audit_input.model.event import Event
from slack_audit_input.model.ledger import BACKLOG, Ledger, Span, Window
from slack_audit_input.model.state import Hour

#: A running collector seals minutes while we look; an hour that differs is read so often more.
READ_AGAIN = 2
#: A stretch that ends no later than this (seconds) after what has been read ends there: "until
#: now" cannot mean the seconds that the next poll is about to read.
FRESH = 120


class Coverage(NamedTuple):
    """What of a stretch can be compared, oldest first.

    ``done``: can, in whole hours where a digest stands for them, so it may be more than the
    stretch. Of the stretch itself: ``open`` is not read whole yet, ``never`` was never asked for,
    so nothing was delivered.
    """

    done: tuple[Span, ...]
    open: tuple[Span, ...]
    never: tuple[Span, ...]


class HourReport(NamedTuple):
    """One hour (unix hours): ``shown`` by Slack and ``delivered``, as count and digest.

    ``missing``: ids of indexed minutes that Slack shows and that were not delivered;
    ``gone``: delivered ones that Slack no longer shows. ``sealed``: minutes compared by count.
    ``differs``: the sealed part does not agree.
    """

    hour: int
    shown: int
    missing: frozenset[int]
    gone: int
    sealed: bool
    differs: bool
    sealed_shown: Hour
    sealed_delivered: Hour


def coverage(ledger: Ledger, oldest: int, latest: int) -> Coverage:
    """How much of ``oldest..latest`` (unix seconds, inclusive) there is to compare."""
    unread = [piece for window in ledger.windows for piece in _unread(window)]
    newest = _read_up_to(ledger)
    if oldest > newest:
        return Coverage((), (Span(oldest, latest),), ())
    read = Span(oldest, min(latest, newest))
    answers = asked(ledger)
    # Between a minute's sealing and its window's end nobody can say what a digest should be.
    blocked = [
        Span(hour, min(hour + HOUR, ledger.floor) - 1)
        for piece in unread
        for hour in range(piece.oldest - piece.oldest % HOUR, piece.latest + 1, HOUR)
        if hour < ledger.floor
    ]
    not_yet = united((*unread, *blocked))
    still_open = [piece for part in within(read, answers) for piece in within(part, not_yet)]
    if latest > newest + FRESH:
        still_open.append(Span(newest + 1, latest))
    wide = Span(oldest - oldest % HOUR, min(latest - latest % HOUR + HOUR - 1, newest))
    done = [piece for part in within(wide, answers) for piece in without(part, not_yet)]
    return Coverage(tuple(done), united(still_open), tuple(without(read, answers)))


def _unread(window: Window) -> list[Span]:
    """The seconds of an open window that have not been read even once."""
    oldest = window.oldest if window.kind == BACKLOG else max(window.oldest, window.known + 1)
    return [Span(oldest, window.latest)] if oldest <= window.latest else []


def _read_up_to(ledger: Ledger) -> int:
    """The newest second that has been read: the head, less what the live reading is about."""
    newest = ledger.head
    for window in reversed(ledger.windows):
        for piece in _unread(window):
            if window.kind != BACKLOG and piece.latest == newest:
                newest = piece.oldest - 1
    return newest


class Verifier:
    """Compares; ``progress(second)`` is told how far down it has come."""

    def __init__(
        self,
        walk: Walk,
        checkpoint: Checkpoint,
        progress: Callable[[int], None] = lambda _second: None,
    ) -> None:
        self._walk = walk
        self._checkpoint = checkpoint
        self._progress = progress

    def ledger(self) -> Ledger:
        """The ledger as it stands. Raises StoreError when nothing was ever collected."""
        state = self._checkpoint.load()
        if state is None:
            raise StoreError("this input has no checkpoint: nothing has been collected yet")
        return from_json(state.ledger)

    def hours(self, *spans: Span) -> Iterator[HourReport]:
        """A report for every hour that ``spans`` (disjoint, oldest first) touch, newest first."""
        for first_look in self._read(spans):
            report, again = first_look, 0
            while report.differs and again < READ_AGAIN:
                again += 1
                report = next(self._read(_parts(spans, report.hour)))
            yield report

    def _read(self, spans: Sequence[Span]) -> Iterator[HourReport]:
        seen: dict[int, set[int]] = {}
        waiting = _hours_of(spans)
        for span in reversed(spans):
            for step in self._walk.steps(span.oldest, span.latest):
                _gather(seen, step)
                self._progress(step.done_from)
                while waiting and step.done_from <= waiting[-1].oldest:
                    hour = waiting.pop().latest // HOUR
                    minutes = {m: keys for m, keys in seen.items() if m * MINUTE // HOUR == hour}
                    yield self._compare(hour, minutes, spans)
                    for minute in minutes:
                        del seen[minute]

    def _compare(self, hour: int, seen: dict[int, set[int]], spans: Sequence[Span]) -> HourReport:
        index = SealedMinutes(self._checkpoint, hour, self.ledger().floor)
        delivered = self._checkpoint.hours(hour, hour).get(hour, hour_of(HourTotal()))
        missing: set[int] = set()
        gone = 0
        sealed = HourTotal()
        any_sealed = False
        for minute in index.minutes:
            shown = seen.get(minute, set())
            if minute in index:
                any_sealed = True
                sealed = sealed.plus(shown)
                continue
            known = index.delivered(minute)
            missing |= shown - known
            whole = Span(minute * MINUTE, minute * MINUTE + MINUTE - 1)
            if whole in within(whole, spans):
                gone += len(known - shown)
        return HourReport(
            hour,
            sum(map(len, seen.values())),
            frozenset(missing),
            gone,
            any_sealed,
            any_sealed and sealed != total_of(delivered),
            hour_of(sealed),
            delivered,
        )


class SealedMinutes:
    """Which ``minutes`` of an hour have left the delivered index, as the checkpoint stands now."""

    def __init__(self, checkpoint: Checkpoint, hour: int, floor: int) -> None:
        first = hour * HOUR // MINUTE
        self.minutes = range(first, first + HOUR // MINUTE)
        self._floor = floor
        self._stored = checkpoint.keys(self.minutes[0], self.minutes[-1])

    def __contains__(self, minute: int) -> bool:
        """Only its hour's count and digest know it?"""
        return minute not in self._stored and minute * MINUTE + MINUTE - 1 < self._floor

    def delivered(self, minute: int) -> set[int]:
        """The keys that the index has of a minute."""
        return set(unpack(self._stored.get(minute, b"")))


class HourAgain:
    """The sealed minutes of one hour, read from Slack once more to be delivered again.

    ``spans``: what of it was asked for. ``sent``: how many events were given out.
    """

    def __init__(
        self, walk: Walk, checkpoint: Checkpoint, hour: int, spans: Sequence[Span], floor: int
    ) -> None:
        self.sent = 0
        self._walk = walk
        self._hour = hour
        self._parts = _parts(spans, hour)
        self._sealed = SealedMinutes(checkpoint, hour, floor)
        self._total = HourTotal()

    def batches(self) -> Iterator[list[Event]]:
        """Its events, page by page."""
        for part in reversed(self._parts):
            for step in self._walk.steps(part.oldest, part.latest):
                events = [e for e in _dated(step) if e.second // MINUTE in self._sealed]
                self._total = self._total.plus([event.key for event in events])
                self.sent += len(events)
                yield events

    def total(self) -> dict[int, Hour]:
        """What the checkpoint is to say of it now that all batches are delivered."""
        return {self._hour: hour_of(self._total)}


def _hours_of(spans: Iterable[Span]) -> list[Span]:
    """For every hour touched, oldest first: from the oldest second to be read in it to its end."""
    hours: dict[int, int] = {}
    for span in spans:
        for hour in range(span.oldest // HOUR, span.latest // HOUR + 1):
            hours.setdefault(hour, max(hour * HOUR, span.oldest))
    return [Span(oldest, hour * HOUR + HOUR - 1) for hour, oldest in sorted(hours.items())]


def _parts(spans: Iterable[Span], hour: int) -> list[Span]:
    """What of ``spans`` lies in an hour."""
    return within(Span(hour * HOUR, hour * HOUR + HOUR - 1), spans)


def _gather(seen: dict[int, set[int]], step: Step) -> None:
    for event in _dated(step):
        seen.setdefault(event.second // MINUTE, set()).add(event.key)


def _dated(step: Step) -> list[Event]:
    """A step's events less those without a date, which belong to no minute of the index."""
    if not step.page.undated:
        return step.events
    undated = {event.key for event in step.page.undated}
    return [event for event in step.events if event.key not in undated]
