# SPDX-License-Identifier: Apache-2.0
"""What happened to each hour since it was first read: read from the store, kept for a while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.engine.records import tally_of, tally_text
from slack_audit_input.model.coverage import Tally

#: Hours whose tally is kept in memory: more than two days of them.
KEPT = 64


class Tallies:
    """Tallies of one input. Nothing changes in memory before ``applied``."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._kept: OrderedDict[int, Tally] = OrderedDict()

    def of(self, first: int, last: int) -> Mapping[int, Tally]:
        """Those of the hours ``first`` to ``last`` (unix hours, inclusive) that have one."""
        hours = range(first, last + 1)
        if len(hours) <= KEPT and all(hour in self._kept for hour in hours):
            return {hour: self._kept[hour] for hour in hours}
        stored = self._checkpoint.coverage(first, last)
        found = {hour: tally_of(text) for hour, text in stored.items()}
        if len(hours) <= KEPT:
            self._keep({hour: found.get(hour, Tally()) for hour in hours})
        return found

    def rows(self, tallies: Mapping[int, Tally]) -> dict[int, str]:
        """As they are committed."""
        return {hour: tally_text(tally) for hour, tally in tallies.items()}

    def applied(self, tallies: Mapping[int, Tally]) -> None:
        """They have been committed."""
        self._keep(tallies)

    def _keep(self, tallies: Mapping[int, Tally]) -> None:
        for hour, tally in tallies.items():
            self._kept[hour] = tally
            self._kept.move_to_end(hour)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
