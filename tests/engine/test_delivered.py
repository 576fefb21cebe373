# SPDX-License-Identifier: Apache-2.0
"""Which minutes may leave the delivered index."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.engine.delivered import MINUTE, sealable
from slack_audit_input.model.event import UNDATED
from slack_audit_input.model.ledger import Span

_SPANS = st.tuples(st.integers(0, 1800), st.integers(0, 400)).map(lambda s: Span(s[0], s[0] + s[1]))


@given(
    st.sets(st.integers(UNDATED, 30), max_size=20),
    st.integers(0, 2000),
    st.lists(_SPANS, max_size=5),
)
def test_every_minute_that_nothing_can_reach_and_no_other(
    minutes: set[int], floor: int, held: list[Span]
) -> None:
    def may_leave(minute: int) -> bool:
        seconds = range(minute * MINUTE, minute * MINUTE + MINUTE)
        reached = any(span.oldest <= second <= span.latest for span in held for second in seconds)
        return minute != UNDATED and seconds[-1] < floor and not reached

    assert sealable(minutes, floor, held) == sorted(filter(may_leave, minutes))
