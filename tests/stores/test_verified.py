# SPDX-License-Identifier: Apache-2.0
"""How far a `verify` has come, kept in SQLite and PostgreSQL alike."""

from __future__ import annotations

from slack_audit_input.stores.tables import verified
from slack_audit_input.stores.verified import Verified, forget_all
from tests.stores.changes import change
from tests.stores.opened import opened
from tests.stores.test_contract import everything
from tests.stores.test_sql import engine_of


def test_rows_are_kept_by_input_and_run(url: str) -> None:
    state = opened(url)
    one, other, elsewhere = (
        Verified(state, input_, run) for input_, run in (("a", "1"), ("a", "2"), ("b", "1"))
    )
    one.keep({7: "seven", 8: "eight"})
    other.keep({7: "other"})
    elsewhere.keep({7: "else"})
    one.keep({8: "again", 9: "nine"})
    one.keep({})
    assert Verified(opened(url), "a", "1").records() == {7: "seven", 8: "again", 9: "nine"}
    one.forget()
    assert (one.records(), other.records(), elsewhere.records()) == ({}, {7: "other"}, {7: "else"})
    forget_all(state, "a")
    assert (other.records(), elsewhere.records()) == ({}, {7: "else"})


def test_a_state_of_before_gets_the_table_when_it_is_needed(url: str) -> None:
    state = opened(url)
    state.checkpoint("a").commit(0, change("one", buckets={1: b"12345678"}))
    before = everything(state.checkpoint("a"))
    engine = engine_of(url)
    verified.drop(engine)
    engine.dispose()
    kept = Verified(state, "a", "1")
    assert kept.records() == {}
    kept.forget()
    forget_all(state, "a")
    kept.keep({1: "x"})
    assert kept.records() == {1: "x"}
    # The checkpoint is none of its business.
    assert everything(state.checkpoint("a")) == before


def test_thousands_of_hours(url: str) -> None:
    kept = Verified(opened(url), "a", "1")
    rows = {hour: f"hour {hour}" for hour in range(10_000)}
    kept.keep(rows)
    kept.keep(rows)
    assert kept.records() == rows
