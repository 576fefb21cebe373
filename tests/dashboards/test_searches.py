# SPDX-License-Identifier: Apache-2.0
"""Every search of every dashboard: parsed, and asking only for what events have."""

from __future__ import annotations

import functools
import re
import urllib.parse

import pytest

from slack_audit_input.addon.dashboards import BOARDS
from slack_audit_input.addon.dashboards.board import Board
from tests.dashboards.running import parsed, results
from tests.dashboards.sample import coverage_records, events, log_lines
from tests.searchtime.app import App
from tests.searchtime.samples import emulated
from tests.spl.events import macros
from tests.spl.search import Spl

# The sample week takes ten seconds to make.
pytestmark = pytest.mark.slow


@functools.cache
def seen() -> frozenset[str]:
    """All fields of the sample week, of the collector's lines, and of events of every action."""
    every = [App.load().fields(sample.text) for sample in emulated()[::3]]
    return frozenset(
        name for row in (*events(), *log_lines(), *coverage_records(), *every) for name in row
    )


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


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_a_click_opens_a_search_for_what_was_clicked(board: Board) -> None:
    definition = board.definition()
    found = results(definition)
    for name, panel in definition["visualizations"].items():
        for click in panel.get("eventHandlers", []):
            path, _, query = click["options"]["url"].partition("?")
            assert path == "/app/slack_audit_input/search"
            search = urllib.parse.parse_qs(query)["q"][0].removeprefix("search ")
            columns = {column for row in found[panel["dataSources"]["primary"]] for column in row}
            assert set(re.findall(r"\$row\.(\w+)\.value\$", search)) <= columns, name
            assert Spl(re.sub(r"\$[\w.]+\$", "x", search), macros()).fields() <= seen(), name
    if board.name != "slack_audit_health":
        assert sum("eventHandlers" in panel for panel in definition["visualizations"].values()) >= 3


def test_an_input_that_runs_no_more_says_since_when() -> None:
    (board,) = [board for board in BOARDS if board.name == "slack_audit_health"]
    spl = parsed(board.definition())

    def since(lines: list[dict[str, list[str]]]) -> dict[str, str]:
        rows = spl["ds_inputs"].run(spl["ds_collected"].run(lines))
        return {row["input"][0]: "".join(row["stopped_since"]) for row in rows}

    lines = list(log_lines())
    stopped = since(lines)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", stopped["exports"])
    # The sample's other input has stopped with its last line; without that it runs.
    assert stopped["acme"] > stopped["exports"]
    running = since([line for line in lines if line.get("action") != ["stopped"]])
    assert running == {**stopped, "acme": ""}
