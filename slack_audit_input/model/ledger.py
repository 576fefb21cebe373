# SPDX-License-Identifier: Apache-2.0
"""Window, Ledger and Reading: what is to be read, what is still open, what is being asked.

All bounds are unix seconds and inclusive at both ends, as Slack's are.
"""

from __future__ import annotations

from typing import NamedTuple

#: Kinds of window, in the order in which they get the next call.
LIVE, SWEEP, BACKLOG = "live", "sweep", "backlog"
KINDS = (LIVE, SWEEP, BACKLOG)
#: A reading that compares a closed hour with what was delivered. No window of the ledger's has
#: this kind: it opens no duty, and comes after all others.
COVERAGE = "coverage"


class Span(NamedTuple):
    """A closed stretch of seconds, both ends inclusive."""

    oldest: int
    latest: int

    @property
    def seconds(self) -> int:
        """How many seconds it holds."""
        return self.latest - self.oldest + 1


class Window(NamedTuple):
    """An open window: seconds that must be read (again) before they count as done.

    ``known``: the newest second of it that had been read before it was planned; an event at
    or before it that is new to us appeared late. Only counters depend on it.
    ``level``: the sweep level it was planned for. ``turn``: when the duty to read it arose,
    counted in plans of this process; a page asked for before that turn cannot fulfil it.
    """

    oldest: int
    latest: int
    kind: str
    known: int = 0
    level: int = 0
    turn: int = 0


class Ledger(NamedTuple):
    """The checkpoint: every second from ``start`` to ``head`` is done or in an open window.

    ``earlier``: stretches before ``start`` that were asked for by a backfill; the same holds
    for them. ``windows``: disjoint, oldest first. ``swept``: when each sweep level last ran.
    ``floor``: done seconds before it have left the delivered index and cannot be read again
    without repeats; it only rises. ``turn``: counts plans, in this process only. ``covered``:
    hours (unix hours) that have their coverage record, or are to have none, oldest first.
    """

    start: int
    head: int
    earlier: tuple[Span, ...]
    windows: tuple[Window, ...]
    swept: tuple[int, ...]
    floor: int
    turn: int = 0
    covered: tuple[Span, ...] = ()


class Reading(NamedTuple):
    """One call to be made, and where it stands in the walk through its window.

    ``oldest``, ``latest``, ``cursor``, ``limit`` go to Slack. ``top``: the newest second that
    this walk has not yet read whole. ``turn``: the plan after which it was asked; ``top_turn``:
    the same of the page that has shown what there is of ``top``, -1 when none has yet.
    ``ordered``: every page of the walk so far came newest first. ``idle_pages``: pages in a
    row that brought the walk no further.
    """

    oldest: int
    latest: int
    cursor: str
    limit: int
    kind: str
    known: int
    level: int
    top: int
    turn: int
    ordered: bool = True
    idle_pages: int = 0
    attempts: int = 0
    top_turn: int = -1
