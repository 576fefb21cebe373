# SPDX-License-Identifier: Apache-2.0
"""An hour that has its record already becomes longer: told history by history.

The input's start lies where it lies, mostly inside a minute. A backfill up to it brings the rest
of that minute and of its hour, when what was delivered of both has long been sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from slack_audit_input.collector.again import HourAgain
from slack_audit_input.collector.hours import Verifier
from slack_audit_input.collector.sealed import ledger_of
from slack_audit_input.collector.settings import Settings
from slack_audit_input.collector.walk import Walk
from slack_audit_input.engine.delivered import pack
from slack_audit_input.engine.sweeps import Level
from slack_audit_input.model.ledger import Span
from slack_audit_input.slack.budget import CallBudget
from slack_audit_input.slack.client import Answer
from slack_audit_input.slack.keys import keys_of
from tests.collector.lives import HOUR, Life
from tests.fakes.slack import Entry, entry
from tests.fakes.world import EPOCH, MemoryCheckpoint

LEVELS = (Level(60, 180), Level(1200, 3600))
SETTINGS = Settings("input", "org", EPOCH, levels=LEVELS)
#: The hour in which the input starts, of which it was asked for what follows EPOCH.
FIRST = EPOCH // HOUR


def happened(*seconds: int) -> list[Entry]:
    return [entry(second, float(second), n) for n, second in enumerate(seconds, 1)]


def backfilled(entries: Sequence[Entry], seconds: int, after: int = 5 * HOUR) -> Life:
    """A collector that is asked, so long after its start, for what came before it."""
    life = Life([*entries], SETTINGS)
    life.run(after)
    assert [r["revision"] for r in life.records() if r["oldest"] // HOUR == FIRST] == [1]
    backfill(life, seconds)
    return life


def backfill(life: Life, seconds: int) -> None:
    """What lies so many seconds before the start is asked for, read and recorded."""
    MemoryCheckpoint(life.memory).ask("backfill", EPOCH - seconds, EPOCH - 1, life.clock.now)
    life.run(HOUR)


@pytest.mark.parametrize("after", [2 * HOUR, 5 * HOUR], ids=["in the index", "sealed"])
def test_an_hour_that_a_backfill_makes_longer_gets_a_record_of_all_of_it(after: int) -> None:
    before, since = (EPOCH - 500, EPOCH - 200), (EPOCH + 100, EPOCH + 900)
    life = backfilled(happened(*before, *since), 600, after)
    first, second = [r for r in life.records() if r["oldest"] // HOUR == FIRST]
    assert (first["shown"], second["shown"], second["delivered"]) == (2, 4, 4)
    assert (second["oldest"], second["revision"]) == (EPOCH - 600, 2)
    assert (second["state"], second["first_time"], second["late"]) == ("complete", 4, 0)
    assert life.host.repeated == 0


def test_the_rest_of_a_sealed_minute_makes_nothing_missing() -> None:
    assert EPOCH % 60, "the start has to lie inside a minute"
    life = backfilled(happened(EPOCH - 3, EPOCH + 3, EPOCH + 4), 600)
    assert (EPOCH + 3) // 60 == (EPOCH - 3) // 60
    assert life.host.repeated == 0, "what was delivered before the minute was sealed came again"
    record = [r for r in life.records() if r["oldest"] // HOUR == FIRST][-1]
    assert (record["state"], record["missing"], record["gone"]) == ("complete", 0, 0)
    assert record["shown"] == record["delivered"] == 3


def test_a_hole_in_what_was_added_to_a_sealed_hour_is_told() -> None:
    """Whether it is one of the sealed ones nobody can say, so that it is not delivered again."""
    life = Life(happened(EPOCH - 3, EPOCH + 3, EPOCH + 4), SETTINGS)
    life.run(5 * HOUR)
    life.memory.totals[FIRST] = life.memory.totals[FIRST]._replace(ids=1)
    backfill(life, 600)
    record = [r for r in life.records() if r["oldest"] // HOUR == FIRST][-1]
    assert (record["state"], record["missing"], record["repaired"]) == ("differs", 1, 0)
    assert (record["shown"], record["delivered"]) == (3, 2)
    assert life.host.repeated == 0


class Near:
    """A client without a network."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def get(self, path: str, params: Mapping[str, str | int]) -> Answer:
        """One GET."""
        return self._life.slack.get(path, params, self._life.clock.now)

    def close(self) -> None:
        """Nothing to close."""


def between() -> tuple[Life, Walk, MemoryCheckpoint]:
    """A backfill has brought its part of the minute, and the hour's next record is to come."""
    life = Life(happened(EPOCH + 3, EPOCH + 4), SETTINGS)
    life.run(5 * HOUR)
    brought = entry(EPOCH - 3, 0.0, 9)
    life.slack.add(brought)
    life.memory.buckets[brought.second // 60] = pack(keys_of([brought.id]))

    def sleep(seconds: float) -> None:
        life.clock.now += seconds

    walk = Walk(Near(life), CallBudget(60), life.clock, sleep)
    return life, walk, MemoryCheckpoint(life.memory)


def test_verify_takes_the_sealed_part_of_a_minute_for_delivered() -> None:
    life, walk, checkpoint = between()
    span = Span(EPOCH - 600, FIRST * HOUR + HOUR - 1)
    (report,) = Verifier(walk, checkpoint).hours(span)
    assert (report.missing, report.differs, report.gone) == (frozenset(), False, 0)
    assert report.delivered == report.shown
    assert report.shown.ids == 3
    life.memory.totals[FIRST] = life.memory.totals[FIRST]._replace(ids=1)
    (report,) = Verifier(walk, checkpoint).hours(span)
    assert (report.missing, report.differs, report.delivered.ids) == (frozenset(), True, 2)


def test_what_verify_delivers_again_is_the_sealed_part_and_all_of_it() -> None:
    life, walk, checkpoint = between()
    span = Span(EPOCH - 600, FIRST * HOUR + HOUR - 1)
    again = HourAgain(walk, checkpoint, FIRST, [span], ledger_of(checkpoint).floor)
    seconds = [second for events in again.batches() for second, _, _ in events]
    assert seconds == [EPOCH + 4, EPOCH + 3]
    assert again.total() == {FIRST: life.memory.totals[FIRST]}
