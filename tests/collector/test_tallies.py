# SPDX-License-Identifier: Apache-2.0
"""What is kept of each hour: from the store, and only what was committed."""

from __future__ import annotations

from collections.abc import Mapping

from slack_audit_input.collector.tallies import KEPT, Tallies
from slack_audit_input.engine.records import tally_text
from slack_audit_input.model.coverage import Tally
from tests.fakes.world import Memory, MemoryCheckpoint


class Counted(MemoryCheckpoint):
    """Counts how often it is asked for tallies."""

    asked = 0

    def coverage(self, first: int, last: int) -> dict[int, str]:
        self.asked += 1
        return super().coverage(first, last)


def stored(tallies: Mapping[int, Tally]) -> tuple[Tallies, Counted]:
    memory = Memory()
    memory.coverage = {hour: tally_text(tally) for hour, tally in tallies.items()}
    checkpoint = Counted(memory)
    return Tallies(checkpoint), checkpoint


def test_a_new_process_has_what_was_committed() -> None:
    one, two = Tally(late=3, most=40), Tally(missing=2, repaired=2, revision=1)
    tallies, checkpoint = stored({7: one, 9: two})
    assert {h: t for h, t in tallies.of(7, 9).items() if t != Tally()} == {7: one, 9: two}
    # Also an hour that has none is known by now.
    assert tallies.of(7, 9) == {7: one, 8: Tally(), 9: two}
    assert tallies.of(9, 9) == {9: two}
    assert checkpoint.asked == 1
    assert tallies.of(6, 9)[9] == two
    assert checkpoint.asked == 2, "an hour among them that nobody has read yet"


def test_nothing_is_remembered_before_it_is_committed() -> None:
    tallies, _ = stored({7: Tally(late=1)})
    assert tallies.of(7, 7) == {7: Tally(late=1)}
    rows = tallies.rows({7: Tally(late=2)})
    assert rows == {7: tally_text(Tally(late=2))}
    assert tallies.of(7, 7) == {7: Tally(late=1)}
    tallies.applied({7: Tally(late=2)})
    assert tallies.of(7, 7) == {7: Tally(late=2)}


def test_memory_keeps_the_last_hours_only() -> None:
    tallies, checkpoint = stored({hour: Tally(revision=1) for hour in range(3 * KEPT)})
    assert len(tallies.of(0, 3 * KEPT - 1)) == 3 * KEPT
    tallies.applied({hour: Tally(revision=2) for hour in range(KEPT + 1)})
    before = checkpoint.asked
    assert tallies.of(1, KEPT)[1] == Tally(revision=2)
    assert checkpoint.asked == before
    assert tallies.of(0, 0) == {0: Tally(revision=1)}, "it was forgotten, and the store has it"
