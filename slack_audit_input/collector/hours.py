# SPDX-License-Identifier: Apache-2.0
"""Verify: read a stretch again and hold what Slack shows, hour by hour, against what was delivered.

Minutes that the delivered index still holds are compared id by id; minutes that have left it,
by their hour's count and digest. With a look into the host itself, ids are also compared with
what the host has: a page that a broken sink swallowed is in the index all the same. Nothing is
written here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from slack_audit_input.collector.index import hour_of, total_of
from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.collector.sealed import (
    SealedMinutes,
    held_of,
    ledger_of,
    parts_of,
    undelivered,
)
from slack_audit_input.collector.walk import Step, Walk
from slack_audit_input.engine.delivered import HOUR, MINUTE, UNDATED_KEPT, HourTotal
from slack_audit_input.engine.spans import within
from slack_audit_input.model.event import Event, dated
from slack_audit_input.model.ledger import Span
from slack_audit_input.slack.keys import hash_of

#: An hour that differs is read so often more.
READ_AGAIN = 2


class HourReport(NamedTuple):
    """One hour (unix hours), of which ``parts`` were read.

    ``shown`` by Slack and ``delivered``, as counts and digests; of minutes that were not read
    whole, ``delivered`` counts only what Slack shows. ``missing``: ids of indexed minutes that
    Slack shows and that were not delivered; ``gone``: delivered ones that Slack no longer shows.
    ``sealed``: some minutes were compared by digest, ``by_ids``: some by ids; ``differs``: the
    sealed part does not agree.

    ``undated``: keys of entries without a date that turned up here first, somewhere in
    ``undated_within``; ``undated_missing``: those that were not delivered. ``without_id``:
    entries without an id. ``repeated``: ids that Slack showed more than once. ``lacking``:
    entries that the host does not have, None when nobody looked. ``held``: what ``held_of`` said
    of the hour.
    """

    hour: int
    parts: tuple[Span, ...]
    shown: HourTotal
    undated: tuple[int, ...]
    undated_within: Span | None
    without_id: int
    repeated: int
    lacking: int | None
    delivered: HourTotal = HourTotal()
    missing: frozenset[int] = frozenset()
    gone: int = 0
    sealed: bool = False
    by_ids: bool = False
    differs: bool = False
    undated_missing: frozenset[int] = frozenset()
    held: str = ""


class Verifier:
    """Compares; ``progress(second)`` is told how far down it has come.

    ``checkpoint`` None: with the host alone. ``lacking(hour, keys)``: how many of the keys the
    host does not have; None: nobody looks.
    ``page``: the newest page that was read, for whoever wants to know whose log it is.
    """

    def __init__(
        self,
        walk: Walk,
        checkpoint: Checkpoint | None,
        progress: Callable[[int], None] = lambda _second: None,
        lacking: Callable[[int, Collection[int]], int] | None = None,
    ) -> None:
        self.page: Sequence[Event] = ()
        self._walk = walk
        self._checkpoint = checkpoint
        self._progress = progress
        self._lacking = lacking
        self._undated: set[int] = set()

    def seen_before(self, undated: Iterable[int]) -> None:
        """Keys of entries without a date that an earlier run has counted."""
        self._undated.update(undated)

    def hours(self, *spans: Span) -> Iterator[HourReport]:
        """A report for every hour that ``spans`` (disjoint, oldest first) touch, newest first."""
        for first_look in self._read(spans):
            report, again = first_look, 0
            while _doubtful(report, again) and again < READ_AGAIN:
                again += 1
                report = next(self._read(parts_of(spans, report.hour)))
            # Entries without a date are counted where they were seen first.
            yield report._replace(
                undated_within=first_look.undated_within,
                undated=first_look.undated + (report.undated if again else ()),
                undated_missing=first_look.undated_missing | report.undated_missing,
            )

    def _read(self, spans: Sequence[Span]) -> Iterator[HourReport]:
        seen = _Seen()
        waiting = _hours_of(spans)
        for span in reversed(spans):
            for step in self._walk.steps(span.oldest, span.latest):
                self.page = self.page or step.events
                seen.take(step, self._undated)
                self._progress(step.done_from)
                while waiting and step.done_from <= waiting[-1].oldest:
                    yield self._compare(waiting.pop().latest // HOUR, seen, spans)

    def _compare(self, hour: int, seen: _Seen, spans: Sequence[Span]) -> HourReport:
        shown, (undated, undated_within) = seen.hour(hour), seen.new_undated()
        keys_shown = {*undated}.union(*shown.values())
        found = HourReport(
            hour=hour,
            parts=tuple(parts_of(spans, hour)),
            shown=sum_of(shown.values()),
            undated=undated,
            undated_within=undated_within,
            without_id=seen.without_id.pop(hour, 0),
            repeated=seen.repeated.pop(hour, 0),
            lacking=self._lacking(hour, keys_shown) if self._lacking else None,
        )
        if self._checkpoint is None:
            return found
        return _compared(self._checkpoint, found, shown, spans)


def _compared(
    checkpoint: Checkpoint,
    found: HourReport,
    shown: Mapping[int, set[int]],
    spans: Sequence[Span],
) -> HourReport:
    """What the checkpoint says of an hour of which Slack shows ``shown``, keys by minute."""
    hour = found.hour
    index = SealedMinutes(checkpoint, hour, ledger_of(checkpoint).floor)
    stored = checkpoint.hours(hour, hour).get(hour, hour_of(HourTotal()))
    missing: set[int] = set()
    gone = 0
    sealed = delivered = HourTotal()
    any_sealed = by_ids = False
    for minute in index.minutes:
        keys = shown.get(minute, set())
        known = index.delivered(minute)
        if minute in index:
            any_sealed = True
            sealed = sealed.plus(keys - known)
            if not known:
                continue
        else:
            missing |= keys - known
        whole = Span(minute * MINUTE, minute * MINUTE + MINUTE - 1)
        read = within(whole, spans)
        by_ids = by_ids or bool(read)
        if whole not in read:
            known &= keys
        gone += len(known - keys)
        delivered = delivered.plus(known)
    return found._replace(
        delivered=delivered.merged(total_of(stored)) if any_sealed else delivered,
        missing=frozenset(missing),
        gone=gone,
        sealed=any_sealed,
        by_ids=by_ids,
        differs=any_sealed and sealed != total_of(stored),
        undated_missing=undelivered(checkpoint, found.undated),
        held=held_of(checkpoint, hour),
    )


def sum_of(sets: Iterable[Collection[int]]) -> HourTotal:
    """Keys of several minutes as one count and digest."""
    total = HourTotal()
    for keys in sets:
        total = total.plus(keys)
    return total


def _doubtful(report: HourReport, again: int) -> bool:
    """May an hour look so only because a running collector was at work on it meanwhile?

    It seals minutes, and delivers what appeared after our page was asked for: that is in the
    index then, and not on the page.
    """
    return report.differs or (report.gone > 0 and again == 0)


class _Seen:
    """What the pages have shown and no hour has taken yet: some hours' keys, whatever there is."""

    def __init__(self) -> None:
        self.without_id: dict[int, int] = {}
        self.repeated: dict[int, int] = {}
        self._minutes: dict[int, set[int]] = {}
        self._undated: list[int] = []
        self._within: Span | None = None

    def take(self, step: Step, counted: set[int]) -> None:
        """A page's events; ``counted``: entries without a date that are not new."""
        for second, key, _ in dated(step.events, step.page.undated):
            keys = self._minutes.setdefault(second // MINUTE, set())
            if key in keys:
                _count(self.repeated, second // HOUR)
            keys.add(key)
        for _, key, _ in step.page.undated:
            # Slack may show one on every page; a broken answer must not fill our memory.
            if key not in counted and len(counted) < UNDATED_KEPT:
                counted.add(key)
                self._undated.append(key)
                self._within = _around(self._within, step)
        if step.page.odd:
            for second, key, text in step.events:
                if key == hash_of(text):
                    _count(self.without_id, second // HOUR)

    def hour(self, hour: int) -> dict[int, set[int]]:
        """The keys of an hour by minute; they are forgotten here."""
        found = [minute for minute in self._minutes if minute * MINUTE // HOUR == hour]
        return {minute: self._minutes.pop(minute) for minute in found}

    def new_undated(self) -> tuple[tuple[int, ...], Span | None]:
        """Entries without a date since the last time, and which pages had them."""
        found, self._undated = (tuple(self._undated), self._within), []
        self._within = None
        return found


def _hours_of(spans: Iterable[Span]) -> list[Span]:
    """For every hour touched, oldest first: from the oldest second to be read in it to its end."""
    hours: dict[int, int] = {}
    for span in spans:
        for hour in range(span.oldest // HOUR, span.latest // HOUR + 1):
            hours.setdefault(hour, max(hour * HOUR, span.oldest))
    return [Span(oldest, hour * HOUR + HOUR - 1) for hour, oldest in sorted(hours.items())]


def _around(span: Span | None, step: Step) -> Span | None:
    """A span that holds a step's page as well."""
    if step.page.newest is None or step.page.oldest is None:
        return span
    if span is None:
        return Span(step.page.oldest, step.page.newest)
    return Span(min(span.oldest, step.page.oldest), max(span.latest, step.page.newest))


def _count(counts: dict[int, int], hour: int) -> None:
    counts[hour] = counts.get(hour, 0) + 1
