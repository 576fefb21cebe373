# SPDX-License-Identifier: Apache-2.0
"""The plan and the books by themselves: what is wrong must be told."""

from __future__ import annotations

import pytest

from slack_audit_input.engine.delivered import HOUR, HourTotal, pack
from slack_audit_input.engine.ledger import to_json
from slack_audit_input.engine.plan import begin
from slack_audit_input.engine.sweeps import parse_levels
from slack_audit_input.model.state import State
from slack_audit_input.slack.keys import keys_of
from tests.soak import books, covered
from tests.soak.plan import COMMON, DAY, OF_HOST, plan
from tests.soak.slack import Shown
from tests.soak.tally import Tally, uncommitted

NAMES = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(6)]
TRUTH = [Shown(name, 1000 + number, 1000.5 + number) for number, name in enumerate(NAMES)]


def tally(*names: str) -> Tally:
    made = Tally()
    for name in names:
        made.take([(name, 1000)], 1010.0)
    return made


@pytest.mark.parametrize("host", OF_HOST)
@pytest.mark.parametrize("seconds", [600.0, DAY])
def test_every_kind_strikes_and_ends_within_the_day(host: str, seconds: float) -> None:
    strikes = plan(host, seconds, 40, 1)
    kinds = {kind.kind for kind in (*COMMON, *OF_HOST[host])}
    begun = [strike.kind for strike in strikes if strike.begins]
    assert kinds <= set(begun)
    assert begun.count("kill") == 40
    ended = [strike.kind for strike in strikes if not strike.begins]
    assert sorted(ended) == sorted(kind for kind in begun if kind in kinds)
    assert [strike.at for strike in strikes] == sorted(strike.at for strike in strikes)
    assert all(0 < strike.at < seconds for strike in strikes)
    assert strikes == plan(host, seconds, 40, 1) != plan(host, seconds, 40, 2)


def test_books_that_are_right() -> None:
    found = books.output(TRUTH, tally(*NAMES, NAMES[0]), bound=1, since=0)
    assert (found.delivered, found.lost, found.repeated, found.alien) == (6, 0, 1, 0)
    assert found.kept
    assert found.delay_most == 9.5
    assert books.failures({"file": found}, []) == []


def test_lost_repeated_and_alien_events_are_told() -> None:
    arrived = tally(*NAMES[1:], NAMES[1], NAMES[1], "never there")
    found = books.output(TRUTH, arrived, bound=1, since=0)
    assert not found.kept
    assert books.failures({"file": found}, []) == [
        "file: 1 events lost",
        "file: 2 repeated, 1 were in flight",
        "file: 1 events that Slack never had",
    ]


def test_a_fault_that_never_struck_is_told() -> None:
    counters = {"faults": {"http_500": 3}, "statuses": {"200": 9, "401": 1}}
    checks = books.struck(counters, {"revoked": 1, "kvstore_503": 2}, {"kvstore_503": 0})
    told = books.failures({}, checks)
    assert "kvstore_503: 2 times; traces of it: 0" in told
    assert "cut of Slack's: 0 answers" in told
    assert not any("revoked" in words or "http_500" in words for words in told)


class Left:
    """A checkpoint with some keys; ``floor`` comes from its ledger."""

    def __init__(self, committed: list[str], head: int) -> None:
        self._keys = {1000 // 60: pack(keys_of(committed))} if committed else {}
        self._ledger = to_json(begin(head - 600, head, parse_levels("60:180", 5)))

    def load(self) -> State:
        return State(1, "soak", "", self._ledger, "{}", "", 0.0)

    def keys(self, first: int, last: int) -> dict[int, bytes]:
        return {minute: blob for minute, blob in self._keys.items() if first <= minute <= last}


def test_in_flight_is_what_was_written_and_not_committed() -> None:
    arrived = tally(NAMES[0], NAMES[1], NAMES[1])
    assert arrived.settle(Left(NAMES[:1], 1100)) == 2
    assert arrived.settle(Left([], 1100)) == 0, "it is counted once"


def test_of_a_sealed_minute_nothing_is_in_flight() -> None:
    assert uncommitted([(NAMES[0], 1000)], Left([], 1100)) == [NAMES[0]]
    # A day later no window is open there, and no sweep goes so far back.
    assert uncommitted([(NAMES[0], 1000)], Left([], 90_000)) == []


def record(hour: int, rows: list[Shown], **other: object) -> dict[str, object]:
    digest = HourTotal().plus(keys_of([row.id for row in rows])).digest
    counts = dict.fromkeys(("shown", "delivered", "first_time"), len(rows))
    rest = {"late": 0, "repaired": 0, "missing": 0, "revision": 1, "state": "complete"}
    seconds = {"oldest": hour * HOUR, "latest": hour * HOUR + HOUR - 1, "hour": str(hour)}
    return {**counts, **rest, **seconds, "digest": digest, **other}


def test_coverage_records_are_held_against_the_truth() -> None:
    right = [record(0, TRUTH), record(1, [])]
    assert not any(covered.wrong(right, TRUTH, 0, 2 * HOUR - 1).values())
    assert covered.wrong(right[:1], TRUTH, 0, 2 * HOUR - 1)["absent"] == [str(HOUR)]
    untrue = [record(0, TRUTH, shown=5), record(1, [], digest="0" * 31 + "1")]
    assert len(covered.wrong(untrue, TRUTH, 0, 2 * HOUR - 1)["untrue"]) == 2
    short = [record(0, TRUTH, state="differs", missing=1), record(1, [])]
    assert covered.wrong(short, TRUTH, 0, 2 * HOUR - 1)["incomplete"] == ["0: differs, 1 missing"]
    later = [*short, record(0, TRUTH, revision=2)]
    assert not any(covered.wrong(later, TRUTH, 0, 2 * HOUR - 1).values()), "the last one counts"
