# SPDX-License-Identifier: Apache-2.0
"""The delivered index between the engine and a store: loads, keeps a little, seals.

Memory stays flat whatever the store holds: buckets come in when a page touches their minute
and go out again, least recently used first. Only those of the page in hand are sets; a set takes
ten times the memory of the keys in a row.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.engine.delivered import (
    HOUR,
    MINUTE,
    UNDATED_KEPT,
    HourTotal,
    pack,
    sealable,
    unpack,
)
from slack_audit_input.engine.spans import Stretch
from slack_audit_input.model.errors import StoreError
from slack_audit_input.model.event import UNDATED, Page
from slack_audit_input.model.ledger import Ledger
from slack_audit_input.model.state import Hour

#: Keys kept in memory beside those of the page in hand: 160 KB, and some for each minute.
KEYS_KEPT = 20_000
#: Minutes sealed in one commit beside those of the page, when the horizon moves by hours.
SEALED_AT_ONCE = 500


class IndexChange(NamedTuple):
    """What a commit writes of the index, and what memory holds once it is written."""

    buckets: dict[int, bytes]
    dropped: list[int]
    hours: dict[int, Hour]
    after: dict[int, Collection[int]]


class DeliveredIndex:
    """Buckets of one input. Nothing changes in memory before ``applied``."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._buckets: OrderedDict[int, Collection[int]] = OrderedDict()
        self._open: set[int] = set()  # minutes that may be sets; the others are keys in a row
        self._stored: set[int] = set()  # of the minutes in memory: those that have a row
        self._loose: set[int] = set()  # stored minutes below the floor, still held
        self._floor: int | None = None

    def of(self, page: Page) -> Mapping[int, Collection[int]]:
        """The buckets of every minute on ``page``."""
        minutes = {event[0] // MINUTE for event in page.events}
        missing = minutes - self._buckets.keys()
        if self._floor is not None:
            # Below the floor it is known which minutes the store has: a long backlog asks nothing.
            below = self._floor // MINUTE
            absent = {m for m in missing if m < below and m not in self._loose}
            self._buckets.update((minute, set()) for minute in absent)
            missing -= absent
        if missing:
            self._load(min(missing), max(missing), missing)
        if page.undated and UNDATED not in self._buckets:
            self._load(UNDATED, UNDATED, {UNDATED})
        touched = minutes | {UNDATED} if page.undated else minutes
        self._pack(self._open - touched)
        for minute in touched & self._buckets.keys():
            self._buckets.move_to_end(minute)
            keys = self._buckets[minute]
            if isinstance(keys, array):
                self._buckets[minute] = dict.fromkeys(keys) if minute == UNDATED else set(keys)
        self._open = touched
        return self._buckets

    def change(
        self, add: Mapping[int, Mapping[int, None]], ledger: Ledger, held: Sequence[Stretch]
    ) -> IndexChange:
        """What adding keys and moving to ``ledger`` means for the store.

        ``held``: spans of readings under way; open windows are held by themselves.
        """
        holding: list[Stretch] = [*ledger.windows, *held]
        buckets: dict[int, bytes] = {}
        dropped: list[int] = []
        sealed: dict[int, HourTotal] = {}
        after: dict[int, Collection[int]] = {}
        passed = set(sealable(add, ledger.floor, holding))
        for minute, keys in add.items():
            known = self._buckets.get(minute, ())
            if minute in passed:
                self._seal(minute, [*known, *keys], sealed)
                if minute in self._stored:
                    dropped.append(minute)
                continue
            if minute == UNDATED:
                kept = [*known, *keys][-UNDATED_KEPT:]
                after[minute] = dict.fromkeys(kept)
                buckets[minute] = pack(kept)
            else:
                # Keys in a row at once: a set again only if the next page touches this minute.
                after[minute] = array("Q", {*known, *keys} if known else keys)
                buckets[minute] = pack(after[minute])
        self._look_for_loose(ledger.floor)
        ripe = sealable(self._loose - add.keys(), ledger.floor, holding)[:SEALED_AT_ONCE]
        if ripe:
            stored = self._checkpoint.keys(ripe[0], ripe[-1])
            for minute in ripe:
                self._seal(minute, unpack(stored.get(minute, b"")), sealed)
                dropped.append(minute)
        return IndexChange(buckets, dropped, self._totals(sealed), after)

    def applied(self, change: IndexChange) -> None:
        """Take over what has been committed."""
        for minute in change.dropped:
            self._buckets.pop(minute, None)
        self._stored.difference_update(change.dropped)
        self._loose.difference_update(change.dropped)
        for minute, keys in change.after.items():
            self._buckets[minute] = keys
            self._buckets.move_to_end(minute)
            self._stored.add(minute)
            if minute != UNDATED and self._floor is not None and minute * MINUTE < self._floor:
                self._loose.add(minute)
        kept = sum(map(len, self._buckets.values()))
        most = KEYS_KEPT + sum(map(len, change.after.values()))
        while self._buckets and kept > most:
            minute, gone = self._buckets.popitem(last=False)
            self._stored.discard(minute)
            kept -= len(gone)
        # Empty buckets weigh nothing in keys but would grow without end in a long backlog.
        while len(self._buckets) > 4096:
            self._stored.discard(self._buckets.popitem(last=False)[0])

    def _pack(self, minutes: set[int]) -> None:
        for minute in minutes & self._buckets.keys():
            keys = self._buckets[minute]
            if not isinstance(keys, array):
                self._buckets[minute] = array("Q", keys)

    def _load(self, first: int, last: int, minutes: set[int]) -> None:
        stored = self._checkpoint.keys(first, last)
        for minute in minutes:
            blob = stored.get(minute)
            keys = unpack(blob) if blob is not None else ()
            self._buckets[minute] = dict.fromkeys(keys) if minute == UNDATED else set(keys)
            if blob is not None:
                self._stored.add(minute)

    def _look_for_loose(self, floor: int) -> None:
        if self._floor is None or floor > self._floor:
            self._floor = floor
            self._loose.update(self._checkpoint.minutes_below(floor // MINUTE))

    def _seal(self, minute: int, keys: Collection[int], sealed: dict[int, HourTotal]) -> None:
        hour = minute * MINUTE // HOUR
        sealed[hour] = sealed.get(hour, HourTotal()).plus(keys)

    def _totals(self, sealed: Mapping[int, HourTotal]) -> dict[int, Hour]:
        if not sealed:
            return {}
        stored = self._checkpoint.hours(min(sealed), max(sealed))
        return {
            hour: hour_of(total.merged(total_of(stored[hour])) if hour in stored else total)
            for hour, total in sealed.items()
        }


def total_of(hour: Hour) -> HourTotal:
    """The folds of a stored hour. Raises StoreError when its digest is none."""
    try:
        return HourTotal(hour.ids, int(hour.digest[:16], 16), int(hour.digest[16:], 16))
    except ValueError:
        raise StoreError(f"an hour's digest is damaged: {hour.digest[:40]!r}") from None


def hour_of(total: HourTotal) -> Hour:
    """As a store keeps it."""
    return Hour(total.ids, total.digest)
