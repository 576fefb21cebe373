# SPDX-License-Identifier: Apache-2.0
"""Distributions of seconds: how late entries appear, how long answers take.

Pure: a number in [0, 1) goes in, seconds come out.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Seconds from `least` to `most`: evenly, or with `heavy` evenly in their logarithm.

    A heavy spread of 1 to 64800 has its median at 255 s and a tenth of its values above 6 h: most
    are short, a few very long.
    """

    least: float = 0.0
    most: float = 0.0
    heavy: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.least <= self.most < float("inf"):
            raise ValueError(f"seconds go from {self.least} to {self.most}: not 0 <= least <= most")
        if self.heavy and self.least <= 0:
            raise ValueError("a heavy spread cannot begin at 0 seconds: it has no logarithm")

    def at(self, share: float) -> float:
        """Seconds below which `share` (0 to 1) of the values lie."""
        if self.heavy:
            return float(self.least * (self.most / self.least) ** share)
        return self.least + (self.most - self.least) * share

    @classmethod
    def parse(cls, text: str) -> Spread:
        """Read `3`, `0.5-4` or `1-64800:heavy`. Raises ValueError."""
        numbers, colon, kind = text.strip().partition(":")
        if colon and kind != "heavy":
            raise ValueError(f"{text!r} ends in :{kind}, and only :heavy is known")
        least, dash, most = numbers.partition("-")
        try:
            return cls(float(least), float(most if dash else least), bool(colon))
        except ValueError as error:
            raise ValueError(
                f"{text!r} is not SECONDS, LEAST-MOST or LEAST-MOST:heavy ({error})"
            ) from None


@dataclass(frozen=True)
class Lateness:
    """A `share` (0 to 1) of all entries appears later than it happened, by `delay` seconds."""

    share: float
    delay: Spread

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"a share of late entries is from 0 to 1, not {self.share}")

    @classmethod
    def parse(cls, text: str) -> Lateness:
        """Read `0.02:1-10` or `0.001:1-64800:heavy`. Raises ValueError."""
        share, _, delay = text.partition(":")
        try:
            return cls(float(share), Spread.parse(delay))
        except ValueError as error:
            raise ValueError(f"{text!r} is not SHARE:LEAST-MOST[:heavy] ({error})") from None


def most_late(lateness: tuple[Lateness, ...]) -> float:
    """Seconds after which every entry is visible, however late."""
    return max((late.delay.most for late in lateness), default=0.0)
