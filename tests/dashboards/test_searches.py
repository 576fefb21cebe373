# SPDX-License-Identifier: Apache-2.0
"""Every search of every dashboard: parsed, and asking only for what events have."""

from __future__ import annotations

import functools

import pytest

from slack_audit_input.addon.dashboards import BOARDS
from slack_audit_input.addon.dashboards.board import Board
from tests.dashboards.running import parsed, results
from tests.dashboards.sample import events, log_lines


@functools.cache
def seen() -> frozenset[str]:
    """All fields of the sample events and of the collector's own lines."""
    return frozenset(name for row in (*events(), *log_lines()) for name in row)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_fields_are_there(board: Board) -> None:
    definition = board.definition()
    spl = parsed(definition)
    for name, source in definition["dataSources"].items():
        if source["type"] == "ds.chain":
            base = source["options"]["extend"]
            assert spl[name].fields(spl[base].made()) <= set(), name
        else:
            assert spl[name].fields() <= seen(), name


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_search_finds_something_in_a_busy_week(board: Board) -> None:
    empty = [name for name, rows in results(board.definition()).items() if not rows]
    assert empty == []
