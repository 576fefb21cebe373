# SPDX-License-Identifier: Apache-2.0
"""What of a stretch can be verified: what was asked for, and has been read whole."""

from __future__ import annotations

from typing import NamedTuple

from slack_audit_input.engine.delivered import HOUR
from slack_audit_input.engine.plan import asked
from slack_audit_input.engine.spans import united, within, without
from slack_audit_input.model.ledger import BACKLOG, Ledger, Span, Window

#: A stretch that ends no later than this (seconds) after what has been read ends there: "until
#: now" cannot mean the seconds that the next poll is about to read.
FRESH = 120


class Coverage(NamedTuple):
    """What of a stretch can be compared, oldest first.

    ``done``: can, in whole hours where a digest stands for them, so it may be more than the
    stretch. Of the stretch itself: ``open`` is not read whole yet, ``never`` was never asked for,
    so nothing was delivered.
    """

    done: tuple[Span, ...]
    open: tuple[Span, ...]
    never: tuple[Span, ...]


def coverage(ledger: Ledger, oldest: int, latest: int) -> Coverage:
    """How much of ``oldest..latest`` (unix seconds, inclusive) there is to compare."""
    unread = [piece for window in ledger.windows for piece in _unread(window)]
    newest = _read_up_to(ledger)
    if oldest > newest:
        return Coverage((), (Span(oldest, latest),), ())
    read = Span(oldest, min(latest, newest))
    answers = asked(ledger)
    # Between a minute's sealing and its window's end nobody can say what a digest should be.
    blocked = [
        Span(hour, min(hour + HOUR, ledger.floor) - 1)
        for piece in unread
        for hour in range(piece.oldest - piece.oldest % HOUR, piece.latest + 1, HOUR)
        if hour < ledger.floor
    ]
    not_yet = united((*unread, *blocked))
    still_open = [piece for part in within(read, answers) for piece in within(part, not_yet)]
    if latest > newest + FRESH:
        still_open.append(Span(newest + 1, latest))
    wide = Span(oldest - oldest % HOUR, min(latest - latest % HOUR + HOUR - 1, newest))
    done = [piece for part in within(wide, answers) for piece in without(part, not_yet)]
    return Coverage(tuple(done), united(still_open), tuple(without(read, answers)))


def _unread(window: Window) -> list[Span]:
    """The seconds of an open window that have not been read even once."""
    oldest = window.oldest if window.kind == BACKLOG else max(window.oldest, window.known + 1)
    return [Span(oldest, window.latest)] if oldest <= window.latest else []


def _read_up_to(ledger: Ledger) -> int:
    """The newest second that has been read: the head, less what the live reading is about."""
    newest = ledger.head
    for window in reversed(ledger.windows):
        for piece in _unread(window):
            if window.kind != BACKLOG and piece.latest == newest:
                newest = piece.oldest - 1
    return newest
