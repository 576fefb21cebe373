# SPDX-License-Identifier: Apache-2.0
"""What is being read: the ledger, the readings under way, and those that wait their turn.

The engine decides; this only remembers, between two of its decisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from slack_audit_input.engine import sweeps
from slack_audit_input.engine.plan import plan
from slack_audit_input.engine.reading import backlog_seconds, choose, cut, unread
from slack_audit_input.engine.sweeps import Level
from slack_audit_input.model.ledger import BACKLOG, KINDS, LIVE, Ledger, Reading, Span, Window


class _Waiting(NamedTuple):
    """A reading that may be asked at ``at`` (monotonic seconds)."""

    at: float
    reading: Reading


class Work:
    """The readings of one collector. ``limit``: page size."""

    def __init__(self, ledger: Ledger, levels: Sequence[Level], limit: int) -> None:
        self.ledger = ledger
        self.density: float | None = None
        self._levels = levels
        self._limit = limit
        self._out: dict[int, Reading] = {}
        self._waiting: list[_Waiting] = []
        self._tickets = 0

    # -- what there is ---------------------------------------------------------------------

    def readings(self) -> list[Reading]:
        """All that are under way or waiting."""
        return [*self._out.values(), *(w.reading for w in self._waiting)]

    def spans(self) -> list[Span]:
        """What they have not read whole yet."""
        return [unread(reading) for reading in self.readings()]

    def live_under_way(self) -> bool:
        """Is a live reading under way? Then no other is planned."""
        return any(reading.kind == LIVE for reading in self.readings())

    def workers_busy(self) -> int:
        """How many calls for sweeps and backlog are under way."""
        return sum(reading.kind != LIVE for reading in self._out.values())

    def nothing_left(self) -> bool:
        """Is every window read, and no answer awaited?"""
        return not self.ledger.windows and not self._out and not self._waiting

    def backlog(self) -> int:
        """Seconds never read yet."""
        return backlog_seconds(self.ledger)

    def backlog_windows(self) -> list[Window]:
        """Windows never read yet."""
        return [window for window in self.ledger.windows if window.kind == BACKLOG]

    # -- what to ask next ------------------------------------------------------------------

    def live_due(self) -> int:
        """Slack's second at which a level falls due next."""
        return sweeps.next_due(self._levels, self.ledger.swept)

    def next_live(self, slack_now: int) -> Reading | None:
        """Plan what is due and choose the live reading, if there is one to make."""
        self.ledger = plan(self.ledger, slack_now, self._levels, self.spans())
        return choose(self.ledger, self.readings(), self._limit, live=True)

    def next_waiting(self, now: float) -> Reading | None:
        """The waiting reading whose turn it is: sweeps before backlog."""
        ripe = [w for w in self._waiting if w.at <= now]
        if not ripe:
            return None
        return min(ripe, key=lambda w: (KINDS.index(w.reading.kind), w.at)).reading

    def next_open(self) -> Reading | None:
        """The first call for an open window that nobody reads."""
        return choose(self.ledger, self.readings(), self._limit, live=False)

    def next_half(self) -> Reading | None:
        """Half of what another worker reads, when nothing else is open."""
        found = cut(self.ledger, self.readings(), self._limit, self.density)
        if found is None:
            return None
        self.ledger, reading = found
        return reading

    def ripe_at(self) -> list[tuple[float, str]]:
        """When each waiting reading may be asked, and its kind."""
        return [(w.at, w.reading.kind) for w in self._waiting]

    # -- what happens to them --------------------------------------------------------------

    def begin(self, reading: Reading) -> int:
        """It is being asked; returns the ticket under which its answer comes."""
        self._waiting = [w for w in self._waiting if w.reading is not reading]
        self._tickets += 1
        self._out[self._tickets] = reading
        return self._tickets

    def end(self, ticket: object) -> Reading | None:
        """Its answer has come; None for a ticket that is not ours."""
        return self._out.pop(ticket, None) if isinstance(ticket, int) else None

    def later(self, reading: Reading | None, at: float) -> None:
        """It may be asked from ``at`` on."""
        if reading is not None:
            self._waiting.append(_Waiting(at, reading))
