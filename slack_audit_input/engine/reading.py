# SPDX-License-Identifier: Apache-2.0
"""Which call to make next, and how a walk through a window goes on. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from slack_audit_input.engine.spans import overlap
from slack_audit_input.model.ledger import (
    BACKLOG,
    COVERAGE,
    KINDS,
    LIVE,
    Ledger,
    Reading,
    Span,
    Window,
)

#: A window is cut in two only if so many pages are left in it: the one under way, and a full one
#: for each half. A cut costs the rest of a page.
PAGES_WORTH_A_CUT = 3.0
#: Kinds of window in the order in which they get the next call.
_ORDER = (*KINDS, COVERAGE)


def first(window: Window, limit: int, turn: int) -> Reading:
    """The call that begins a walk: at the window's newest second, without a cursor."""
    return Reading(
        oldest=window.oldest,
        latest=window.latest,
        cursor="",
        limit=limit,
        kind=window.kind,
        known=window.known,
        level=window.level,
        top=window.latest,
        turn=turn,
    )


def unread(reading: Reading) -> Span:
    """What a walk has not read whole yet."""
    return Span(reading.oldest, reading.top)


def choose(ledger: Ledger, out: Sequence[Reading], limit: int, live: bool) -> Reading | None:
    """The next call for an idle worker among windows that nobody reads.

    ``out``: readings under way or waiting to be retried. ``live``: ask for the live window
    only; otherwise for sweeps, then backlog, newest first.
    """
    idle = [
        window
        for window in ledger.windows
        if (window.kind == LIVE) == live
        and not any(overlap(window, unread(reading)) for reading in out)
    ]
    if not idle:
        return None
    window = min(idle, key=lambda w: (_ORDER.index(w.kind), -w.latest))
    return first(window, limit, ledger.turn)


def cut(
    ledger: Ledger, out: Sequence[Reading], limit: int, density: float | None
) -> tuple[Ledger, Reading] | None:
    """Give an idle worker the older half of the largest window being read.

    ``density``: entries a second seen so far, None while unknown. Returns the ledger with the
    window in two and the reading of its older half, or None when no window is worth it. The
    two halves meet: every second is in one of them.
    """
    if not density:
        return None
    walked = [w for w in ledger.windows if w.kind != LIVE and _read_by_one(w, out)]
    if not walked:
        return None
    largest = max(walked, key=lambda w: w.latest - w.oldest)
    seconds = largest.latest - largest.oldest + 1
    if seconds < 2 or seconds * density < PAGES_WORTH_A_CUT * limit:
        return None
    middle = largest.oldest + seconds // 2 - 1
    newer = largest._replace(oldest=middle + 1)
    older = largest._replace(latest=middle)
    windows = tuple(
        sorted(
            piece
            for window in ledger.windows
            for piece in ((newer, older) if window == largest else (window,))
        )
    )
    return ledger._replace(windows=windows), first(older, limit, ledger.turn)


def _read_by_one(window: Window, out: Sequence[Reading]) -> bool:
    """Is the window walked, and by one reading only? By two, it has just been cut."""
    return sum(overlap(window, unread(r)) for r in out) == 1


def follow(
    ledger: Ledger, after: Reading, cursor: str, limit: int, others: Sequence[Reading]
) -> Reading | None:
    """The call that continues the walk ``after``, whose page has been absorbed into ``ledger``.

    ``after.top`` is the boundary second. With the cursor while the window is the one the walk
    began with; without it, from the boundary second, when the window was cut or the cursor is
    gone ("" given). None when nothing of it is left, or others read the rest.
    """
    rest = [
        w
        for w in ledger.windows
        if overlap(w, unread(after)) and not any(overlap(w, unread(r)) for r in others)
    ]
    whole = next((w for w in rest if w.oldest == after.oldest), None)
    if cursor and whole is not None:
        return after._replace(
            cursor=cursor,
            limit=limit,
            kind=whole.kind if whole.kind != LIVE else after.kind,
            # A walk out of order cannot say which seconds it has behind it, so all of it
            # counts as read when its first page was.
            turn=ledger.turn if after.ordered else after.turn,
            attempts=0,
        )
    # The live window is planned anew at the next poll; sweeps and backlog are walked to the end.
    rest = [w for w in rest if w.kind != LIVE]
    if not rest:
        return None
    window = max(rest)
    return first(window, limit, ledger.turn)._replace(idle_pages=after.idle_pages)


def backlog_seconds(ledger: Ledger) -> int:
    """How many seconds have never been read yet."""
    return sum(w.latest - w.oldest + 1 for w in ledger.windows if w.kind == BACKLOG)
