# SPDX-License-Identifier: Apache-2.0
"""Which action names does Slack refuse? One bad name fails a whole request (reference 3)."""

from __future__ import annotations

from collections.abc import Callable


def find_refused(
    names: tuple[str, ...], is_refused: Callable[[tuple[str, ...]], bool]
) -> tuple[str, ...]:
    """The names that are refused by themselves, found by halving; () when none is.

    ``is_refused`` asks Slack about several names at once. With one bad name among thirty it
    is asked about ten times.
    """
    if not names or not is_refused(names):
        return ()
    if len(names) == 1:
        return names
    half = len(names) // 2
    return (
        *find_refused(names[:half], is_refused),
        *find_refused(names[half:], is_refused),
    )
