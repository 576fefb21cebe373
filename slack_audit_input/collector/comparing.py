# SPDX-License-Identifier: Apache-2.0
"""Hold what Slack shows of closed hours against what was delivered, minute by minute.

Minutes that the delivered index still has are compared id by id, so that what is missing can be
delivered at once; minutes that have left it, by their hour's count and digest. Memory holds the
ids of minutes that are not read whole yet, and a few numbers for each hour under way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from slack_audit_input.collector.index import total_of
from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.engine.delivered import HOUR, MINUTE, HourTotal, unpack
from slack_audit_input.model.coverage import BY_BOTH, BY_DIGEST, BY_IDS, Comparison
from slack_audit_input.model.event import Event
from slack_audit_input.model.ledger import Span
from slack_audit_input.model.state import Hour

_MINUTES = HOUR // MINUTE


class Compared(NamedTuple):
    """What one page brought.

    ``missing``: events that the host does not have; ``add``: their keys, by minute.
    ``hours``: what was found in each hour that has now been read whole, newest first.
    """

    missing: list[Event]
    add: dict[int, dict[int, None]]
    hours: dict[int, Comparison]


class _Sums:
    """An hour while it is being read."""

    def __init__(self) -> None:
        self.shown = HourTotal()
        self.sealed = HourTotal()
        self.delivered = 0
        self.gone = 0
        self.calls = 0


class Comparing:
    """One walk over ``hours`` (unix hours), newest first.

    ``seen``: ids of the minutes that are not read whole yet.
    """

    def __init__(self, checkpoint: Checkpoint, hours: Span) -> None:
        self.seen: dict[int, set[int]] = {}
        self._checkpoint = checkpoint
        self._hours: dict[int, _Sums] = {}
        #: Every minute and every hour from these on has been compared.
        self.minute_from = (hours.latest + 1) * _MINUTES
        self.hour_from = hours.latest + 1
        self._oldest = hours.oldest

    def page(
        self,
        fresh: Sequence[Event],
        add: Mapping[int, Mapping[int, None]],
        top: int,
        open_to: int,
        floor: int,
    ) -> Compared:
        """Take in a page's ``fresh`` events, which no earlier page of this walk had shown.

        ``add``: their keys by minute. ``top``: the newest second that was asked for; ``open_to``:
        the newest that is not read whole yet, less than all when none is. ``floor``: the ledger's.
        """
        for minute, keys in add.items():
            self.seen.setdefault(minute, set()).update(keys)
        whole_from = max(open_to // MINUTE + 1, self._oldest * _MINUTES)
        first, last = min([whole_from, *add]), max([self.minute_from - 1, *add])
        index = _Index(self._checkpoint, first, last, floor)
        missing = [event for event in fresh if index.lacks(event)]
        found: dict[int, dict[int, None]] = {}
        for second, key, _ in missing:
            found.setdefault(second // MINUTE, {})[key] = None
        for hour in range(
            max(open_to // HOUR, self._oldest), min(top // HOUR, self.hour_from - 1) + 1
        ):
            self._hours.setdefault(hour, _Sums()).calls += 1
        for minute in index.minutes | self.seen.keys():
            if whole_from <= minute < self.minute_from:
                self._fold(minute, index, found.get(minute, {}))
        self.minute_from = min(self.minute_from, whole_from)
        done = range(self.hour_from - 1, max(open_to // HOUR, self._oldest - 1), -1)
        self.hour_from -= len(done)
        return Compared(missing, found, {hour: self._close(hour, index) for hour in done})

    def _fold(self, minute: int, index: _Index, repaired: Mapping[int, None]) -> None:
        sums = self._hours.setdefault(minute // _MINUTES, _Sums())
        shown = self.seen.pop(minute, set())
        sums.shown = sums.shown.plus(shown)
        known = index.known(minute) | repaired.keys()
        sums.delivered += len(known)
        sums.gone += len(known - shown)
        if index.is_sealed(minute):
            sums.sealed = sums.sealed.plus(shown - known)

    def _close(self, hour: int, index: _Index) -> Comparison:
        sums = self._hours.pop(hour, None) or _Sums()
        total = index.totals.get(hour)
        sealed = HourTotal() if total is None else total_of(total)
        how = BY_IDS
        if total is not None:
            how = BY_BOTH if sums.delivered else BY_DIGEST
        return Comparison(
            shown=sums.shown.ids,
            digest=sums.shown.digest,
            delivered=sums.delivered + sealed.ids,
            gone=sums.gone,
            short=max(0, sums.sealed.ids - sealed.ids),
            differs=sums.sealed != sealed,
            compared=how,
            calls=sums.calls,
        )


class _Index:
    """The delivered index of some minutes and their hours, as the checkpoint has it."""

    def __init__(self, checkpoint: Checkpoint, first: int, last: int, floor: int) -> None:
        self._stored = checkpoint.keys(first, last) if first <= last else {}
        self.totals: Mapping[int, Hour] = checkpoint.hours(first // _MINUTES, last // _MINUTES)
        self.minutes = self._stored.keys()
        self._floor = floor
        self._sets: dict[int, frozenset[int]] = {}

    def is_sealed(self, minute: int) -> bool:
        """May its hour's count and digest know more of it than the index does?

        A backfill may bring the rest of a minute of which a part was sealed long ago: what is in
        the index then is not all that was delivered.
        """
        return minute // _MINUTES in self.totals and minute * MINUTE + MINUTE - 1 < self._floor

    def known(self, minute: int) -> frozenset[int]:
        """The keys that the index has of a minute."""
        if minute not in self._sets:
            self._sets[minute] = frozenset(unpack(self._stored.get(minute, b"")))
        return self._sets[minute]

    def lacks(self, event: Event) -> bool:
        """Was it not delivered? Of a sealed minute nobody can say."""
        second, key, _ = event
        minute = second // MINUTE
        return not self.is_sealed(minute) and key not in self.known(minute)
