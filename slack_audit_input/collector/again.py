# SPDX-License-Identifier: Apache-2.0
"""Entries that were found missing, read from Slack once more to be delivered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from slack_audit_input.collector.index import hour_of
from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.collector.sealed import SealedMinutes, parts_of
from slack_audit_input.collector.walk import Walk
from slack_audit_input.engine.delivered import HourTotal
from slack_audit_input.model.event import Event, dated, with_keys
from slack_audit_input.model.ledger import Span
from slack_audit_input.model.state import Hour


class HourAgain:
    """The sealed minutes of one hour, to be delivered again.

    ``spans``: what of it was asked for. ``wanted(events)``: which of a page's events are to go
    out; all of them by default. ``sent``: how many were given out.
    """

    def __init__(
        self,
        walk: Walk,
        checkpoint: Checkpoint,
        hour: int,
        spans: Sequence[Span],
        floor: int,
        wanted: Callable[[list[Event]], list[Event]] = lambda events: events,
    ) -> None:
        self.sent = 0
        self._walk = walk
        self._hour = hour
        self._parts = parts_of(spans, hour)
        self._sealed = SealedMinutes(checkpoint, hour, floor)
        self._wanted = wanted
        self._total = HourTotal()

    def batches(self) -> Iterator[list[Event]]:
        """Its events, page by page."""
        for part in reversed(self._parts):
            for step in self._walk.steps(part.oldest, part.latest):
                events = [
                    event
                    for event in dated(step.events, step.page.undated)
                    if self._sealed.knows(event)
                ]
                self._total = self._total.plus([key for _, key, _ in events])
                going = self._wanted(events)
                self.sent += len(going)
                yield going

    def total(self) -> dict[int, Hour]:
        """What the checkpoint is to say of it now that all batches are delivered."""
        return {self._hour: hour_of(self._total)}


def picked(walk: Walk, parts: Sequence[Span], keys: Collection[int]) -> Iterator[list[Event]]:
    """Of a stretch the events with these keys, those without a date too, page by page."""
    for part in reversed(parts):
        for step in walk.steps(part.oldest, part.latest):
            going = with_keys(step.events, keys)
            if going:
                yield going
