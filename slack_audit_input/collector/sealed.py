# SPDX-License-Identifier: Apache-2.0
"""What a checkpoint says was delivered of an hour: by ids, by count and digest, or both."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from slack_audit_input.collector.index import total_of
from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.engine.delivered import HOUR, MINUTE, UNDATED_KEPT, HourTotal, unpack
from slack_audit_input.engine.ledger import from_json
from slack_audit_input.engine.spans import within
from slack_audit_input.model.errors import StoreError
from slack_audit_input.model.event import UNDATED, Event
from slack_audit_input.model.ledger import Ledger, Span


class SealedMinutes:
    """Which ``minutes`` of an hour have left the delivered index, as the checkpoint stands now.

    Of a minute in it the hour's count and digest may know more than the index: a backfill may have
    brought the rest of one of which a part was sealed long ago.
    """

    def __init__(self, checkpoint: Checkpoint, hour: int, floor: int) -> None:
        self.minutes = minutes_of(hour)
        self._floor = floor
        self._stored = checkpoint.keys(self.minutes[0], self.minutes[-1])
        self._begun = hour in checkpoint.hours(hour, hour)

    def __contains__(self, minute: int) -> bool:
        below = minute * MINUTE + MINUTE - 1 < self._floor
        return below and (self._begun or minute not in self._stored)

    def knows(self, event: Event) -> bool:
        """If it was delivered, do only the count and digest know it?"""
        second, key, _ = event
        minute = second // MINUTE
        return minute in self and key not in self.delivered(minute)

    def delivered(self, minute: int) -> set[int]:
        """The keys that the index has of a minute."""
        return set(unpack(self._stored.get(minute, b"")))


def ledger_of(checkpoint: Checkpoint) -> Ledger:
    """The ledger as it stands. Raises StoreError when nothing was ever collected."""
    state = checkpoint.load()
    if state is None:
        raise StoreError("this input has no checkpoint: nothing has been collected yet")
    return from_json(state.ledger)


def held_of(checkpoint: Checkpoint, hour: int) -> str:
    """All that the checkpoint says was delivered of an hour, as count and digest in one text.

    Minutes that leave the index for their hour's digest do not change it; every id that comes
    or goes does. So what was found out about an hour holds for as long as this stays the same.
    """
    minutes = minutes_of(hour)
    total = HourTotal()
    for blob in checkpoint.keys(minutes[0], minutes[-1]).values():
        total = total.plus(unpack(blob))
    stored = checkpoint.hours(hour, hour).get(hour)
    if stored is not None:
        total = total.merged(total_of(stored))
    return f"{total.ids}:{total.digest}"


def undelivered(checkpoint: Checkpoint, undated: Collection[int]) -> frozenset[int]:
    """Which entries without a date were not delivered, as far as anybody can still say.

    The index keeps the newest so many of their keys: when it is full, what is not in it may
    have been delivered long ago.
    """
    if not undated:
        return frozenset()
    known = unpack(checkpoint.keys(UNDATED, UNDATED).get(UNDATED, b""))
    return frozenset() if len(known) >= UNDATED_KEPT else frozenset(undated).difference(known)


def minutes_of(hour: int) -> range:
    """The minutes of an hour, as the index numbers them."""
    first = hour * HOUR // MINUTE
    return range(first, first + HOUR // MINUTE)


def parts_of(spans: Iterable[Span], hour: int) -> list[Span]:
    """What of ``spans`` lies in an hour."""
    return within(Span(hour * HOUR, hour * HOUR + HOUR - 1), spans)
