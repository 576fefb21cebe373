# SPDX-License-Identifier: Apache-2.0
"""What strikes when: a day's faults, drawn from a seed. Pure.

Moments are seconds since the day began. Every kind comes at least once, however short the day is.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

DAY = 86_400.0
#: Beside what has its hour, these meet a share of all calls, day and night.
ALL_DAY = (
    "http_500=0.01",
    "http_502=0.005",
    "http_503=0.01",
    "rate_limited=0.005:7",
    "cut=0.01",
    "reset=0.005",
    "empty=0.003",
    "html=0.003",
    "not_ok=0.003",
    "unsorted=0.003",
    "slow_start=0.01:15",
    "drip=0.01:10",
    "hang=0.001",
)
#: A day of some hundred calls meets each of these in so many of them, or not one of some.
_SHORT_SHARE = 0.03
_COUNTED = ("http_500", "rate_limited", "cut", "reset", "slow_start", "drip")
#: The organization's limit, and what its other tools take of it as a rule and at times.
LIMIT, OTHERS, OTHERS_MOST = 50, 10, 50
CURSOR_LIVES, CURSOR_DIES = 3600, 0.01
SHORT_PAGES = 0.1
#: A day of so many events, or more, has bursts beyond a page of the collector's, and dead cursors
#: under a pile of so many. One of fewer has them in proportion, down to what still makes pages
#: that follow one another when they end early: its bursts are less than a whole page.
FULL_DAY, PILE = 60_000, 5000
_FEWEST, _SMALLEST_PILE = 30, 75


class Strike(NamedTuple):
    """``value``: what it is about, "" where there is nothing to say. ``begins``: or ends it?"""

    at: float
    kind: str
    value: float | str = ""
    begins: bool = True


class Span(NamedTuple):
    """A kind that lasts: how often in a day, how long, with which values at begin and end."""

    kind: str
    times: int
    seconds: float
    on: float | str = 1.0
    off: float | str = 0.0


COMMON = (
    Span("others", 4, 1200, OTHERS_MOST, OTHERS),
    Span("cursors", 4, 2400, CURSOR_DIES, CURSOR_LIVES),
    Span("outage", 3, 300),
    Span("slow", 3, 1200, "5-25", "0.1-1.5"),
    Span("clock", 1, 2400, 3600.0),
    Span("clock", 1, 1800, -21_600.0),
    Span("clock", 1, 900, 200_000.0),
    Span("slacks_clock", 2, 3600, 4.0, -4.0),
    Span("signed_in_again", 1, 600, "again", "again"),
    Span("revoked", 1, 240, "revoked", "again"),
)
OF_HOST = {
    "standalone": (
        Span("disk_output", 3, 500),
        Span("disk_state", 3, 500),
        Span("receiver_away", 4, 400),
    ),
    "addon": (
        Span("kvstore_503", 5, 150),
        Span("splunkd_away", 4, 120),
        Span("splunkd_reads_nothing", 3, 400),
        Span("disk_log", 2, 600),
    ),
}
#: Kills of the receiver, which is up again at once.
RECEIVER_KILLS = 60


#: Below so many seconds a day is short: every kind comes once, and those that would hide one
#: another come one after the other.
SHORT = 8 * 3600.0
_BESIDE = ("clock", "slacks_clock", "slow", "cursors", "disk_log")


def plan(host: str, seconds: float, kills: int, seed: int) -> list[Strike]:
    """The strikes of a day of so many ``seconds``, in order."""
    chance = random.Random(f"{seed}|{host}")
    kinds = (*COMMON, *OF_HOST[host])
    if seconds < SHORT:
        found = _one_after_the_other(kinds, seconds, chance)
    else:
        found = [strike for kind in kinds for strike in _spread(kind, seconds, chance)]
    found += [_kill(chance, seconds) for _ in range(kills)]
    if host == "standalone":
        times = max(3, round(RECEIVER_KILLS * min(1.0, seconds / DAY)))
        found += [Strike(chance.uniform(0.02, 0.95) * seconds, "receiver") for _ in range(times)]
    return sorted(found, key=lambda strike: strike.at)


def _kill(chance: random.Random, seconds: float) -> Strike:
    # Half of them fall anywhere; the others wait until something has just been written, for the
    # moment between a page's write and its commit is short, and it is the one that matters.
    how = "anywhere" if chance.random() < 0.5 else "after a write"
    return Strike(chance.uniform(0.004, 0.985) * seconds, "kill", how)


def _strikes(kind: Span, begin: float, lasts: float) -> list[Strike]:
    return [
        Strike(begin, kind.kind, kind.on),
        Strike(begin + lasts, kind.kind, kind.off, begins=False),
    ]


def _spread(kind: Span, seconds: float, chance: random.Random) -> list[Strike]:
    """Over the day, one in each of as many equal parts as it comes times."""
    share = min(1.0, seconds / DAY)
    times = max(1, round(kind.times * share))
    part = 0.9 * seconds / times
    lasts = min(kind.seconds, 0.4 * part)
    found = []
    for number in range(times):
        begin = 0.05 * seconds + number * part + chance.random() * (part - lasts)
        # One in the middle of the day, the other well behind it.
        begin = {"signed_in_again": 0.45, "revoked": 0.8}.get(kind.kind, begin / seconds) * seconds
        found += _strikes(kind, begin, lasts)
    return found


def _one_after_the_other(
    kinds: Sequence[Span], seconds: float, chance: random.Random
) -> list[Strike]:
    alone = [kind for kind in kinds if kind.kind not in _BESIDE]
    chance.shuffle(alone)
    part = 0.9 * seconds / len(alone)
    found = []
    for number, kind in enumerate(alone):
        found += _strikes(kind, 0.05 * seconds + (number + 0.1) * part, 0.8 * part)
    others = [kind for kind in kinds if kind.kind in _BESIDE]
    part = 0.9 * seconds / len(others)
    for number, kind in enumerate(others):
        begin, lasts = 0.05 * seconds + number * part, 0.7 * part
        if kind.kind in ("disk_log", "cursors"):
            # So few lines and so few cursors are written that it has to last until one meets it.
            begin, lasts = 0.05 * seconds, 0.85 * seconds
        found += _strikes(kind, begin, lasts)
    return found


def all_day(short: bool) -> tuple[str, ...]:
    """What meets a share of all calls, on a ``short`` day a larger one: options of the emulator."""
    return tuple(_more(fault) if short else fault for fault in ALL_DAY)


def _more(fault: str) -> str:
    kind, _, rest = fault.partition("=")
    share, colon, value = rest.partition(":")
    more = max(float(share), _SHORT_SHARE) if kind in _COUNTED else share
    return f"{kind}={more}{colon}{value}"


def measure(page: int, events: float) -> int:
    """What bursts of a day of so many ``events`` are beyond: a ``page``, or less on a small day."""
    return min(page, max(_FEWEST, round(page * events / FULL_DAY)))


def pile(events: float) -> int:
    """How many come at once while cursors die, on a day of so many ``events``."""
    return min(PILE, max(_SMALLEST_PILE, round(PILE * events / FULL_DAY)))


def bursts(begin: int, seconds: float, seed: int, page: int) -> list[str]:
    """Options for the emulator: many events in a moment, some in one second beyond a page.

    ``page``: that of ``measure``.
    """
    chance = random.Random(f"{seed}|bursts")
    shares = [0.08, 0.21, 0.37, 0.55, 0.63, 0.88]
    found = []
    for number, share in enumerate(shares):
        at = int(begin + (share + chance.random() * 0.05) * seconds)
        lasts = 1 if number % 2 == 0 else chance.randint(3, 20)
        found.append(f"{at}:{lasts}:{round(page * chance.uniform(1.2, 2.5))}")
    return found
