# SPDX-License-Identifier: Apache-2.0
"""What the advice reckons for other levels is what happens under them; see advised.py."""

from __future__ import annotations

import pytest

from tests.collector.advised import SETS, cases
from tests.collector.scenarios import LATENCY, SCENARIOS

pytestmark = pytest.mark.slow

DAY = SCENARIOS[2]._replace(events=10_000, burst=1_000)


@pytest.mark.parametrize("set_", [SETS[3], SETS[5]], ids=str)
def test_a_day_goes_as_reckoned(set_: tuple[int, str]) -> None:
    (case,) = cases([DAY], [set_])
    reckoned, books = case.reckoned, case.books
    assert books.calls_a_minute == pytest.approx(reckoned.calls, abs=0.1)
    assert books.median == pytest.approx(reckoned.median + LATENCY, rel=0.05, abs=0.2)
    assert books.p95 == pytest.approx(reckoned.p95 + LATENCY, rel=0.1)
    assert books.lost == pytest.approx(reckoned.missed, rel=0.1)
    assert (books.lost > 1000) is (set_ == SETS[3])
