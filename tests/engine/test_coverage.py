# SPDX-License-Identifier: Apache-2.0
"""Which hours are due for a record, and what the texts of records and tallies say."""

from __future__ import annotations

import json

import pytest

from slack_audit_input.engine.coverage import (
    KEPT_FOR_COVERAGE,
    closed_up_to,
    covered,
    due,
    to_read,
    uncovered,
    waited_for,
    waived,
)
from slack_audit_input.engine.ledger import from_json, to_json
from slack_audit_input.engine.plan import add_backlog
from slack_audit_input.engine.records import (
    event_of,
    is_record,
    state_of,
    tally_of,
    tally_text,
    with_late,
)
from slack_audit_input.engine.sweeps import DEFAULT_LEVELS, Level
from slack_audit_input.model.coverage import (
    BY_DIGEST,
    BY_IDS,
    COMPLETE,
    DIFFERS,
    REPAIRED,
    Comparison,
    Record,
    Tally,
)
from slack_audit_input.model.errors import StoreError
from slack_audit_input.model.ledger import BACKLOG, SWEEP, Ledger, Span, Window

HOUR = 3600
#: Nothing comes later than half an hour.
LEVELS = (Level(5, 15), Level(1800, 3600))


def ledger(swept: int, *windows: Window, start: int = 0, earlier: tuple[Span, ...] = ()) -> Ledger:
    return Ledger(start, swept, earlier, windows, (swept, swept), floor=swept - 3600)


@pytest.mark.parametrize(
    ("after", "hours"),
    # The hour 0 ends with second 3599; half an hour later nothing can appear for it any more.
    [(5398, ()), (5399, (Span(0, 0),)), (8998, (Span(0, 0),)), (8999, (Span(0, 1),))],
)
def test_an_hour_is_due_when_the_sweeps_have_passed_it(after: int, hours: tuple[Span]) -> None:
    assert due(ledger(after), LEVELS) == hours


def test_with_the_default_sweeps_it_takes_18_hours() -> None:
    end = 100 * HOUR - 1
    assert closed_up_to((end + 18 * HOUR - 1,), DEFAULT_LEVELS) == 98
    assert closed_up_to((end + 18 * HOUR,), DEFAULT_LEVELS) == 99


@pytest.mark.parametrize("kind", [BACKLOG, SWEEP])
def test_an_hour_with_an_open_window_is_not_due(kind: str) -> None:
    window = Window(2 * HOUR - 1, 3 * HOUR, kind)
    assert due(ledger(9 * HOUR, window), LEVELS) == (Span(0, 0), Span(4, 7))


def test_only_what_was_asked_for_is_due_and_read() -> None:
    early = (Span(HOUR + 100, HOUR + 200), Span(HOUR + 400, 2 * HOUR))
    found = ledger(9 * HOUR, start=5 * HOUR + 7, earlier=early)
    assert due(found, LEVELS) == (Span(1, 2), Span(5, 7))
    assert to_read(found, Span(1, 2)) == early
    assert to_read(found, Span(5, 5)) == (Span(5 * HOUR + 7, 6 * HOUR - 1),)


def test_what_has_a_record_or_is_to_have_none_is_not_due() -> None:
    found = waived(covered(ledger(9 * HOUR), [2, 3, 7]), Span(5 * HOUR - 1, 5 * HOUR))
    assert found.covered == (Span(2, 5), Span(7, 7))
    assert due(found, LEVELS) == (Span(0, 1), Span(6, 6))
    assert due(uncovered(found, [Span(3, 3)]), LEVELS) == (Span(0, 1), Span(3, 3), Span(6, 6))
    assert uncovered(found, [Span(9, 9)]) is found


def test_an_hour_that_a_backfill_makes_longer_is_due_again() -> None:
    found = covered(ledger(9 * HOUR, start=5 * HOUR + 7), [5, 6, 7])
    longer = add_backlog(found, Span(4 * HOUR, 6 * HOUR))
    assert longer.covered == (Span(6, 7),)


def test_the_index_waits_for_a_record_and_not_for_ever() -> None:
    found = covered(ledger(9 * HOUR), [3, 4])
    first = (found.floor - KEPT_FOR_COVERAGE) // HOUR * HOUR
    assert waited_for(found) == (Span(first, 3 * HOUR - 1), Span(5 * HOUR, 9 * HOUR - 1))


def test_the_ledger_remembers_and_an_older_text_begins_anew() -> None:
    found = covered(ledger(9 * HOUR), [3, 4])
    text = to_json(found)
    assert from_json(text).covered == (Span(3, 4),)
    data = json.loads(text)
    del data["covered"]
    assert from_json(json.dumps(data)).covered == (Span(0, 9),)
    for wrong in ([[4, 3]], [[1, 2], [2, 3]], [["a", 1]], 7):
        with pytest.raises(StoreError):
            from_json(json.dumps({**data, "covered": wrong}))


def test_texts_and_back() -> None:
    tally = with_late(with_late(Tally(missing=2, repaired=2), [3, 100_000]), [70_000])
    assert (tally.late, tally.most) == (3, 100_000)
    assert tally_of(tally_text(tally)) == tally
    assert tally_of(tally_text(Tally())) == Tally()
    found = Comparison(9, "0" * 32, 9, 0, 0, False, BY_IDS, 1)
    record = Record("i", "a", 500_000, 1, 2, 2, tally._replace(revision=4), found, COMPLETE, 3, 4)
    second, name, text = event_of(record)
    assert second == 500_000 * HOUR + HOUR - 1
    assert is_record(text)
    assert not is_record(tally_text(tally))
    # A record's tally goes on where it stands.
    assert tally_of(text) == tally._replace(revision=4)
    data = json.loads(text)
    assert data["lateness"] == {"le5": 1, "more": 1, "le86400": 1}
    assert data["first_time"] + data["late"] + data["repaired"] == data["delivered"]
    # The same hour of the same input has the same name, and nobody else's has.
    _, same, _ = event_of(record._replace(closed=99))
    assert same == name
    for other in (
        record._replace(account="b"),
        record._replace(input="j"),
        record._replace(hour=1),
    ):
        _, another, _ = event_of(other)
        assert another != name


def test_what_a_sealed_hour_is_short_of_is_measured_anew_each_time() -> None:
    short = Comparison(9, "0" * 32, 7, 0, 2, True, BY_DIGEST, 1)
    tally = Tally(missing=1, repaired=1, revision=1)
    first = Record("i", "a", 500_000, 1, 2, 2, tally, short, DIFFERS, 3, 4)
    _, _, text = event_of(first)
    assert json.loads(text)["missing"] == 3
    again = tally_of(text)
    assert again == tally
    assert state_of(again, short) == DIFFERS
    assert state_of(again, short._replace(short=0, differs=False)) == REPAIRED
    assert state_of(Tally(), short._replace(short=0, differs=False)) == COMPLETE


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"late":-1}', "[" * 10_000, tally_text(Tally()).replace(":0", ":true")],
)
def test_a_damaged_text_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="damaged"):
        tally_of(text)
