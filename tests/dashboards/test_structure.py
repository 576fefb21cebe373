# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import copy
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slack_audit_input.addon.dashboards import BOARDS, generate
from slack_audit_input.addon.dashboards.board import Board
from slack_audit_input.addon.dashboards.views import navigation, view
from tests.dashboards.structure import problems

Definition = dict[str, Any]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_each_dashboard_holds_together(board: Board) -> None:
    assert problems(board.definition()) == []


def test_all_that_are_wanted_are_there() -> None:
    wanted = ["overview", "authentication", "changes", "apps"]
    wanted += ["data", "anomalies", "person", "health"]
    assert [board.name for board in BOARDS] == [f"slack_audit_{name}" for name in wanted]
    assert all(f'<view name="{board.name}"/>' in navigation() for board in BOARDS)


def _no_source(definition: Definition) -> None:
    definition["dataSources"].popitem()


def _no_query(definition: Definition) -> None:
    next(iter(definition["dataSources"].values()))["options"]["query"] = ""


def _no_place(definition: Definition) -> None:
    del definition["layout"]["structure"][0]["position"]


def _over_another(definition: Definition) -> None:
    definition["layout"]["structure"][1]["position"]["x"] = 0


def _no_token(definition: Definition) -> None:
    source = next(iter(definition["dataSources"].values()))
    source["options"]["query"] += ' user="$nobody$"'


def _unknown_key(definition: Definition) -> None:
    definition["panels"] = {}


def _unknown_option(definition: Definition) -> None:
    next(iter(definition["dataSources"].values()))["options"]["querry"] = "x"


@pytest.mark.parametrize(
    "damage",
    [
        _no_source,
        _no_query,
        _no_place,
        _over_another,
        _no_token,
        _unknown_key,
        _unknown_option,
    ],
)
def test_damage_is_noticed(damage: Callable[[Definition], None]) -> None:
    definition = copy.deepcopy(BOARDS[0].definition())
    damage(definition)
    assert problems(definition)


def test_views_are_xml_that_holds_the_definition(tmp_path: Path) -> None:
    (tmp_path / "savedsearches.conf").write_text("[an alert]\nsearch = x\n")
    assert generate(tmp_path) == len(BOARDS)
    for board in BOARDS:
        path = tmp_path / "data" / "ui" / "views" / f"{board.name}.xml"
        root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - our own file
        assert root.tag == "dashboard" and root.get("version") == "2"
        assert json.loads(root.findtext("definition") or "") == board.definition()
        assert root.findtext("label") == board.title
    conf = (tmp_path / "savedsearches.conf").read_text()
    assert re.findall(r"^\[(.*)\]$", conf, re.MULTILINE) == [
        "an alert",
        "Slack audit - events by hour",
    ]
    with pytest.raises(ValueError, match="already"):
        generate(tmp_path)


def test_a_theme_is_in_the_view() -> None:
    assert 'theme="dark"' in view(BOARDS[0], "dark")
