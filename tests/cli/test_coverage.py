# SPDX-License-Identifier: Apache-2.0
"""What of a stretch can be compared: about the stretch that was named, and no other."""

from __future__ import annotations

from slack_audit_input.collector.verify import FRESH, Coverage, coverage
from slack_audit_input.engine.delivered import HOUR
from slack_audit_input.model.ledger import BACKLOG, LIVE, SWEEP, Ledger, Span, Window

START, HEAD = 10 * HOUR + 1000, 20 * HOUR + 1000


def ledger(*windows: Window, floor: int = START, earlier: tuple[Span, ...] = ()) -> Ledger:
    """One that has read from START to HEAD, but for ``windows``."""
    return Ledger(START, HEAD, earlier, windows, (HEAD,), floor)


def test_all_is_read() -> None:
    found = coverage(ledger(), START + 5000, START + 9000)
    oldest = (START + 5000) // HOUR * HOUR
    latest = (START + 9000) // HOUR * HOUR + HOUR - 1
    assert found == Coverage((Span(oldest, latest),), (), ())


def test_whole_hours_end_where_the_input_begins_and_where_it_has_read() -> None:
    assert coverage(ledger(), START, HEAD) == Coverage((Span(START, HEAD),), (), ())
    assert coverage(ledger(), START + 1, HEAD - 1) == Coverage((Span(START, HEAD),), (), ())


def test_never_asked_is_what_was_named() -> None:
    found = coverage(ledger(), START - 500, START + 10)
    assert found.never == (Span(START - 500, START - 1),)
    assert found.open == ()
    assert coverage(ledger(), START - 9, START - 5).never == (Span(START - 9, START - 5),)
    assert coverage(ledger(), START - 9, START - 5).done == (Span(START, 11 * HOUR - 1),)


def test_later_than_what_has_been_read_is_not_read_yet() -> None:
    for oldest, latest in ((HEAD + 1, HEAD + 2), (HEAD + 9999, HEAD + 99999)):
        assert coverage(ledger(), oldest, latest) == Coverage((), (Span(oldest, latest),), ())
    found = coverage(ledger(), HEAD - 5, HEAD + FRESH + 1)
    assert found.open == (Span(HEAD + 1, HEAD + FRESH + 1),)


def test_until_now_does_not_mean_the_seconds_of_the_next_poll() -> None:
    for latest in (HEAD, HEAD + 1, HEAD + FRESH):
        assert coverage(ledger(), HEAD - 5, latest).open == ()
    live = Window(HEAD - 14, HEAD, LIVE, known=HEAD - 5)
    found = coverage(ledger(live), HEAD - 100, HEAD)
    assert found.open == ()
    assert found.done[-1].latest == HEAD - 5


def test_nothing_at_all_has_been_read() -> None:
    empty = Ledger(START, START - 1, (), (), (0,), START)
    named = Span(START + 5, START + 9)
    assert coverage(empty, *named) == Coverage((), (named,), ())


def test_backlog_is_not_read_yet() -> None:
    gap = Window(START + 3000, START + 3999, BACKLOG)
    found = coverage(ledger(gap), START + 2500, START + 3500)
    assert found.open == (Span(START + 3000, START + 3500),)
    assert (
        found.done
        == (
            Span(START, START + 2999),
            Span(START + 4000, 12 * HOUR - 1),
        )
        or found.done[0].latest == START + 2999
    )
    assert coverage(ledger(gap), START + 100, START + 200).open == ()


def test_a_sweep_under_way_leaves_read_what_was_read() -> None:
    sweep = Window(HEAD - 5000, HEAD - 100, SWEEP, known=HEAD)
    assert coverage(ledger(sweep), HEAD - 6000, HEAD).open == ()
    half = sweep._replace(known=HEAD - 3000)
    assert coverage(ledger(half), HEAD - 6000, HEAD).open == (Span(HEAD - 2999, HEAD - 100),)


def test_a_sealed_hour_with_a_gap_has_no_digest_to_compare() -> None:
    gap = Window(12 * HOUR + 100, 12 * HOUR + 199, BACKLOG)
    found = coverage(ledger(gap, floor=15 * HOUR), 12 * HOUR + 1000, 12 * HOUR + 2000)
    assert found.open == (Span(12 * HOUR + 1000, 12 * HOUR + 2000),)
    assert found.done == ()
    # In the index every id is known, gap or not.
    found = coverage(ledger(gap, floor=12 * HOUR), 12 * HOUR + 1000, 12 * HOUR + 2000)
    assert found.open == ()
    assert found.done == (
        Span(12 * HOUR, 12 * HOUR + 99),
        Span(12 * HOUR + 200, 13 * HOUR - 1),
    )


def test_stretches_before_the_start() -> None:
    earlier = (Span(2 * HOUR, 3 * HOUR - 1),)
    found = coverage(ledger(earlier=earlier), 2 * HOUR + 5, 4 * HOUR - 1)
    assert found.done == earlier
    assert found.never == (Span(3 * HOUR, 4 * HOUR - 1),)
