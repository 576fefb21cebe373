# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL by URL: what can be wrong with it, and that no message repeats its password."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import sqlalchemy

from slack_audit_input.model.errors import CollectorError, ConfigError, StoreError
from tests.stores.changes import change
from tests.stores.opened import opened

SECRET = "s3cr3t%2Fw0rd"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@127.0.0.1:port/db",
        "postgresql://me:s3cr3t/w0rd@127.0.0.1/db",
        "postgresql://me:s3cr3t@w0rd@127.0.0.1/db",
        f"postgresql://me:{SECRET}@127.0.0.1:99999999/db",
        f"postgresql://me:{SECRET}@[::1/db",
        f"mysql://me:{SECRET}@127.0.0.1/db",
        f"postgresql+asyncpg://me:{SECRET}@127.0.0.1/db",
        f"{SECRET}://x",
        f"postgresql://me:{SECRET}@127.0.0.1:1/db?connect_timeout={SECRET}",
        f"postgresql://me@127.0.0.1:1/db?password={SECRET}",
        f"postgresql://me:{SECRET}@127.0.0.1:1/db?sslmode=nonsense",
    ],
)
def test_no_message_repeats_a_password(url: str) -> None:
    with pytest.raises(CollectorError) as caught:
        opened(url)
    for part in ("s3cr3t", "w0rd"):
        assert part not in str(caught.value).replace(f"connect_timeout={SECRET}", "")
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("url", ["", " ", "a\0b", "ftp://x", "://"])
def test_what_is_no_place_at_all(url: str) -> None:
    with pytest.raises(ConfigError, match="--state"):
        opened(url)


def test_what_is_shown_has_no_password(database: str) -> None:
    url = sqlalchemy.make_url(database).set(password="s3cr3t")
    state = opened(url.render_as_string(hide_password=False))
    assert "s3cr3t" not in state.shown
    assert "postgres:***@" in state.shown
    state.close()


def test_an_unreachable_server() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
        with pytest.raises(StoreError, match="can it be reached from here") as caught:
            opened(f"postgresql://me:{SECRET}@127.0.0.1:{port}/db")
    assert f"postgresql://me:***@127.0.0.1:{port}/db" in str(caught.value)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    taken: list[socket.socket] = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        thread = threading.Thread(target=lambda: taken.append(server.accept()[0]), daemon=True)
        thread.start()
        yield server.getsockname()[1]
    for one in taken:
        one.close()


def test_a_silent_server_is_not_waited_for_without_end(
    silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setattr("slack_audit_input.stores.sql.CONNECT", 2)
    with pytest.raises(StoreError, match="can it be reached from here"):
        opened(f"postgresql://me@127.0.0.1:{silent_port}/db?sslmode=disable&gssencmode=disable")


def test_a_database_that_is_not_there(postgresql: str) -> None:
    url = sqlalchemy.make_url(postgresql).set(database="none")
    with pytest.raises(StoreError, match="create it first"):
        opened(url.render_as_string(hide_password=False))


def test_a_user_who_may_not(database: str) -> None:
    opened(database).close()
    engine = sqlalchemy.create_engine(database)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS little")
        connection.exec_driver_sql("CREATE ROLE little LOGIN")
    url = sqlalchemy.make_url(database).set(username="little")
    with pytest.raises(StoreError, match="must be allowed"):
        opened(url.render_as_string(hide_password=False))
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP ROLE little")
    engine.dispose()


def test_a_connection_that_was_cut_between_two_commits(database: str) -> None:
    checkpoint = opened(database).checkpoint("one")
    checkpoint.commit(0, change())
    engine = sqlalchemy.create_engine(database)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert checkpoint.commit(1, change()) == 2
    engine.dispose()
