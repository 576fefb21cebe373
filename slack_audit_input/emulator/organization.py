# SPDX-License-Identifier: Apache-2.0
"""The synthetic organization: every entry it ever had or will have, newest first, on demand.

Entries are a function of (seed, time); the only things held are the streams, entries that came
from elsewhere, and the blocks made last. Pure but for that cache, which threads may share.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from slack_audit_input.emulator.blocks import EVERYTHING, Block, ListedBlock, Traits, Wanted
from slack_audit_input.emulator.content import content
from slack_audit_input.emulator.spread import Lateness
from slack_audit_input.emulator.streams import FOREVER, Burst, Stream, burst, steady, week

# Entries whose text is kept for the next call: 17 MB at most.
_CACHED = 20_000


class Row(NamedTuple):
    """An entry that came from elsewhere. `text`: a character a byte (latin-1)."""

    second: int
    visible_at: float
    id: str | None
    text: str
    traits: Traits


class Piece(NamedTuple):
    """Entries of a block, from position `start` up to `stop`: newest second first."""

    block: Block
    start: int
    stop: int

    def which(self, now: float, wanted: Wanted = EVERYTHING) -> Sequence[int]:
        """Positions of those that are visible at `now` and pass the filter."""
        found: Sequence[int]
        if wanted == EVERYTHING:
            found = range(self.start, self.stop)
        else:
            found = self.block.which(wanted, self.start, self.stop)
        if now >= self.block.settled:
            return found
        visible = self.block.visible()
        return [i for i in found if visible[i] <= now]


class Organization:
    """All entries of one organization."""

    def __init__(
        self,
        seed: int,
        since: int,
        *,
        a_day: float = 60_000,
        lateness: tuple[Lateness, ...] = (),
        bursts: Sequence[Burst] = (),
        synthetic: bool = True,
    ) -> None:
        """An organization whose first entry is not before second `since` (unix).

        `a_day`: entries on a mean day; `lateness`: which share of them appears how late;
        `synthetic` False: only entries that are added and bursts.
        """
        self.content = content(seed)
        self.since = since
        self._a_day = a_day
        self._lateness = lateness
        self._synthetic = synthetic
        self._rates: list[tuple[int, float | None]] = []
        self._bursts: list[Stream] = []
        self._rows: list[Row] = []
        self._seconds: list[int] = []
        self._streams: tuple[Stream, ...] = ()
        self._cache: OrderedDict[tuple[str, int], Block | None] = OrderedDict()
        self._cached = 0
        self._lock = threading.RLock()
        self._rebuild()
        for one in bursts:
            self.add_burst(one)

    def set_rate(self, rate: float | None, begin: int) -> None:
        """From second `begin` on, `rate` entries come a second; None is the working week again.

        Entries before `begin` stay as they are. Later changes of the rate are forgotten.
        """
        if rate is not None and rate < 0:
            raise ValueError(f"a rate is entries a second, not {rate}")
        with self._lock:
            self._rates = [change for change in self._rates if change[0] < begin]
            self._rates.append((begin, rate))
            self._rebuild()

    def add_burst(self, one: Burst) -> None:
        """Add many entries in a short time, on top of all others."""
        with self._lock:
            self._bursts.append(burst(one, len(self._bursts)))
            self._rebuild()

    def add(self, rows: Iterable[Row]) -> None:
        """Add entries that came from elsewhere; ids may repeat."""
        with self._lock:
            # The sort is stable: within one second the order is that of the file.
            self._rows = sorted([*self._rows, *rows], key=lambda row: -row.second)
            self._seconds = [row.second for row in self._rows]

    def pieces(self, newest: int, oldest: int) -> Iterator[Piece]:
        """Entries of the seconds from `newest` back to `oldest`, both included, visible or not.

        Pieces follow one another in time, newest first, and no second is in two of them.
        """
        end = newest + 1
        while True:
            with self._lock:
                piece, end = self._next(end, oldest)
            if piece is not None:
                yield piece
            elif end <= oldest:
                return

    def _next(self, end: int, oldest: int) -> tuple[Piece | None, int]:
        """The newest piece before second `end`, and the second where the next one ends."""
        reached = [(stream.reach(end), stream) for stream in self._streams]
        listed = _first_below(self._seconds, end)
        highest = max((top for top, _ in reached if top is not None), default=oldest)
        if listed < len(self._seconds):
            highest = max(highest, self._seconds[listed] + 1)
        if highest <= oldest:
            return None, oldest
        active = [stream for top, stream in reached if top == highest]
        # Down to where any of them has a block's edge, or another stream begins to count.
        low = max((stream.start_of(highest - 1) for stream in active), default=highest - 60)
        low = max([low, oldest, *(top for top, s in reached if top and top < highest)])
        parts = []
        for stream in active:
            block = self._block(stream, stream.start_of(highest - 1))
            if block is not None:
                parts.append(_cut(block, low, highest))
        stop = _first_below(self._seconds, low)
        if stop > listed:
            parts.append(Piece(ListedBlock(self._rows[listed:stop]), 0, stop - listed))
        parts = [part for part in parts if part.start < part.stop]
        if not parts:
            return (None, low) if low > oldest else (None, oldest)
        return (parts[0] if len(parts) == 1 else _merged(parts)), low

    def _block(self, stream: Stream, start: int) -> Block | None:
        key = (stream.key, start)
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        block = stream.block(start, self.content, self._lateness)
        self._cache[key] = block
        self._cached += len(block.seconds) if block else 1
        while self._cached > _CACHED and len(self._cache) > 1:
            _, old = self._cache.popitem(last=False)
            self._cached -= len(old.seconds) if old else 1
        return block

    def _rebuild(self) -> None:
        changes: list[tuple[int, float | None]] = []
        if self._synthetic or self._rates:
            changes = [(self.since, None if self._synthetic else 0.0), *self._rates]
        ends = [*(begin for begin, _ in changes[1:]), FOREVER]
        streams = [
            week(begin, end, self._a_day) if rate is None else steady(begin, end, rate)
            for (begin, rate), end in zip(changes, ends)
            if begin < end and rate != 0 and (rate is not None or self._a_day > 0)
        ]
        self._streams = (*streams, *self._bursts)
        # A block may have been cut where its stream ended until now.
        self._cache.clear()
        self._cached = 0


def _first_below(seconds: Sequence[int], bound: int) -> int:
    """First position whose second is less than `bound`, in a column that falls."""
    low, high = 0, len(seconds)
    while low < high:
        middle = (low + high) // 2
        if seconds[middle] < bound:
            high = middle
        else:
            low = middle + 1
    return low


def _cut(block: Block, low: int, high: int) -> Piece:
    """The entries of a block from second `low` up to, without it, second `high`."""
    return Piece(block, _first_below(block.seconds, high), _first_below(block.seconds, low))


def _merged(parts: Sequence[Piece]) -> Piece:
    rows: list[Row] = []
    for block, start, stop in parts:
        columns = (block.seconds, block.visible(), block.ids(), block.texts())
        traits = [block.traits(i) for i in range(start, stop)]
        rows += map(Row, *(column[start:stop] for column in columns), traits)
    rows.sort(key=lambda row: -row.second)
    return Piece(ListedBlock(rows), 0, len(rows))
