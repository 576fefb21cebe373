# SPDX-License-Identifier: Apache-2.0
"""Several sinks as one: accepted by all, or not accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from slack_audit_input.model.errors import SinkError
from slack_audit_input.model.event import Event
from slack_audit_input.sinks.fanout import Fanout
from tests.sinks.events import events


class ListSink:
    """Keeps what it gets; fails when ``failing``."""

    def __init__(self) -> None:
        self.got: list[Event] = []
        self.failing = False
        self.closed = 0

    def write(self, events: Sequence[Event]) -> None:
        if self.failing:
            raise SinkError("no")
        self.got += events

    def write_records(self, records: Sequence[Event]) -> None:
        self.write(records)

    def close(self) -> None:
        self.closed += 1
        if self.failing:
            raise SinkError("no")


class CountingSink(ListSink):
    """Counts, too."""

    def counters(self) -> Mapping[str, int]:
        return {"written": len(self.got)}


def test_all_get_all_in_the_order_given() -> None:
    sinks = [ListSink(), CountingSink(), CountingSink()]
    sink = Fanout(sinks)
    sink.write(events(3))
    assert [one.got for one in sinks] == [events(3)] * 3
    assert sink.counters() == {"written": 6}


def test_one_that_fails_fails_for_all() -> None:
    one, two, three = sinks = [ListSink(), ListSink(), ListSink()]
    sink = Fanout(sinks)
    two.failing = True
    with pytest.raises(SinkError):
        sink.write(events(3))
    assert (one.got, two.got, three.got) == (events(3), [], [])


def test_all_are_closed_whatever_becomes_of_one() -> None:
    sinks = [ListSink(), ListSink(), ListSink()]
    sinks[1].failing = True
    with pytest.raises(SinkError):
        Fanout(sinks).close()
    assert [one.closed for one in sinks] == [1, 1, 1]
