# SPDX-License-Identifier: Apache-2.0
"""Where entries come from over time: a working week, a steady rate, a burst.

Pure. A stream tells how many entries each of its blocks has; nothing depends on what was asked
before, so a stream of years needs no memory.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from slack_audit_input.emulator.blocks import SyntheticBlock
from slack_audit_input.emulator.content import Content
from slack_audit_input.emulator.spread import Lateness
from slack_audit_input.emulator.volume import HOUR, PEAK_SHARE, poisson, share_of_hour

FOREVER = 2**53
# Each divides the next, so that blocks of different streams never cut one another's seconds. An
# hour is the most, because the volume changes by the hour.
_WIDTHS = (3600, 300, 60, 10, 1)
_MOST_IN_BLOCK = 1500


@dataclass(frozen=True)
class Burst:
    """`count` entries in the `seconds` from `start` (unix), as many in each second as fit."""

    start: int
    seconds: int
    count: int

    def __post_init__(self) -> None:
        if self.seconds < 1 or self.count < 0:
            raise ValueError(f"a burst of {self.count} entries in {self.seconds} s cannot be")

    @classmethod
    def parse(cls, text: str) -> Burst:
        """Read `START:SECONDS:COUNT`. Raises ValueError."""
        try:
            start, seconds, count = (int(part) for part in text.split(":"))
            return cls(start, seconds, count)
        except ValueError as error:
            raise ValueError(f"{text!r} is not START:SECONDS:COUNT ({error})") from None


@dataclass(frozen=True)
class Stream:
    """Entries from second `begin` up to, without it, second `end`, made in blocks of `width` s.

    `rate`: entries a second; None for a working week of `a_day` entries on a mean day. `burst`
    takes the place of both.
    """

    key: str
    begin: int
    end: int
    width: int
    rate: float | None = None
    a_day: float = 0.0
    burst: Burst | None = None

    def reach(self, before: int) -> int | None:
        """Second after the newest that may have an entry and is older than `before`, if any."""
        return min(before, self.end) if self.begin < min(before, self.end) else None

    def start_of(self, second: int) -> int:
        """First second of the block that `second` lies in."""
        return second - second % self.width

    def block(
        self, start: int, content: Content, lateness: tuple[Lateness, ...]
    ) -> SyntheticBlock | None:
        """The block whose first second is `start`; None if it has no entries."""
        key = f"{content.seed}|{self.key}|{start}"
        count = self._count(start, key)
        if not count:
            return None
        clip = (self.begin, self.end)
        return SyntheticBlock(content, key, start, self.width, count, clip, lateness)

    def _count(self, start: int, key: str) -> int:
        if self.burst is not None:
            after = start - self.burst.start
            count, seconds = self.burst.count, self.burst.seconds
            return (after + self.width) * count // seconds - after * count // seconds
        if self.rate is not None:
            mean = self.rate * self.width
        else:
            mean = self.a_day * share_of_hour(start) * self.width / HOUR
        first, second = struct.unpack("<2I", hashlib.shake_128(key.encode()).digest(8))
        return poisson(mean, first / 2**32, second / 2**32)


def week(begin: int, end: int, a_day: float) -> Stream:
    """A stream with the volume of a working week, `a_day` entries on a mean day."""
    width = _width(a_day * PEAK_SHARE / HOUR)
    return Stream(f"week|{a_day}", begin, end, width, a_day=a_day)


def steady(begin: int, end: int, rate: float) -> Stream:
    """A stream of `rate` entries a second, come as they may (Poisson)."""
    return Stream(f"steady|{begin}|{rate}", begin, end, _width(rate), rate=rate)


def burst(of: Burst, number: int) -> Stream:
    """A stream for a burst; `number` tells bursts of one moment apart."""
    end = of.start + of.seconds
    return Stream(f"burst|{number}|{of}", of.start, end, 1, burst=of)


def _width(rate: float) -> int:
    return next((width for width in _WIDTHS if rate * width <= _MOST_IN_BLOCK), 1)
