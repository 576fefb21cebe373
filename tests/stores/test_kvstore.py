# SPDX-License-Identifier: Apache-2.0
"""The KV store at its worst: killed between any two requests, away, slow, read-only, foreign."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.model.errors import StoreError, Superseded
from slack_audit_input.model.state import Change, Hour
from slack_audit_input.stores.kvstore_documents import CHECKPOINTS, COLLECTIONS, PARTS
from tests.fakes.world import Killed, Memory, MemoryCheckpoint
from tests.splunkd.kvstore import KVStore
from tests.stores.changes import change
from tests.stores.kvstores import Waiter, kv_checkpoint

LEAST, MOST = -(1 << 63), (1 << 63) - 1


class KillAt:
    """kill -9 before the n-th request, or behind it with its answer lost."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, _name: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


def everything(checkpoint: Checkpoint) -> tuple[object, ...]:
    state = checkpoint.load()
    return (
        state and state._replace(status=""),
        checkpoint.keys(LEAST, MOST),
        checkpoint.hours(LEAST, MOST),
        checkpoint.coverage(LEAST, MOST),
        checkpoint.requests(),
    )


def random_change(random: Random, name: str, requests: list[int]) -> Change:
    minutes = random.sample(range(12), random.randint(0, 5))
    return change(
        name,
        buckets={m: random.randbytes(8 * random.randint(0, 4)) for m in minutes},
        dropped=random.sample(range(12), random.randint(0, 3)),
        hours={h: Hour(random.randint(0, 9), f"{h:032x}") for h in random.sample(range(4), 2)},
        answered=requests[:1],
        coverage={h: f"{name} {h}" for h in random.sample(range(6), random.randint(0, 3))},
        coverage_floor=random.choice([None, None, 1, 3]),
    )


@pytest.mark.parametrize("part", [7, 1 << 20])
def test_killed_anywhere_a_commit_is_there_whole_or_not_at_all(part: int) -> None:
    random = Random(part)
    store, memory = KVStore(), Memory()
    model = MemoryCheckpoint(memory)
    version = kills = 0
    while kills < 150:
        request = kv_checkpoint(store, "one").ask("backfill", 1, 2, 3.0)
        memory.asked = kv_checkpoint(store, "one").requests()
        assert memory.asked[-1].number == request
        commit = random_change(random, f"{version}", [r.number for r in memory.asked])
        kill = KillAt(random.randint(1, 30))
        running = kv_checkpoint(store, "one", before=kill, part=part)
        before = everything(model)
        try:
            assert running.load() == memory.state
            if random.random() < 0.5:
                everything(running)
            running.commit(version, commit)
        except Killed:
            kills += 1
        after = kv_checkpoint(store, "one", part=part).load()
        if after is not None and after.version == version + 1:
            version = model.commit(version, commit)
        else:
            assert everything(model) == before
        assert everything(kv_checkpoint(store, "one", part=part)) == everything(model)
    assert version > 50
    # Nothing is left lying about.
    kv_checkpoint(store, "one", part=part).commit(version, change())
    assert len(store.documents(CHECKPOINTS)) == 1
    assert all(
        d["version"] == store.documents(CHECKPOINTS)[0]["version"] for d in store.documents(PARTS)
    )


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(8))
def test_any_request_may_fail_for_a_while_even_after_it_was_carried_out(
    at: int, after: bool
) -> None:
    store, waiter = KVStore(), Waiter()
    first = kv_checkpoint(store, "one")
    first.commit(0, change("a", buckets={1: b"x" * 8, 2: b"y" * 8}))
    numbers = [0]

    def before(_name: str) -> None:
        if numbers[0] == at:
            store.fail(503, 3, after=after)
        numbers[0] += 1

    running = kv_checkpoint(store, "one", waiter, before)
    assert running.load() is not None
    version = running.commit(1, change("b", buckets={1: b"z" * 8}, dropped=[2]))
    assert version == 2
    assert running.keys(LEAST, MOST) == {1: b"z" * 8}
    assert 0 < waiter.now < 10
    assert waiter.told == ["HTTP 503, KV Store is initializing. Please try again later.", ""]


def test_a_number_is_given_once_though_the_answer_to_asking_is_lost() -> None:
    store = KVStore()
    store.create(*COLLECTIONS)
    store.fail(503, 1, "POST", after=True)
    number = kv_checkpoint(store, "one").ask("reread", 1, 2, 3.0)
    assert [r.number for r in kv_checkpoint(store, "one").requests()] == [number]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_store_that_stays_away_is_an_error_and_never_an_empty_state(status: int) -> None:
    store, waiter = KVStore(), Waiter()
    kv_checkpoint(store, "one").commit(0, change())
    store.fail(status, 1 << 30)
    with pytest.raises(StoreError, match=r"away for 600 s.*kvstore-status"):
        kv_checkpoint(store, "one", waiter).load()
    assert 500 < waiter.now <= 600


def test_whoever_is_told_to_stop_does_not_wait_to_the_end() -> None:
    store, waiter = KVStore(), Waiter()
    store.fail(503, 1 << 30)
    waiter.stop_at = 2.0
    with pytest.raises(StoreError, match="stopped while waiting"):
        kv_checkpoint(store, "one", waiter).load()
    assert waiter.now < 4


def test_a_splunkd_that_does_not_answer_is_waited_for() -> None:
    failing = [ConnectionRefusedError(), TimeoutError(), OSError()]

    def before(_name: str) -> None:
        if failing:
            raise failing.pop()

    store, waiter = KVStore(), Waiter()
    assert kv_checkpoint(store, "one", waiter, before).load() is None
    assert waiter.told == ["splunkd does not answer (OSError)", ""]


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "session"), (403, "read-only"), (404, "collections.conf"), (400, "refuses a request")],
)
def test_what_does_not_pass_by_itself_is_said_at_once(status: int, words: str) -> None:
    store, waiter = KVStore(), Waiter()
    store.fail(status)
    with pytest.raises(StoreError, match=words):
        kv_checkpoint(store, "one", waiter).load()
    assert waiter.now == 0


def test_a_collection_that_is_not_there_is_no_empty_state() -> None:
    store = KVStore()
    checkpoint = kv_checkpoint(store, "one")
    store._collections.clear()
    with pytest.raises(StoreError, match="slack_audit_checkpoints"):
        checkpoint.load()


def altered(store: KVStore, collection: str, **fields: Any) -> None:
    for document in store.documents(collection):
        rows = [{**document, **fields}]
        store.answer("POST", f"data/{collection}/batch_save", {}, json.dumps(rows).encode())


@pytest.mark.parametrize(
    "fields",
    [
        {"schema": "2"},
        {"version": "new"},
        {"version": 7},
        {"version": None},
        {"attempt": ""},
        {"state": "[1]"},
        {"state": "{"},
        {"state": None},
        {"data": "no"},
        {"data": '{"buckets":{"1":"%"},"dropped":[],"hours":{},"answered":[]}'},
        {"parts": "x"},
    ],
)
def test_a_foreign_or_damaged_checkpoint_is_refused(fields: dict[str, Any]) -> None:
    store = KVStore()
    kv_checkpoint(store, "one").commit(0, change())
    altered(store, CHECKPOINTS, **fields)
    was = store.documents(CHECKPOINTS)
    with pytest.raises(StoreError, match="input 'one'"):
        kv_checkpoint(store, "one").load()
    with pytest.raises(StoreError):
        kv_checkpoint(store, "one").commit(0, change())
    assert store.documents(CHECKPOINTS) == was


def test_a_lost_part_is_refused() -> None:
    store = KVStore()
    kill = KillAt(1 << 30)
    running = kv_checkpoint(store, "one", before=kill, part=7)
    running.commit(0, change(buckets={1: b"x" * 80}))
    store.answer("DELETE", f"data/{PARTS}", {})
    with pytest.raises(StoreError, match="lost a part"):
        kv_checkpoint(store, "one", part=7).keys(0, 9)


def test_a_lost_checkpoint_is_no_new_input() -> None:
    store = KVStore()
    kv_checkpoint(store, "one").commit(0, change())
    store.answer("DELETE", f"data/{CHECKPOINTS}", {})
    with pytest.raises(StoreError, match="has lost the checkpoint"):
        kv_checkpoint(store, "one").load()
    kv_checkpoint(store, "one").forget()
    assert kv_checkpoint(store, "one").load() is None


def test_who_was_overtaken_twice_notices_though_its_key_is_free_again() -> None:
    store = KVStore()
    slow = kv_checkpoint(store, "one")
    slow.commit(0, change("slow"))
    other = kv_checkpoint(store, "one")
    other.commit(1, change("other"))
    other.commit(2, change("other"))
    with pytest.raises(Superseded):
        slow.commit(1, change("slow", buckets={1: b"bad"}))
    assert [d["version"] for d in store.documents(CHECKPOINTS)] == ["8000000000000003"]
    assert other.keys(LEAST, MOST) == {}


def test_forgotten_and_begun_anew_the_old_collector_has_no_say() -> None:
    store = KVStore()
    old = kv_checkpoint(store, "one")
    old.commit(0, change("old"))
    kv_checkpoint(store, "one").forget()
    kv_checkpoint(store, "one").commit(0, change("new"))
    with pytest.raises(Superseded):
        old.commit(1, change("old"))
    state = kv_checkpoint(store, "one").load()
    assert state is not None
    assert state.account == "account new"


@pytest.mark.parametrize("at", range(1, 11))
def test_forgetting_may_be_killed_anywhere(at: int) -> None:
    store = KVStore()
    running = kv_checkpoint(store, "one")
    running.commit(
        0, change(buckets={1: b"x" * 8}, hours={1: Hour(1, "0" * 32)}, coverage={1: "x"})
    )
    with contextlib.suppress(Killed):
        kv_checkpoint(store, "one", before=KillAt(at)).forget()
    if kv_checkpoint(store, "one").load() is None:
        assert everything(kv_checkpoint(store, "one")) == (None, {}, {}, {}, [])
        with pytest.raises(Superseded):
            running.commit(1, change())
    else:
        # Not begun: then nothing at all is missing.
        assert running.keys(LEAST, MOST) == {1: b"x" * 8}
        assert running.hours(LEAST, MOST) == {1: Hour(1, "0" * 32)}
        assert running.commit(1, change()) == 2


def test_a_large_index_stays_within_the_limits_of_the_store() -> None:
    store = KVStore()
    running = kv_checkpoint(store, "one")
    buckets = dict.fromkeys(range(12_000), b"k" * 800)
    running.commit(0, change(buckets=buckets))
    assert kv_checkpoint(store, "one").keys(0, 20_000) == buckets
    assert running.minutes_below(11_000) == list(range(11_000))
    running.commit(1, change(dropped=list(range(0, 12_000, 2))))
    assert running.minutes_below(20_000) == list(range(1, 12_000, 2))
    running.commit(2, change(buckets={1: b"h" * (3 << 20)}))
    assert len(running.keys(1, 1)[1]) == 3 << 20
    with pytest.raises(StoreError, match="more than the KV store takes"):
        running.commit(3, change(buckets={1: b"h" * (12 << 20)}))


def test_what_is_stored_survives_the_double(tmp_path: Path) -> None:
    store = KVStore(tmp_path)
    kv_checkpoint(store, "one").commit(0, change(buckets={1: b"x" * 8}))
    store.close()
    store = KVStore(tmp_path)
    assert kv_checkpoint(store, "one").keys(0, 9) == {1: b"x" * 8}
    store.close()


def test_the_note_can_be_searched_by_its_fields() -> None:
    store = KVStore()
    kv_checkpoint(store, "one").note('{"lag_s": 3, "error": "", "x.y": 1, "_key": "no", "n": null}')
    assert store.documents("slack_audit_status") == [
        {
            "_key": "one",
            "_user": "nobody",
            "input": "one",
            "lag_s": 3,
            "error": "",
            "status": '{"lag_s": 3, "error": "", "x.y": 1, "_key": "no", "n": null}',
        }
    ]


def test_looking_for_requests_is_not_done_all_the_time() -> None:
    store, waiter = KVStore(), Waiter()
    checkpoint = kv_checkpoint(store, "one", waiter)
    checkpoint._requests_every, checkpoint._monotonic = 30.0, lambda: waiter.now
    assert checkpoint.requests() == []
    number = kv_checkpoint(store, "one").ask("backfill", 1, 2, 3.0)
    assert checkpoint.requests() == []
    waiter.now = 30.0
    assert [r.number for r in checkpoint.requests()] == [number]
