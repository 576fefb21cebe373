# SPDX-License-Identifier: Apache-2.0
"""Plan: what is due now becomes an open window of the ledger. Pure.

::

    start ────────── backlog ──────────┤ head
          done   [gap][gap]     done    [ live ]  now
                            ◄──── sweeps re-read ────►
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slack_audit_input.engine import sweeps
from slack_audit_input.engine.delivered import HOUR
from slack_audit_input.engine.spans import Stretch, overlap, united, within, without
from slack_audit_input.engine.sweeps import Level
from slack_audit_input.model.ledger import BACKLOG, LIVE, SWEEP, Ledger, Span, Window

#: Seconds between two live readings that are no pause yet: at one call a minute, polls are a
#: minute apart. Left to the backlog, each such gap would take a call of its own, and the end of
#: what was read before it another; a budget of two calls a minute would never get there.
NO_PAUSE = 120


def begin(start: int, now: int, levels: Sequence[Level]) -> Ledger:
    """The ledger of an input that has read nothing yet; its first plan reads live at once."""
    # Deeper levels count from now: the backlog that is about to be read is read after now,
    # so it is as good as their run.
    swept = (now - levels[0].period, *(now for _ in levels[1:]))
    # The index reaches back as far as sweeps will, also before start: a backfill may come.
    floor = _whole_minute(sweeps.horizon(levels, swept))
    return Ledger(start, start - 1, (), (), swept, floor=floor)


def relevel(ledger: Ledger, levels: Sequence[Level]) -> Ledger:
    """The ledger under other sweep levels than it was written with.

    All count from the run that lies furthest back; a deeper reach than the delivered index
    has is clamped by ``floor``.
    """
    if len(ledger.swept) == len(levels):
        return ledger
    return ledger._replace(swept=tuple(min(ledger.swept) for _ in levels))


def asked(ledger: Ledger) -> tuple[Span, ...]:
    """The stretches this input answers for, oldest first."""
    main = (Span(ledger.start, ledger.head),) if ledger.head >= ledger.start else ()
    return (*ledger.earlier, *main)


def plan(ledger: Ledger, now: int, levels: Sequence[Level], busy: Sequence[Span] = ()) -> Ledger:
    """The ledger with a window for everything that is due at ``now``.

    ``now`` is Slack's clock in whole seconds. ``busy``: spans being read at this moment.
    Returns the same ledger when nothing is due. The caller persists the result before, or
    together with, anything that is read for it.
    """
    deepest = sweeps.deepest_due(levels, ledger.swept, now)
    if deepest is None or now < ledger.start:
        return ledger
    turn = ledger.turn + 1
    # Fresh events never wait behind old ones: the live part stays short, and what a pause
    # left unread before it is backlog.
    live_from = max(ledger.start, now - levels[0].depth)
    if now - ledger.head <= NO_PAUSE:
        live_from = max(ledger.start, min(live_from, ledger.head + 1))
    backlog = [w for w in ledger.windows if w.kind == BACKLOG]
    if ledger.head + 1 < live_from:
        backlog.append(Window(ledger.head + 1, live_from - 1, BACKLOG, turn=turn))
    old_backlog = [cut for w in backlog for cut in _minus(w, [Span(live_from, now)])]

    reach = max(sweeps.reach(levels, ledger.swept, deepest, now), ledger.floor)
    head = max(ledger.head, now)
    ours = united((*ledger.earlier, Span(ledger.start, head)))
    # A backlog window will be read after now anyway; sweeping it as well would be waste. A page of
    # it that was asked for before now is not: of what a sweep would read it fulfils nothing.
    low = min(reach, live_from)
    old_backlog = [piece for w in old_backlog for piece in _renewed(w, low, turn)]
    pieces = [
        piece for part in within(Span(low, now), ours) for piece in without(part, old_backlog)
    ]
    new = [
        Window(
            piece.oldest,
            piece.latest,
            LIVE if piece.latest == now else SWEEP,
            known=_known(ledger, piece),
            level=deepest,
            turn=turn,
        )
        for piece in pieces
    ]
    # What the new windows cover they take over; what they leave of older ones stays open.
    others = [
        cut._replace(kind=SWEEP)
        for w in ledger.windows
        if w.kind != BACKLOG
        for cut in _minus(w, pieces)
    ]
    swept = tuple(now if i <= deepest else last for i, last in enumerate(ledger.swept))
    windows = _merged([*old_backlog, *others, *new], busy)
    floor = max(ledger.floor, _whole_minute(sweeps.horizon(levels, swept)))
    return ledger._replace(head=head, windows=windows, swept=swept, floor=floor, turn=turn)


def add_backlog(ledger: Ledger, span: Span) -> Ledger:
    """The ledger with a past stretch added: what of ``span`` was never asked becomes backlog.

    Seconds at or before ``head`` only; what is done or open already stays as it is, for
    reading it again could only repeat events.
    """
    span = Span(span.oldest, min(span.latest, max(ledger.head, ledger.start - 1)))
    if span.seconds <= 0:
        return ledger
    turn = ledger.turn + 1
    fresh = without(span, asked(ledger))
    windows = [*ledger.windows, *(Window(*piece, BACKLOG, turn=turn) for piece in fresh)]
    stretches = united((*asked(ledger), *fresh))
    *earlier, last = stretches
    start = ledger.start
    if ledger.head >= ledger.start:
        start = last.oldest
    else:
        earlier.append(last)
    # An hour that is asked for in part, and now in whole, has another record to come.
    grown = [Span(piece.oldest // HOUR, piece.latest // HOUR) for piece in fresh]
    return ledger._replace(
        start=start,
        earlier=tuple(earlier),
        windows=_merged(windows, ()),
        turn=turn,
        covered=tuple(left for span in ledger.covered for left in without(span, grown)),
    )


def reread(ledger: Ledger, span: Span) -> Ledger:
    """The ledger with a sweep over ``span``, as far as the delivered index reaches.

    For a stretch in which something was found missing: what is there already is recognised.
    """
    turn = ledger.turn + 1
    reachable = Span(max(span.oldest, ledger.floor), min(span.latest, ledger.head))
    if reachable.seconds <= 0:
        return ledger
    pieces = [
        piece
        for part in within(reachable, asked(ledger))
        for piece in without(part, ledger.windows)
    ]
    new = [Window(*piece, SWEEP, known=ledger.head, turn=turn) for piece in pieces]
    return ledger._replace(windows=_merged([*ledger.windows, *new], ()), turn=turn)


def _minus(window: Window, holes: Iterable[Stretch]) -> list[Window]:
    pieces = without(Span(window.oldest, window.latest), holes)
    return [window._replace(oldest=piece.oldest, latest=piece.latest) for piece in pieces]


def _renewed(window: Window, low: int, turn: int) -> list[Window]:
    """The window, the duty to read it from second ``low`` on renewed in ``turn``.

    Only that part: pages of a long backlog that are under way would count for nothing else.
    """
    older = window._replace(latest=min(window.latest, low - 1))
    newer = window._replace(oldest=max(window.oldest, low), turn=turn)
    return [piece for piece in (older, newer) if piece.oldest <= piece.latest]


def _known(ledger: Ledger, piece: Span) -> int:
    known = ledger.head
    for window in ledger.windows:
        if overlap(window, piece):
            unread = window.oldest - 1 if window.kind == BACKLOG else window.known
            known = min(known, unread)
    return known


def _merged(windows: Iterable[Window], busy: Sequence[Span]) -> tuple[Window, ...]:
    """Sorted, and neighbours of one kind joined unless one of them is being read.

    Without it an hour of failing polls would leave hundreds of windows of a few seconds.
    """
    out: list[Window] = []
    for window in sorted(windows):
        last = out[-1] if out else None
        if (
            last is not None
            and last.latest + 1 == window.oldest
            and last.kind == window.kind
            and window.kind != LIVE
            and not any(overlap(window, span) or overlap(last, span) for span in busy)
        ):
            out[-1] = last._replace(
                latest=window.latest,
                known=min(last.known, window.known),
                level=max(last.level, window.level),
                turn=max(last.turn, window.turn),
            )
        else:
            out.append(window)
    return tuple(out)


def _whole_minute(second: int) -> int:
    return second - second % 60
