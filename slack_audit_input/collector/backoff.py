# SPDX-License-Identifier: Apache-2.0
"""How long to wait before asking again."""

from __future__ import annotations

from random import Random

FIRST = 1.0
#: Slack being away for hours must neither burn the budget nor delay the return by more.
MOST = 300.0


class Backoff:
    """Doubling waits with jitter, so that collectors that failed together do not return so."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def after(self, attempts: int) -> float:
        """Seconds to wait after so many failures in a row: between half and all of the step."""
        step = min(MOST, FIRST * 2.0 ** min(attempts - 1, 20))
        return float(step * (0.5 + 0.5 * self._random.random()))
