# SPDX-License-Identifier: Apache-2.0
"""What only a store with other processes beside it can get wrong: halves, races, crashes."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy

from slack_audit_input.model.errors import StoreError
from slack_audit_input.model.state import Hour
from slack_audit_input.stores.tables import coverage, hours, meta, metadata
from tests.stores.changes import change
from tests.stores.opened import close_all, opened
from tests.stores.processes import start
from tests.stores.test_contract import LEAST, MOST, everything


def engine_of(url: str) -> sqlalchemy.Engine:
    """A second way into the state, past the store."""
    return sqlalchemy.create_engine(url if "://" in url else f"sqlite:///{url}")


@pytest.mark.parametrize("version", [0, 1])
def test_a_commit_that_fails_half_way_leaves_nothing(url: str, version: int) -> None:
    checkpoint = opened(url).checkpoint("one")
    number = checkpoint.ask("backfill", 1, 2, 3.0)
    if version:
        checkpoint.commit(0, change("before", buckets={1: b"before"}))
    before = everything(checkpoint)
    engine = engine_of(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE slack_audit_hours RENAME TO away")
    half = change(
        "half",
        buckets={1: b"half", 2: b"half"},
        dropped=[1],
        hours={1: Hour(1, "0" * 32)},
        answered=[number],
    )
    with pytest.raises(StoreError):
        checkpoint.commit(version, half)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO slack_audit_hours")
    assert everything(opened(url).checkpoint("one")) == before
    assert checkpoint.commit(version, half) == version + 1
    assert checkpoint.requests() == []
    engine.dispose()


@pytest.mark.parametrize(
    "wrong",
    [
        change(buckets={MOST + 1: b""}),
        change(hours={LEAST - 1: Hour(1, "0" * 32)}),
        change(hours={1: Hour(MOST + 1, "0" * 32)}),
    ],
)
def test_numbers_beyond_64_bits_are_refused_whole(url: str, wrong: object) -> None:
    checkpoint = opened(url).checkpoint("one")
    with pytest.raises(StoreError, match="cannot write the state"):
        checkpoint.commit(0, wrong)  # type: ignore[arg-type]
    assert everything(checkpoint) == (None, {}, {}, {}, [])


def test_a_number_is_never_given_twice(url: str) -> None:
    checkpoint = opened(url).checkpoint("one")
    first = checkpoint.ask("backfill", 1, 2, 3.0)
    checkpoint.commit(0, change(answered=[first]))
    assert checkpoint.ask("backfill", 1, 2, 3.0) > first


def test_inputs_are_listed(url: str) -> None:
    state = opened(url)
    for name in ("b", "B", "a", "ä"):
        state.checkpoint(name).commit(0, change())
    state.checkpoint("never committed").ask("backfill", 1, 2, 3.0)
    assert state.inputs() == ["B", "a", "b", "ä"]


def test_a_newer_schema_is_refused(url: str) -> None:
    opened(url).checkpoint("one").commit(0, change())
    engine = engine_of(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.update(meta).values(value="2"))
    for create in (True, False):
        with pytest.raises(StoreError, match="schema 2, this version reads 1"):
            opened(url, create=create)
    engine.dispose()


def test_who_only_looks_makes_nothing(url: str) -> None:
    with pytest.raises(StoreError, match="nothing has been collected"):
        opened(url, create=False)
    with pytest.raises(StoreError, match="nothing has been collected"):
        opened(url, create=False)
    opened(url).close()
    assert opened(url, create=False).inputs() == []


def test_many_that_start_at_once_make_one_state(url: str) -> None:
    failures: list[BaseException] = []
    together = threading.Barrier(8)

    def begin(name: str) -> None:
        try:
            together.wait()
            opened(url).checkpoint(name).commit(0, change(name))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=begin, args=(f"input {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert opened(url).inputs() == [f"input {n}" for n in range(8)]


def test_of_racing_processes_one_chain_of_versions_comes(url: str) -> None:
    opened(url).close()
    wins = 60
    racers = [start("race", url, name, str(wins)) for name in ("left", "right")]
    won = [[int(line) for line in racer.communicate(timeout=60)[0].split()] for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0]
    # Every version was won exactly once, and each saw its own rise.
    assert sorted(won[0] + won[1]) == list(range(1, 2 * wins + 1))
    assert all(one == sorted(one) for one in won)


def test_tables_are_the_same_everywhere(url: str) -> None:
    opened(url).close()
    engine = engine_of(url)
    found = sqlalchemy.inspect(engine)
    for table in metadata.tables.values():
        assert [c["name"] for c in found.get_columns(table.name)] == table.columns.keys()
    assert hours.name in found.get_table_names()
    engine.dispose()


def test_a_state_of_before_there_were_records_gets_their_table(url: str) -> None:
    opened(url).checkpoint("one").commit(0, change())
    close_all()
    engine = sqlalchemy.create_engine(url if "://" in url else f"sqlite:///{url}")
    with engine.begin() as connection:
        coverage.drop(connection)
    engine.dispose()
    # Who only looks changes nothing, and finds none.
    looking = opened(url, create=False).checkpoint("one")
    assert looking.coverage(0, 9) == {}
    assert looking.load() is not None
    running = opened(url).checkpoint("one")
    running.commit(1, change(coverage={1: "x"}))
    assert looking.coverage(0, 9) == {1: "x"}


def test_a_state_without_their_table_can_be_forgotten(url: str) -> None:
    opened(url).checkpoint("one").commit(0, change())
    close_all()
    engine = sqlalchemy.create_engine(url if "://" in url else f"sqlite:///{url}")
    with engine.begin() as connection:
        coverage.drop(connection)
    engine.dispose()
    opened(url, create=False).checkpoint("one").forget()
    assert opened(url).checkpoint("one").load() is None
