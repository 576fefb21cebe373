# SPDX-License-Identifier: Apache-2.0
"""The delivered index: which events the host has accepted, for as deep as sweeps reach. Pure.

Keys of 64 bits in buckets of one minute. A minute that no sweep can reach any more and that
lies in no open window is *sealed*: what stays is, per hour, a count and an order-free digest.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping
from functools import reduce
from operator import xor
from typing import NamedTuple

from slack_audit_input.engine.spans import Stretch
from slack_audit_input.model.errors import StoreError
from slack_audit_input.model.event import UNDATED, Event

MINUTE = 60
HOUR = 3600
_64_BITS = (1 << 64) - 1

#: How many keys of entries without a date are remembered, newest last. Nobody has seen Slack
#: send one; the bound keeps a broken answer from filling the store.
UNDATED_KEPT = 20_000


class HourTotal(NamedTuple):
    """What is left of an hour's sealed minutes: ``ids`` of them, and two order-free folds.

    ``total`` is the sum of their keys modulo 2**64, ``mix`` the exclusive or. A missing id
    changes the count; an exchanged one changes both folds.
    """

    ids: int = 0
    total: int = 0
    mix: int = 0

    def plus(self, keys: Collection[int]) -> HourTotal:
        """With further keys folded in."""
        return HourTotal(
            self.ids + len(keys),
            (self.total + sum(keys)) & _64_BITS,
            reduce(xor, keys, self.mix),
        )

    def merged(self, other: HourTotal) -> HourTotal:
        """Both together."""
        return HourTotal(
            self.ids + other.ids,
            (self.total + other.total) & _64_BITS,
            self.mix ^ other.mix,
        )

    @property
    def digest(self) -> str:
        """Both folds as 32 hexadecimal digits."""
        return f"{self.total:016x}{self.mix:016x}"


class Split(NamedTuple):
    """``fresh`` events of a page, the keys they ``add`` by minute, and how many were known."""

    fresh: list[Event]
    add: dict[int, dict[int, None]]
    duplicates: int


def split(
    events: Iterable[Event],
    undated: Iterable[Event],
    buckets: Mapping[int, Collection[int]],
) -> Split:
    """Part what the host has from what is new; ``buckets`` holds every minute touched.

    Nothing is changed: the caller applies ``add`` once the host has accepted ``fresh``.
    """
    fresh: list[Event] = []
    add: dict[int, dict[int, None]] = {}
    seen = 0
    minute = None
    known: Collection[int] = ()
    new: dict[int, None] = {}
    append = fresh.append
    for event in events:
        second, key, _ = event
        if second // MINUTE != minute:
            minute = second // MINUTE
            known = buckets.get(minute, ())
            new = add.setdefault(minute, {})
        if key in known or key in new:
            seen += 1
        else:
            new[key] = None
            append(event)
    for event in undated:
        new = add.setdefault(UNDATED, {})
        _, key, _ = event
        if key in buckets.get(UNDATED, ()) or key in new:
            seen += 1
        else:
            new[key] = None
            append(event)
    return Split(fresh, {minute: keys for minute, keys in add.items() if keys}, seen)


def sealable(minutes: Iterable[int], floor: int, held: Iterable[Stretch]) -> list[int]:
    """Which of ``minutes`` may leave the index, in order: none that anything can reach yet.

    Not while a sweep, an open window or a reading does. ``floor``: the ledger's; ``held``: open
    windows and the spans of readings under way. A page of a window that was cut may still bring
    seconds that the other half has finished.
    """
    left = sorted(minutes)
    # Whole minutes before the floor only; UNDATED is none.
    del left[bisect_left(left, floor // MINUTE) :]
    del left[: bisect_right(left, UNDATED)]
    for stretch in held:
        first = bisect_left(left, stretch.oldest // MINUTE)
        del left[first : bisect_right(left, stretch.latest // MINUTE, first)]
    return left


def pack(keys: Iterable[int]) -> bytes:
    """Keys as little-endian 64-bit integers, as the stores keep them."""
    packed = array("Q", keys)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack(blob: bytes) -> array[int]:
    """Keys of a stored bucket, in the order in which they were stored.

    Raises StoreError on a blob that is no whole number of keys.
    """
    keys = array("Q")
    try:
        keys.frombytes(blob)
    except ValueError as error:
        raise StoreError(f"a bucket of the delivered index is damaged: {error}") from None
    if sys.byteorder == "big":
        keys.byteswap()
    return keys
