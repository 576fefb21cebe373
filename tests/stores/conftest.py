# SPDX-License-Identifier: Apache-2.0
"""The stores under contract: in memory, on an SQLite file, in PostgreSQL, in a KV store."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest
import sqlalchemy

from slack_audit_input.stores.kvstore_documents import PART
from tests.fakes.world import Memory, MemoryCheckpoint
from tests.services.postgres import PostgresMissing, running_postgres
from tests.splunkd.kvstore import KVStore
from tests.stores.kvstores import kv_checkpoint
from tests.stores.opened import close_all, opened

if TYPE_CHECKING:
    from slack_audit_input.collector.ports import Checkpoint

_NUMBERS = itertools.count()


class Forgettable(Protocol):
    """What the command also needs of a checkpoint."""

    def forget(self) -> None: ...


class World(NamedTuple):
    """One state: ``open`` gives an input's checkpoint as a new process would have it."""

    open: Callable[[str], Checkpoint]
    url: str


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server, one for all tests."""
    try:
        with running_postgres(tmp_path_factory.mktemp("postgresql")) as url:
            yield url
    except PostgresMissing as missing:
        # Loud: a skip alone is easily overlooked.
        warnings.warn(f"the PostgreSQL store is NOT TESTED: {missing}", stacklevel=1)
        pytest.skip(str(missing))


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    """Close what the test opens."""
    yield
    close_all()


@pytest.fixture
def database(postgresql: str) -> Iterator[str]:
    """The URL of an empty database."""
    name = f"state_{next(_NUMBERS)}"
    engine = sqlalchemy.create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield sqlalchemy.make_url(postgresql).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new SQL state may be made."""
    if request.param == "sqlite":
        return str(tmp_path / "state.sqlite")
    found = request.getfixturevalue("database")
    assert isinstance(found, str)
    return found


@pytest.fixture(
    params=[
        "memory",
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        "kvstore",
        "kvstore in parts",
    ]
)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A new state."""
    if request.param.startswith("kvstore"):
        store = KVStore()
        part = 7 if request.param == "kvstore in parts" else PART
        yield World(lambda name: kv_checkpoint(store, name, part=part), "")
        return
    if request.param == "memory":
        memories: dict[str, Memory] = {}
        yield World(lambda name: MemoryCheckpoint(memories.setdefault(name, Memory())), "")
        return
    where = str(tmp_path / "state.sqlite")
    if request.param == "postgresql":
        where = request.getfixturevalue("database")
    yield World(lambda name: opened(where).checkpoint(name), where)
