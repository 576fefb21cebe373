# SPDX-License-Identifier: Apache-2.0
"""What a comparison makes of pages, hour by hour, told by hand."""

from __future__ import annotations

from collections.abc import Iterable

from slack_audit_input.collector.comparing import Compared, Comparing
from slack_audit_input.collector.index import hour_of
from slack_audit_input.engine.delivered import HOUR, MINUTE, HourTotal, pack
from slack_audit_input.model.coverage import Comparison
from slack_audit_input.model.ledger import Span
from tests.fakes.world import Memory, MemoryCheckpoint

#: The hours that are compared, and all of the first one's seconds.
OLDER, NEWER = 10, 11
START = OLDER * HOUR
END = NEWER * HOUR + HOUR - 1


class Told:
    """A comparison of two hours, of which ``delivered`` (second: keys) is in the index."""

    def __init__(self, delivered: dict[int, list[int]], floor: int = 0) -> None:
        self.memory = Memory()
        for second, keys in delivered.items():
            self.memory.buckets[second // MINUTE] = pack(keys)
        self.floor = floor
        self.comparing = Comparing(MemoryCheckpoint(self.memory), Span(OLDER, NEWER))
        self.found: dict[int, Comparison] = {}

    def seal(self, hour: int, keys: Iterable[int]) -> None:
        self.memory.totals[hour] = hour_of(HourTotal().plus([*keys]))

    def page(self, shown: dict[int, list[int]], top: int, open_to: int) -> Compared:
        """A page from ``top`` down; ``shown``: keys by second."""
        fresh = [(second, key, f"{key}") for second, keys in shown.items() for key in keys]
        add: dict[int, dict[int, None]] = {}
        for second, key, _ in fresh:
            add.setdefault(second // MINUTE, {})[key] = None
        compared = self.comparing.page(fresh, add, top, open_to, self.floor)
        for second, key, _ in compared.missing:
            # As the commit does before the next page comes.
            known = self.memory.buckets.get(second // MINUTE, b"")
            self.memory.buckets[second // MINUTE] = known + pack([key])
        self.found.update(compared.hours)
        return compared


def test_hours_are_whole_one_after_the_other() -> None:
    told = Told({START + 5: [1], START + HOUR: [2], END: [3]})
    first = told.page({END: [3]}, END, START + HOUR)
    assert (first.missing, first.hours) == ([], {})
    # The boundary second is read, but not whole: neither its minute nor its hour is done with.
    second = told.page({START + HOUR: [2]}, START + HOUR, START + HOUR - 1)
    assert [*second.hours] == [NEWER]
    third = told.page({START + 5: [1]}, START + HOUR - 1, START - 1)
    assert [*third.hours] == [OLDER]
    newer, older = told.found[NEWER], told.found[OLDER]
    assert (newer.shown, newer.delivered, newer.calls) == (2, 2, 2)
    assert (older.shown, older.delivered, older.calls) == (1, 1, 2)
    assert newer.digest == HourTotal().plus([2, 3]).digest
    assert older.digest == HourTotal().plus([1]).digest
    assert (newer.compared, newer.gone, newer.short, newer.differs) == ("ids", 0, 0, False)


def test_a_page_over_both_hours_counts_for_both() -> None:
    told = Told({START: [1], END: [2]})
    told.page({END: [2], START: [1]}, END, START - 1)
    assert {hour: one.calls for hour, one in told.found.items()} == {NEWER: 1, OLDER: 1}
    assert [*told.found] == [NEWER, OLDER]


def test_one_minute_on_two_pages_is_one_set() -> None:
    minute = END - 30
    told = Told({minute: [1, 2, 3]})
    told.page({minute + 1: [1, 2]}, END, minute)
    told.page({minute: [3]}, minute, START - 1)
    assert (told.found[NEWER].shown, told.found[NEWER].gone) == (3, 0)


def test_what_is_missing_and_what_is_gone() -> None:
    told = Told({END: [1, 2]})
    compared = told.page({END: [2, 3]}, END, START - 1)
    assert [key for _, key, _ in compared.missing] == [3]
    assert compared.add == {END // MINUTE: {3: None}}
    found = told.found[NEWER]
    assert (found.shown, found.delivered, found.gone) == (2, 3, 1)


def test_a_sealed_hour_is_compared_by_its_sum() -> None:
    told = Told({END: [9]}, floor=START + HOUR)
    told.seal(OLDER, [1, 2])
    compared = told.page({END: [9], START + 7: [1], START + 700: [2]}, END, START - 1)
    older = told.found[OLDER]
    assert compared.missing == []
    assert (older.compared, older.differs, older.short) == ("digest", False, 0)
    assert (older.shown, older.delivered) == (2, 2)


def test_a_sealed_hour_that_lacks_one_is_short_and_differs() -> None:
    told = Told({}, floor=START + HOUR)
    told.seal(OLDER, [1])
    compared = told.page({START + 7: [1], START + 700: [2]}, END, START - 1)
    older = told.found[OLDER]
    assert compared.missing == []
    assert (older.differs, older.short, older.shown, older.delivered) == (True, 1, 2, 1)


def test_one_instead_of_another_differs() -> None:
    told = Told({}, floor=START + HOUR)
    told.seal(OLDER, [1, 2])
    told.page({START + 7: [1, 3]}, END, START - 1)
    older = told.found[OLDER]
    assert (older.differs, older.short) == (True, 0)


def test_a_minute_of_which_a_part_is_sealed_is_compared_both_ways() -> None:
    told = Told({START + 7: [1]}, floor=START + HOUR)
    told.seal(OLDER, [2, 3])
    compared = told.page({START + 7: [1, 2], START + 700: [3]}, END, START - 1)
    older = told.found[OLDER]
    assert compared.missing == []
    assert (older.compared, older.differs, older.short) == ("both", False, 0)
    assert (older.shown, older.delivered, older.gone) == (3, 3, 0)


def test_minutes_from_the_floor_on_are_compared_by_ids_though_their_hour_is_sealed() -> None:
    told = Told({START + 1800: [2]}, floor=START + 1800)
    told.seal(OLDER, [1])
    compared = told.page({START + 1800: [2], START + 1900: [3], START: [1]}, END, START - 1)
    assert [key for _, key, _ in compared.missing] == [3]
    older = told.found[OLDER]
    assert (older.compared, older.differs, older.delivered) == ("both", False, 3)
