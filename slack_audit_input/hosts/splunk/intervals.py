# SPDX-License-Identifier: Apache-2.0
"""The interval of an input: seconds, or cron; and what it means for a run."""

from __future__ import annotations

import math
import re

from slack_audit_input.model.errors import ConfigError

#: Below this the process stays up and polls by itself: starting anew would cost more.
STAYS_BELOW = 300.0
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NAMES = ("minute", "hour", "day of the month", "month", "day of the week")
_STEP = re.compile(r"(\*|\d{1,2}(?:-\d{1,2})?)(?:/(\d{1,2}))?")
_WORDS = (
    *(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],),
    *(["sun", "mon", "tue", "wed", "thu", "fri", "sat"],),
)


def stays_up(text: str) -> bool:
    """Does a run go on until it is stopped, or end when it has caught up?

    Raises ConfigError for what is neither seconds nor cron. -1 is once, at Splunk's start.
    """
    text = text.strip()
    if len(text.split()) == 5:
        _check_cron(text.split())
        return False
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or (seconds < 0 and seconds != -1):
        raise ConfigError(
            f"Interval {text[:60]!r} is neither seconds, such as 60, nor cron, such as */15 * * * *"
        )
    return 0 <= seconds < STAYS_BELOW


def _check_cron(fields: list[str]) -> None:
    for field, (least, most), name in zip(fields, _BOUNDS, _NAMES):
        for part in field.lower().split(","):
            if not _is_part(_numbered(part, name), least, most):
                raise ConfigError(
                    f"Interval: {part[:20]!r} is no {name} of a cron schedule "
                    f"({least} to {most}, *, ranges such as 1-5, steps such as */10)"
                )


def _numbered(part: str, name: str) -> str:
    months, days = _WORDS
    words, first = {"month": (months, 1), "day of the week": (days, 0)}.get(name, ([], 0))
    for number, word in enumerate(words, first):
        part = part.replace(word, str(number))
    return part


def _is_part(part: str, least: int, most: int) -> bool:
    found = _STEP.fullmatch(part)
    if not found or found.group(2) in ("0", "00"):
        return False
    if found.group(1) == "*":
        return True
    numbers = [int(number) for number in found.group(1).split("-")]
    return numbers == sorted(numbers) and all(least <= number <= most for number in numbers)
