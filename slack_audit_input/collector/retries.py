# SPDX-License-Identifier: Apache-2.0
"""What to do about calls that bring no page: how long to wait, and when to give up."""

from __future__ import annotations

from random import Random

from slack_audit_input.collector.backoff import Backoff
from slack_audit_input.collector.counters import Counters
from slack_audit_input.collector.ports import Clock, Log
from slack_audit_input.model.errors import CollectorError, GaveUp, ProtocolError, Retryable

#: A page that fails so often is asked for in smaller pieces: a proxy may cut large bodies.
SMALLER_AFTER = 3
SMALLEST_PAGE = 100
#: Answers of an unknown shape in a row before they are a protocol error.
SHAPES_ALLOWED = 5


class Retries:
    """Counts, logs and limits the retries of one collector."""

    def __init__(
        self, clock: Clock, random: Random, counters: Counters, log: Log, give_up_after: float
    ) -> None:
        self._clock = clock
        self._backoff = Backoff(random)
        self._counters = counters
        self._log = log
        self._give_up_after = give_up_after
        self.last_good = clock.monotonic()

    def good(self) -> None:
        """A page has come."""
        self.last_good = self._clock.monotonic()

    def delay(self, error: CollectorError, attempts: int, evidence: bytes = b"") -> float:
        """Seconds to wait after the ``attempts``-th failure in a row.

        Raises ``error`` itself when no retry can help, GaveUp when the time is up, and
        ProtocolError when answers of an unknown shape keep coming (``evidence``: the last one).
        """
        if not isinstance(error, Retryable):
            raise error
        if error.kind == "shape" and attempts >= SHAPES_ALLOWED:
            raise ProtocolError(
                f"{error}, {attempts} times in a row. The checkpoint is kept", evidence[:65536]
            )
        self._counters.add(f"retry_{error.kind}")
        self._log("warning", "retry", attempt=attempts, kind=error.kind, reason=str(error))
        silent = self._clock.monotonic() - self.last_good
        if 0 < self._give_up_after < silent:
            raise GaveUp(
                f"no good answer from Slack for {round(silent)} seconds; the last: {error}. "
                "The state is kept: run again and it goes on from there"
            )
        return self._backoff.after(attempts)


def smaller_page(error: Retryable, attempts: int, limit: int) -> int:
    """The page size to ask for after so many failures: halved each time from SMALLER_AFTER on."""
    if attempts < SMALLER_AFTER or error.kind not in ("body", "timeout", "network"):
        return limit
    return min(limit, max(SMALLEST_PAGE, limit >> (attempts - SMALLER_AFTER + 1)))
