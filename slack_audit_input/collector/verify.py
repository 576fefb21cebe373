# SPDX-License-Identifier: Apache-2.0
"""Verify: read a stretch again and hold what Slack shows against what was delivered.

Minutes that the delivered index still holds are compared id by id; minutes that have left it,
by their hour's count and digest. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from slack_audit_input.collector.index import hour_of, total_of
from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.collector.walk import Step, Walk
from slack_audit_input.engine.delivered import HOUR, MINUTE, HourTotal, unpack
from slack_audit_input.engine.ledger import from_json
from slack_audit_input.engine.plan import asked
from slack_audit_input.engine.spans import within, without
from slack_audit_input.model.errors import StoreError
from slack_audit_input.model.ledger import Ledger, Span
from slack_audit_input.model.state import Hour

#: A running collector seals minutes while we look; an hour that differs is read so often more.
READ_AGAIN = 2


class Coverage(NamedTuple):
    """What of a stretch can be compared.

    ``done``: can; ``open``: not read whole yet; ``never``: never asked for, so nothing was
    delivered.
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
    """How much of ``oldest..latest``, widened to whole hours, there is to compare."""
    oldest -= oldest % HOUR
    latest += HOUR - 1 - latest % HOUR
    # Seconds at the head are still being read; a minute cut there would compare wrong.
    newest = ledger.head - (ledger.head + 1) % MINUTE
    span = Span(oldest, min(latest, newest))
    if span.seconds <= 0:
        return Coverage((), (), (Span(oldest, latest),))
    stretches = within(span, asked(ledger))
    done = [piece for part in stretches for piece in without(part, ledger.windows)]
    still_open = [piece for part in stretches for piece in within(part, ledger.windows)]
    return Coverage(tuple(done), tuple(still_open), tuple(without(span, asked(ledger))))


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

    def hours(self, span: Span) -> Iterator[HourReport]:
        """A report for every hour of ``span``, newest first."""
        for first_look in self._read(span):
            report, again = first_look, 0
            while report.differs and again < READ_AGAIN:
                again += 1
                part = Span(
                    max(span.oldest, report.hour * HOUR),
                    min(span.latest, report.hour * HOUR + HOUR - 1),
                )
                report = next(self._read(part))
            yield report

    def _read(self, span: Span) -> Iterator[HourReport]:
        seen: dict[int, set[int]] = {}
        hour = span.latest // HOUR
        first = span.oldest // HOUR
        for step in self._walk.steps(span.oldest, span.latest):
            _gather(seen, step)
            self._progress(step.done_from)
            while hour >= first and step.done_from <= max(hour * HOUR, span.oldest):
                minutes = {m: keys for m, keys in seen.items() if m * MINUTE // HOUR == hour}
                yield self._compare(hour, minutes, span)
                for minute in minutes:
                    del seen[minute]
                hour -= 1

    def _compare(self, hour: int, seen: dict[int, set[int]], span: Span) -> HourReport:
        floor = self.ledger().floor
        first, last = hour * HOUR // MINUTE, (hour * HOUR + HOUR - 1) // MINUTE
        stored = self._checkpoint.keys(first, last)
        delivered = self._checkpoint.hours(hour, hour).get(hour, hour_of(HourTotal()))
        missing: set[int] = set()
        gone = 0
        sealed = HourTotal()
        any_sealed = False
        for minute in range(first, last + 1):
            shown = seen.get(minute, set())
            whole = span.oldest <= minute * MINUTE and minute * MINUTE + MINUTE - 1 <= span.latest
            if minute in stored or minute * MINUTE + MINUTE - 1 >= floor:
                known = set(unpack(stored.get(minute, b"")))
                missing |= shown - known
                gone += len(known - shown) if whole else 0
            else:
                any_sealed = True
                sealed = sealed.plus(shown)
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


def _gather(seen: dict[int, set[int]], step: Step) -> None:
    for event in step.events:
        seen.setdefault(event.second // MINUTE, set()).add(event.key)
