# SPDX-License-Identifier: Apache-2.0
"""Short histories told step by step: what the random ones meet only now and then."""

from __future__ import annotations

import pytest

from slack_audit_input.engine.absorb import absorb, dropped
from slack_audit_input.engine.plan import begin, plan
from slack_audit_input.engine.reading import choose, first, unread
from slack_audit_input.engine.sweeps import Level
from slack_audit_input.model.errors import CursorRejected
from slack_audit_input.model.ledger import BACKLOG, Window
from slack_audit_input.slack.answers import page_of, params_of
from slack_audit_input.slack.client import Answer
from slack_audit_input.slack.filters import Filters
from tests.fakes.slack import FakeSlack, entry

LEVELS = (Level(5, 15), Level(30, 90))
NOW = 10_000


def test_a_dead_cursor_leaves_the_rest_of_its_window_open() -> None:
    slack = FakeSlack([entry(NOW - n, 0.0, n) for n in range(1, 6)])
    ledger = begin(NOW - 10, NOW, LEVELS)
    window = Window(NOW - 10, NOW - 1, BACKLOG)
    ledger = ledger._replace(windows=(window,), head=NOW)
    reading = first(window, 2, ledger.turn)
    page = page_of(slack.page(params_of(reading, Filters()), NOW), reading, None)
    absorbed = absorb(ledger, reading, page, {}, NOW, (), 2)
    following = absorbed.following
    assert following is not None
    assert following.cursor
    with pytest.raises(CursorRejected):
        page_of(Answer(400, b""), following, None)
    again = dropped(absorbed.ledger, following, (), 2)
    assert again is not None
    assert not again.cursor
    # From the boundary second on, which is read again, for it may have been cut.
    assert (again.oldest, again.latest) == (NOW - 10, NOW - 2)
    assert absorbed.ledger.windows == (window._replace(latest=NOW - 2),)


def test_a_page_asked_for_earlier_cannot_fulfil_a_later_duty() -> None:
    ledger = plan(begin(NOW - 200, NOW, LEVELS), NOW, LEVELS)
    early = choose(ledger, (), 10, live=True)
    assert early is not None
    empty = page_of(FakeSlack([]).page(params_of(early, Filters()), NOW), early, None)
    # Slack answers late: meanwhile the next poll has been planned over the same seconds.
    ledger = plan(ledger, NOW + 5, LEVELS)
    live = ledger.windows[-1]
    assert live.oldest <= NOW
    absorbed = absorb(ledger, early, empty, {}, NOW + 6, (), 10)
    assert absorbed.ledger.windows[-1] == live, "an event may have appeared in between"


def test_a_backlog_page_asked_for_before_a_sweep_is_no_part_of_that_sweep() -> None:
    """Seconds that a sweep leaves to the backlog must be read after it, not before."""
    slack = FakeSlack([entry(NOW - n, 0.0, n) for n in range(20, 60, 10)])
    ledger = begin(NOW - 60, NOW - 10, LEVELS)
    window = Window(NOW - 60, NOW - 16, BACKLOG)
    ledger = ledger._replace(windows=(window,), head=NOW - 1)
    early = first(window, 2, ledger.turn)
    page = page_of(slack.page(params_of(early, Filters()), NOW), early, None)
    # Slack's answer is on its way, or waits for its turn, when the deepest sweep is due.
    ledger = plan(ledger, NOW + 25, LEVELS)
    assert ledger.swept[-1] == NOW + 25
    absorbed = absorb(ledger, early, page, {}, NOW + 26, (), 2)
    open_ = [(w.oldest, w.latest) for w in absorbed.ledger.windows]
    assert any(oldest <= NOW - 20 <= latest for oldest, latest in open_), "it was shown before"
    # The walk goes on with the cursor: the second at the boundary is not on the pages to come.
    following = absorbed.following
    assert following is not None
    assert following.cursor
    assert following.top == NOW - 30
    page = page_of(slack.page(params_of(following, Filters()), NOW + 26), following, None)
    absorbed = absorb(absorbed.ledger, following, page, {}, NOW + 27, (), 2)
    open_ = [(w.oldest, w.latest) for w in absorbed.ledger.windows]
    for second in (NOW - 20, NOW - 30):
        assert any(oldest <= second <= latest for oldest, latest in open_), second
    # What came after the sweep was planned is done with.
    assert not any(oldest <= NOW - 35 <= latest for oldest, latest in open_)


def test_a_backlog_is_read_though_every_page_of_it_takes_longer_than_a_poll() -> None:
    """What a poll comes too late for joins the backlog, and renews no other part of it."""
    entries = [entry(NOW - 2000 + n, 0.0, n) for n in range(0, 1900, 10)]
    slack = FakeSlack(entries)
    ledger = begin(NOW - 2000, NOW - 100, LEVELS)
    ledger = ledger._replace(windows=(Window(NOW - 2000, NOW - 101, BACKLOG),), head=NOW - 101)
    now = NOW
    for _ in range(9):
        now += 20  # later than a live reading looks back; what it missed joins the window
        ledger = plan(ledger, now, LEVELS)
        reading = first(min(ledger.windows), 20, ledger.turn)
        page = page_of(slack.page(params_of(reading, Filters()), now), reading, None)
        for _ in range(2):
            now += 20
            ledger = plan(ledger, now, LEVELS, [unread(reading)])
        ledger = absorb(ledger, reading, page, {}, now, (), 20).ledger
    # Each page holds 200 seconds, of which the boundary is read again.
    assert min(w.latest for w in ledger.windows) < NOW - 1000
