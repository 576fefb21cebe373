# SPDX-License-Identifier: Apache-2.0
"""Signs of life, and a store that is out of reach: what stand-by rests on."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import sqlalchemy

from slack_audit_input.collector.heartbeat import Renewable
from slack_audit_input.model.errors import StoreAway, StoreError
from tests.fakes.world import Memory, MemoryCheckpoint
from tests.stores.changes import change
from tests.stores.opened import opened


@pytest.fixture(params=["memory", "sqlite", pytest.param("url", marks=pytest.mark.postgresql)])
def checkpoint(request: pytest.FixtureRequest, tmp_path: Path) -> Renewable:
    """One input's checkpoint, that "us" owns at version 1."""
    found: Renewable
    if request.param == "memory":
        found = MemoryCheckpoint(Memory())
    else:
        where = str(tmp_path / "state.sqlite")
        if request.param == "url":
            where = request.getfixturevalue("database")
        found = opened(where).checkpoint("one")
    found.commit(0, change(owner="us"))
    return found


def test_a_beat_changes_when_and_nothing_else(checkpoint: Renewable) -> None:
    before = checkpoint.load()
    assert before is not None
    assert checkpoint.beat(1, "us", 99.5)
    assert checkpoint.load() == before._replace(beat=99.5)
    assert checkpoint.commit(1, change(owner="us")) == 2


@pytest.mark.parametrize(("version", "owner"), [(0, "us"), (2, "us"), (1, "them"), (1, "")])
def test_only_the_owner_of_the_last_commit_beats(
    checkpoint: Renewable, version: int, owner: str
) -> None:
    before = checkpoint.load()
    assert not checkpoint.beat(version, owner, 99.5)
    assert not checkpoint.beat(version, owner, 99.5, release=True)
    assert checkpoint.load() == before


def test_the_last_one_leaves_the_input_to_nobody(checkpoint: Renewable) -> None:
    assert checkpoint.beat(1, "us", 99.5, release=True)
    assert not checkpoint.beat(1, "us", 100.5)
    state = checkpoint.load()
    assert state is not None
    assert (state.owner, state.version) == ("", 1)


@pytest.mark.postgresql
def test_cut_off_is_away_and_well_again(postgresql: str, database: str) -> None:
    found = opened(database).checkpoint("one")
    found.commit(0, change())
    name = sqlalchemy.make_url(database).database
    admin = sqlalchemy.create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        connection.exec_driver_sql(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname='{name}'"
        )
        with pytest.raises(StoreAway, match="cannot write the state"):
            found.commit(1, change())
        with pytest.raises(StoreAway, match="cannot read the state"):
            found.load()
        connection.exec_driver_sql(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
    assert found.commit(1, change()) == 2
    admin.dispose()


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_transaction_that_goes_nowhere_is_broken_off(database: str) -> None:
    """Whoever is frozen between two statements must not keep its rows for ever."""
    frozen, other = opened(database), opened(database)
    frozen.checkpoint("one").commit(0, change())
    held = threading.Event()

    errors: list[StoreError] = []

    def hold() -> None:
        try:
            with frozen.writing() as connection:
                connection.exec_driver_sql("UPDATE slack_audit_inputs SET beat = 1")
                held.set()
                time.sleep(13)
        except StoreError as error:
            errors.append(error)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    assert other.checkpoint("one").commit(1, change("other")) == 2
    thread.join()
    assert [type(error) for error in errors] == [StoreAway]
    state = other.checkpoint("one").load()
    assert state is not None
    assert state.beat == change().beat
