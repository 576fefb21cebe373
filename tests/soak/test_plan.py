# SPDX-License-Identifier: Apache-2.0
"""What a small or short day has instead, and that a full day's stays what it is."""

from __future__ import annotations

import pytest

from tests.soak.plan import ALL_DAY, DAY, FULL_DAY, PILE, all_day, bursts, measure, pile
from tests.soak.running import MIDNIGHT, NINE, PAGE_OF, Form


@pytest.mark.parametrize("events", [FULL_DAY, 100_000, 1_000_000])
def test_a_full_day_has_bursts_beyond_a_page(events: float) -> None:
    assert pile(events) == PILE == 5000
    for page in PAGE_OF.values():
        assert measure(page, events) == page
        sizes = [int(one.rpartition(":")[2]) for one in bursts(MIDNIGHT, DAY, 1, page)]
        assert all(page < size <= 2.5 * page for size in sizes)


def test_a_small_day_has_them_in_proportion_down_to_some() -> None:
    assert (measure(500, 30_000), pile(30_000)) == (250, 2500)
    assert (measure(500, 900), pile(900)) == (30, 75)
    assert measure(20, 900) == 20
    sizes = [int(one.rpartition(":")[2]) for one in bursts(MIDNIGHT, DAY, 1, measure(500, 900))]
    assert all(30 < size <= 75 for size in sizes)


@pytest.mark.parametrize(
    ("hours", "begin"), [(0.28, NINE), (16, MIDNIGHT + 8 * 3600), (24, MIDNIGHT), (48, MIDNIGHT)]
)
def test_part_of_a_day_is_its_end(hours: float, begin: int) -> None:
    assert Form(seconds=hours * 3600).begin == begin


def test_a_short_day_meets_more_of_what_is_counted() -> None:
    assert all_day(short=False) == ALL_DAY
    assert set(ALL_DAY) - set(all_day(short=True)) == {
        *("http_500=0.01", "rate_limited=0.005:7", "cut=0.01", "reset=0.005"),
        *("slow_start=0.01:15", "drip=0.01:10"),
    }
    assert {"rate_limited=0.03:7", "cut=0.03", "hang=0.001"} < set(all_day(short=True))
