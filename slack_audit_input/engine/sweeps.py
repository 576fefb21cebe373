# SPDX-License-Identifier: Apache-2.0
"""Sweep levels: how often the recent past is read again, and how deep.

Level 0 is the live poll. A level with (period, depth) promises: an event that appears no
later than ``depth - period`` after its second is found within about one period.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from slack_audit_input.model.errors import ConfigError

#: What of a person's digits Python converts, and 30 years.
_SECONDS = re.compile("[0-9]{1,9}")


class Level(NamedTuple):
    """Read the last ``depth`` seconds every ``period`` seconds."""

    period: int
    depth: int


#: Each level about ten times deeper and rarer than the one before: 12 calls a minute, an
#: event up to 18 hours late is found (design, section 3).
DEFAULT_LEVELS = (Level(5, 15), Level(60, 180), Level(600, 1800), Level(21600, 86400))


def parse_levels(text: str, poll_every: int) -> tuple[Level, ...]:
    """Levels from ``"60:180,600:1800"`` behind a live poll every ``poll_every`` seconds.

    ``"none"`` or ``""`` means the live poll alone. Raises ConfigError with the reason.
    """
    if poll_every < 1:
        raise ConfigError(f"--poll-every must be at least 1 second, not {poll_every}")
    # Three polls deep, so that an event must miss two polls in a row to need a sweep.
    levels = [Level(poll_every, max(15, 3 * poll_every))]
    for part in text.split(",") if text.strip() not in ("", "none") else []:
        period, _, depth = part.strip().partition(":")
        if not (_SECONDS.fullmatch(period) and _SECONDS.fullmatch(depth)):
            raise ConfigError(
                f"--sweeps: {part.strip()[:60]!r} is not period:depth in seconds, such as 60:180"
            )
        levels.append(Level(int(period), int(depth)))
    for before, level in zip(levels, levels[1:]):
        if level.depth < level.period:
            raise ConfigError(
                f"--sweeps: {level.period}:{level.depth} would leave seconds unread between two "
                "sweeps; the depth must be at least the period"
            )
        if level.period <= before.period or level.depth <= before.depth:
            raise ConfigError(
                f"--sweeps: {level.period}:{level.depth} must be both rarer and deeper than "
                f"{before.period}:{before.depth}, the level before it"
            )
    return tuple(levels)


def deepest_due(levels: Sequence[Level], swept: Sequence[int], now: int) -> int | None:
    """Index of the deepest level whose period has passed since it last ran, or None."""
    due = [i for i, level in enumerate(levels) if now - swept[i] >= level.period]
    return due[-1] if due else None


def reach(levels: Sequence[Level], swept: Sequence[int], deepest: int, now: int) -> int:
    """The oldest second that a run of level ``deepest`` (and all below it) must read.

    A level that runs on time reads ``depth`` back from now. After a pause that would eat the
    tolerance: what its last run could not have seen yet began ``depth - period`` before that
    run, so it reads back to there.
    """
    return min(
        min(now - level.depth, last - (level.depth - level.period))
        for level, last in zip(levels[: deepest + 1], swept)
    )


def horizon(levels: Sequence[Level], swept: Sequence[int]) -> int:
    """The oldest second that any future sweep can reach.

    Counted from the last runs, not from now: while the collector is down, or a level is
    overdue, nothing of what its next run will read may leave the delivered index.
    """
    return min(last - level.depth for level, last in zip(levels, swept))


def next_due(levels: Sequence[Level], swept: Sequence[int]) -> int:
    """The second at which a level falls due next."""
    return min(last + level.period for level, last in zip(levels, swept))
