# SPDX-License-Identifier: Apache-2.0
"""When a pair of tokens is refreshed: well ahead of expiry, and again some time after a fault."""

from __future__ import annotations

from collections.abc import Callable

from slack_audit_input.model.errors import AuthError, CollectorError, ConfigError, RateLimited
from slack_audit_input.slack.credentials import Pair

#: Of a token's life, after which it is refreshed; and how much earlier at most, by chance.
SHARE = 2 / 3
SPREAD = 0.05
#: Seconds between two attempts after a fault: the first soon, while a grace may last.
RETRY_LEAST = 1.0
RETRY_MOST = 300.0


def due_at(pair: Pair, chance: Callable[[], float]) -> float | None:
    """Unix seconds at which the pair is refreshed; None for one that lasts.

    ``chance``: a number from 0 to 1, asked for once.
    """
    if pair.refresh is None or pair.expires_at is None:
        return None
    life = max(0.0, pair.expires_at - pair.issued_at)
    return pair.issued_at + life * (SHARE - SPREAD * chance())


class Backoff:
    """The wait after an attempt that failed: twice as long each time. Moments are unix seconds."""

    def __init__(self) -> None:
        self._next_try = 0.0
        self._wait = 0.0

    def is_over(self, now: float) -> bool:
        """May it be tried again? Also when the clock has jumped far back."""
        return now >= self._next_try or now < self._next_try - 2 * RETRY_MOST

    def failed(self, error: CollectorError, now: float) -> None:
        """Wait longer than the last time, or as long as Slack says, or until a person may act."""
        self._wait = min(max(RETRY_LEAST, 2 * self._wait), RETRY_MOST)
        if isinstance(error, RateLimited):
            self._wait = max(self._wait, error.retry_after)
        elif isinstance(error, (AuthError, ConfigError)):
            self._wait = RETRY_MOST
        self._next_try = now + self._wait

    def reset(self) -> None:
        """An attempt succeeded: the next fault is a first one."""
        self._wait = self._next_try = 0.0
