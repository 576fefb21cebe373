# SPDX-License-Identifier: Apache-2.0
"""Several sinks as one: an event is accepted when all of them have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Protocol

from slack_audit_input.model.event import Event


class Sink(Protocol):
    """As in ``collector.ports``."""

    def write(self, events: Sequence[Event]) -> None:
        """Return once all are accepted."""

    def write_records(self, records: Sequence[Event]) -> None:
        """The same for coverage records."""

    def close(self) -> None:
        """Let go of the host."""


class Fanout:
    """Writes each page to one sink after the other, in the order given.

    When a later one fails, the earlier ones have the page already, and get it once more when it
    comes again: no sink loses anything by another's failure.
    """

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)

    def write(self, events: Sequence[Event]) -> None:
        """Return once every sink has accepted all; raises the first one's SinkError."""
        for sink in self._sinks:
            sink.write(events)

    def write_records(self, records: Sequence[Event]) -> None:
        """The same for coverage records; sinks without a place for them accept them unseen."""
        for sink in self._sinks:
            sink.write_records(records)

    def counters(self) -> Mapping[str, int]:
        """What all of them have counted, together."""
        total: Counter[str] = Counter()
        for sink in self._sinks:
            counters = getattr(sink, "counters", None)
            if counters is not None:
                total.update(counters())
        return total

    def close(self) -> None:
        """Close all of them, whatever becomes of one."""
        with ExitStack() as stack:
            for sink in reversed(self._sinks):
                stack.callback(sink.close)
