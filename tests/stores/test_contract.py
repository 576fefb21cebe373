# SPDX-License-Identifier: Apache-2.0
"""What every store promises: one suite over all of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.model.errors import Superseded
from slack_audit_input.model.state import Hour, Request, State
from tests.stores.changes import change
from tests.stores.conftest import World

LEAST, MOST = -(1 << 63), (1 << 63) - 1


def everything(checkpoint: Checkpoint) -> tuple[object, ...]:
    """All that a checkpoint holds."""
    return (
        checkpoint.load(),
        checkpoint.keys(LEAST, MOST),
        checkpoint.hours(LEAST, MOST),
        checkpoint.coverage(LEAST, MOST),
        checkpoint.requests(),
    )


def test_nothing_is_there_before_the_first_commit(world: World) -> None:
    checkpoint = world.open("one")
    assert everything(checkpoint) == (None, {}, {}, {}, [])
    assert checkpoint.minutes_below(MOST) == []


def test_what_is_committed_is_loaded(world: World) -> None:
    assert world.open("one").commit(0, change("a", beat=1_700_000_000.25)) == 1
    assert world.open("one").load() == State(
        version=1,
        account="account a",
        filters="filters a",
        ledger='{"ledger":"a"}',
        counters='{"counters":"a"}',
        owner="host:1:x",
        beat=1_700_000_000.25,
        status="",
    )


def test_versions_count_up(world: World) -> None:
    checkpoint = world.open("one")
    for version in range(5):
        assert checkpoint.commit(version, change(str(version))) == version + 1
    state = world.open("one").load()
    assert state is not None
    assert (state.version, state.account) == (5, "account 4")


@pytest.mark.parametrize("version", [0, 1])
def test_of_two_that_read_the_same_version_one_wins(world: World, version: int) -> None:
    first, second = world.open("one"), world.open("one")
    if version:
        first.commit(0, change("before", buckets={1: b"before"}, coverage={5: "before"}))
    first.commit(version, change("winner", buckets={2: b"winner"}))
    number = second.ask("backfill", 1, 2, 3.0)
    before = everything(first)
    with pytest.raises(Superseded):
        second.commit(
            version,
            change(
                "loser",
                buckets={2: b"loser", 3: b"loser"},
                dropped=[1],
                hours={4: Hour(1, "0" * 32)},
                coverage={4: "loser"},
                coverage_floor=9,
                answered=[number],
            ),
        )
    assert everything(second) == everything(first) == before


def test_a_loser_may_load_and_commit_after_all(world: World) -> None:
    first, second = world.open("one"), world.open("one")
    first.commit(0, change("a"))
    with pytest.raises(Superseded):
        second.commit(0, change("b"))
    assert second.commit(1, change("b")) == 2
    with pytest.raises(Superseded):
        first.commit(1, change("a"))


@pytest.mark.parametrize("version", [1, 7, MOST - 1])
def test_a_version_that_never_was_wins_nothing(world: World, version: int) -> None:
    checkpoint = world.open("one")
    with pytest.raises(Superseded):
        checkpoint.commit(version, change("a", buckets={1: b"x"}))
    assert everything(checkpoint) == (None, {}, {}, {}, [])


def test_buckets_are_replaced_and_dropped(world: World) -> None:
    checkpoint = world.open("one")
    checkpoint.commit(0, change(buckets={1: b"a", 2: b"b", 3: b"c", -1: b"undated"}))
    checkpoint.commit(1, change(buckets={2: b"B"}, dropped=[3, 99]))
    assert world.open("one").keys(LEAST, MOST) == {-1: b"undated", 1: b"a", 2: b"B"}
    assert checkpoint.keys(1, 1) == {1: b"a"}
    assert checkpoint.keys(2, 1) == {}
    assert checkpoint.keys(-1, -1) == {-1: b"undated"}


def test_a_bucket_dropped_and_written_in_one_commit_is_written(world: World) -> None:
    checkpoint = world.open("one")
    checkpoint.commit(0, change(buckets={1: b"old"}))
    checkpoint.commit(1, change(buckets={1: b"new"}, dropped=[1]))
    assert checkpoint.keys(1, 1) == {1: b"new"}


def test_minutes_below_leaves_out_what_has_no_date(world: World) -> None:
    checkpoint = world.open("one")
    checkpoint.commit(0, change(buckets={30: b"", 10: b"", 20: b"", -1: b"", 0: b""}))
    assert checkpoint.minutes_below(30) == [0, 10, 20]
    assert checkpoint.minutes_below(0) == []


def test_hours_replace_what_was_there(world: World) -> None:
    checkpoint = world.open("one")
    checkpoint.commit(0, change(hours={1: Hour(1, "1" * 32), 2: Hour(2, "2" * 32)}))
    checkpoint.commit(1, change(hours={2: Hour(3, "3" * 32)}))
    checkpoint.commit(2, change())
    assert world.open("one").hours(0, 9) == {1: Hour(1, "1" * 32), 2: Hour(3, "3" * 32)}
    assert checkpoint.hours(2, 2) == {2: Hour(3, "3" * 32)}


def test_coverage_replaces_what_was_there_and_grows_old(world: World) -> None:
    checkpoint = world.open("one")
    long = json.dumps({"id": "ä'\"\u2028" * 1000})
    checkpoint.commit(0, change(coverage={1: "tally", 2: "tally", LEAST: "old"}))
    checkpoint.commit(1, change(coverage={2: long, 3: "new"}))
    checkpoint.commit(2, change())
    assert world.open("one").coverage(0, 9) == {1: "tally", 2: long, 3: "new"}
    assert checkpoint.coverage(LEAST, 1) == {LEAST: "old", 1: "tally"}
    assert checkpoint.coverage(3, 2) == {}
    # Of other inputs nothing grows old by it.
    world.open("two").commit(0, change(coverage={1: "other"}))
    checkpoint.commit(3, change(coverage={4: "newest"}, coverage_floor=3))
    assert world.open("one").coverage(LEAST, MOST) == {3: "new", 4: "newest"}
    assert world.open("two").coverage(LEAST, MOST) == {1: "other"}


def test_requests_wait_until_they_are_answered(world: World) -> None:
    asking, running = world.open("one"), world.open("one")
    first = asking.ask("backfill", 10, 20, 1.0)
    second = asking.ask("reread", LEAST, MOST, 2.0)
    assert first < second
    assert running.requests() == [
        Request(first, "backfill", 10, 20),
        Request(second, "reread", LEAST, MOST),
    ]
    running.commit(0, change(answered=[first]))
    assert asking.requests() == [Request(second, "reread", LEAST, MOST)]
    running.commit(1, change(answered=[second, 12345]))
    assert asking.requests() == []


def test_a_note_needs_no_version_and_moves_none(world: World) -> None:
    running, failing = world.open("one"), world.open("one")
    failing.note('{"error":"first"}')
    assert running.load() is None
    running.commit(0, change())
    failing.note('{"error":"second"}')
    assert running.commit(1, change()) == 2
    state = running.load()
    assert state is not None
    assert state.status == '{"error":"second"}'


def test_inputs_of_one_state_do_not_see_each_other(world: World) -> None:
    names = ["one", "One", "one ", "ONE", "öne", "one%", "o_e", "'; --"]
    for version in range(2):
        for name in names:
            world.open(name).commit(
                version,
                change(
                    f"{name}{version}",
                    buckets={version: name.encode()},
                    hours={version: Hour(len(name), "0" * 32)},
                ),
            )
    number = world.open("one").ask("backfill", 1, 2, 3.0)
    world.open("one").note("noted")
    for name in names:
        checkpoint = world.open(name)
        state = checkpoint.load()
        assert state is not None
        assert (state.version, state.account) == (2, f"account {name}1")
        assert state.status == ("noted" if name == "one" else "")
        assert checkpoint.keys(0, 9) == {0: name.encode(), 1: name.encode()}
        assert checkpoint.hours(0, 9) == dict.fromkeys((0, 1), Hour(len(name), "0" * 32))
    # Not even somebody else's request can be answered.
    world.open("One").commit(2, change(answered=[number], dropped=[0, 1]))
    assert [r.number for r in world.open("one").requests()] == [number]
    assert world.open("one").keys(0, 9) == {0: b"one", 1: b"one"}


def test_forget_leaves_nothing_of_this_input_and_all_of_others(world: World) -> None:
    for name in ("one", "two"):
        some = change(name, buckets={1: b"x"}, hours={1: Hour(1, "0" * 32)}, coverage={1: "x"})
        world.open(name).commit(0, some)
        world.open(name).ask("backfill", 1, 2, 3.0)
        world.open(name).note("noted")
    other = everything(world.open("two"))
    forgotten = world.open("one")
    forgotten.forget()  # type: ignore[attr-defined]
    assert everything(world.open("one")) == (None, {}, {}, {}, [])
    assert everything(world.open("two")) == other
    # A collector that still runs on it has lost; a new one begins at the beginning.
    with pytest.raises(Superseded):
        forgotten.commit(1, change())
    assert world.open("one").commit(0, change()) == 1
    state = world.open("one").load()
    assert state is not None
    assert state.status == ""


def test_the_extremes_of_64_bits(world: World) -> None:
    checkpoint = world.open("one")
    ends = {LEAST: b"least", MOST: b"most"}
    hours = {LEAST: Hour(MOST, "f" * 32), MOST: Hour(LEAST, "0" * 32)}
    checkpoint.commit(0, change(buckets=ends, hours=hours, beat=1e300))
    assert checkpoint.keys(LEAST, MOST) == ends
    assert checkpoint.hours(LEAST, MOST) == hours
    state = checkpoint.load()
    assert state is not None
    assert state.beat == 1e300
    checkpoint.commit(1, change(dropped=[LEAST, MOST]))
    assert checkpoint.keys(LEAST, MOST) == {}


def test_texts_of_any_length_and_script(world: World) -> None:
    text = "ä\u2028\U0001f600'\"\\%\n" * 50_000
    checkpoint = world.open("one")
    checkpoint.commit(0, change(text))
    checkpoint.note(text)
    state = world.open("one").load()
    assert state is not None
    assert state.account == f"account {text}"
    assert state.ledger == f'{{"ledger":"{text}"}}'
    assert state.status == text


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    blobs=st.dictionaries(st.integers(LEAST, MOST), st.binary(max_size=300), max_size=20),
    number=st.integers(0, 1 << 30),
)
def test_buckets_hold_any_bytes(world: World, blobs: dict[int, bytes], number: int) -> None:
    checkpoint = world.open(f"input {number}")
    checkpoint.forget()  # type: ignore[attr-defined]
    blobs = {**blobs, 7: bytes(range(256)) * 4}
    checkpoint.commit(0, change(buckets=blobs))
    assert checkpoint.keys(LEAST, MOST) == blobs
