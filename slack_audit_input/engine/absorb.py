# SPDX-License-Identifier: Apache-2.0
"""Absorb: what one page means for the ledger, and where its walk goes on. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from slack_audit_input.engine.delivered import split
from slack_audit_input.engine.reading import follow, unread
from slack_audit_input.engine.spans import overlap, without
from slack_audit_input.model.errors import ProtocolError
from slack_audit_input.model.event import Event, Page, between
from slack_audit_input.model.ledger import BACKLOG, LIVE, SWEEP, Ledger, Reading, Span, Window

#: Pages in a row without a new event or an older second before a walk is called a loop. A
#: second re-read after a crash can honestly take many such pages.
IDLE_PAGES_ALLOWED = 1000
#: Slack answering a cursor with the same cursor counts as this many.
_LOOP = 101


class Absorbed(NamedTuple):
    """What a page brought.

    ``fresh``: events for the sink. ``add``: the keys they add to the index, by minute.
    ``duplicates``, ``outside``: entries known already; entries beyond the reading's bounds,
    which belong to another reading or were never asked for. ``lateness``: seconds by which
    each late event was late, at most (when it was found, less its second). ``ledger``: to be
    committed together with ``add`` after the sink has accepted. ``following``: the walk's
    next call. ``unproven_end``: Slack ended a full page without saying so.
    """

    fresh: list[Event]
    add: dict[int, dict[int, None]]
    duplicates: int
    outside: int
    lateness: list[int]
    ledger: Ledger
    following: Reading | None
    unproven_end: bool


def absorb(
    ledger: Ledger,
    reading: Reading,
    page: Page,
    buckets: Mapping[int, Collection[int]],
    now: int,
    others: Sequence[Reading] = (),
    limit: int = 9999,
) -> Absorbed:
    """Fold ``page``, the answer to ``reading``, into ``ledger``.

    ``buckets``: the delivered index of every minute on the page. ``now``: Slack's clock in
    seconds. ``others``: readings under way beside this one. ``limit``: page size of the next
    call. Raises ProtocolError when Slack sends the walk in a circle.
    """
    events = page.events
    outside = 0
    if page.newest is not None and (page.newest > reading.latest or _below(page, reading)):
        events = between(events, reading.oldest, reading.latest)
        outside = len(page.events) - len(events)
    fresh, add, duplicates = split(events, page.undated, buckets)

    ordered = (
        reading.ordered
        and page.ordered
        and (page.newest is None or page.newest <= max(reading.top, reading.oldest))
    )
    boundary = reading.top if page.oldest is None else min(page.oldest, reading.top)
    stuck = boundary == reading.top and not fresh
    ended, unproven = _ended(reading, page, ordered, stuck)

    read = Span(reading.oldest if ended else boundary + 1, reading.top)
    if (ordered or ended) and read.seconds > 0:
        ledger = ledger._replace(windows=tuple(_without(ledger.windows, read, reading)))
    following = None
    if not ended:
        walked = reading._replace(
            top=max(boundary, reading.oldest) if ordered else reading.top,
            top_turn=reading.turn if boundary < reading.top else _top_turn(reading),
            ordered=ordered,
            idle_pages=_idle(reading, page) if stuck else 0,
            kind=SWEEP if reading.kind == LIVE else reading.kind,
        )
        ledger = ledger._replace(windows=tuple(_demoted(ledger.windows, reading)))
        cursor = "" if page.next_cursor == reading.cursor else page.next_cursor
        following = follow(ledger, walked, cursor, limit, others)
    else:
        done = reading._replace(cursor="", ordered=True)
        following = follow(ledger, done, "", limit, others) if _left(ledger, done) else None
    return Absorbed(
        fresh, add, duplicates, outside, _lateness(fresh, reading, now), ledger, following, unproven
    )


def dropped(
    ledger: Ledger, reading: Reading, others: Sequence[Reading], limit: int
) -> Reading | None:
    """The walk after its cursor died: on from the boundary second, without a cursor."""
    return follow(ledger, reading._replace(ordered=True), "", limit, others)


def _below(page: Page, reading: Reading) -> bool:
    return page.oldest is not None and page.oldest < reading.oldest


def _ended(reading: Reading, page: Page, ordered: bool, stuck: bool) -> tuple[bool, bool]:
    """Has the walk read its window to the end, and is that unproven?

    Slack says the end with ``next_cursor: ""``; clients have also seen the key missing. On a
    page that is full, a missing cursor is not believed: the walk goes on from the boundary
    second, and ends when that brings nothing. Entries older than the window mean that its end
    has been passed (the cursor forgets ``oldest`` when it is not sent again).
    """
    if ordered and _below(page, reading):
        return True, False
    if page.next_cursor:
        return False, False
    if page.end_stated or page.entries < reading.limit:
        return True, False
    return stuck or not ordered, True


def _idle(reading: Reading, page: Page) -> int:
    pages = reading.idle_pages + (_LOOP if page.next_cursor == reading.cursor else 1)
    if pages > IDLE_PAGES_ALLOWED:
        raise ProtocolError(
            f"Slack sends the reading of {reading.oldest}..{reading.latest} in a circle: "
            f"{pages} pages without a new event or an older second. The checkpoint is kept"
        )
    return pages


def _top_turn(reading: Reading) -> int:
    """After which plan the oldest page that shows ``reading.top`` was asked."""
    return reading.turn if reading.top_turn < 0 else min(reading.top_turn, reading.turn)


def _without(windows: Sequence[Window], read: Span, reading: Reading) -> Iterator[Window]:
    """Open windows less ``read``, which the page that answers ``reading`` has finished.

    Its newest second was shown by the page before, from which its cursor goes on: what is planned
    between the two is not fulfilled by it.
    """
    top = Span(reading.top, reading.top)
    rest = _subtract(windows, top, _top_turn(reading)) if overlap(read, top) else iter(windows)
    below = Span(read.oldest, min(read.latest, reading.top - 1))
    yield from _subtract(tuple(rest), below, reading.turn) if below.seconds > 0 else rest


def _subtract(windows: Sequence[Window], read: Span, turn: int) -> Iterator[Window]:
    """Open windows less what has been read, if it was asked for after the duty arose."""
    for window in windows:
        if window.turn > turn or not overlap(window, read):
            yield window
            continue
        for piece in without(Span(window.oldest, window.latest), [read]):
            yield window._replace(oldest=piece.oldest, latest=piece.latest)


def _demoted(windows: Sequence[Window], reading: Reading) -> Iterator[Window]:
    """What a live page left unread is a sweep from now on: the next poll reads what is newer."""
    for window in windows:
        live = window.kind == LIVE and window.turn <= reading.turn
        yield window._replace(kind=SWEEP) if live and overlap(window, reading) else window


def _left(ledger: Ledger, reading: Reading) -> bool:
    return any(overlap(w, unread(reading)) for w in ledger.windows)


def late_among(fresh: Sequence[Event], reading: Reading) -> list[Event]:
    """The events whose second had been read before: a sweep has recovered them."""
    if reading.kind == BACKLOG:
        return []
    known = reading.known
    return [event for event in fresh if event[0] <= known]  # by their seconds


def _lateness(fresh: Sequence[Event], reading: Reading, now: int) -> list[int]:
    """How late each event appeared whose second had been read before: at most this much."""
    return [now - second for second, _, _ in late_among(fresh, reading)]
