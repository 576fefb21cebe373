# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from slack_audit_input.catalogue import ours
from slack_audit_input.mapping import lookups, table
from slack_audit_input.mapping.__main__ import main
from slack_audit_input.mapping.table import MODELS, families, reasons, row_of, rows

# What ECS 8.17 allows: the types that each category goes with.
ECS = {
    "api": "access admin allowed change creation deletion denied end info start user",
    "authentication": "start end info",
    "configuration": "access change creation deletion info",
    "database": "access change info error",
    "file": "access change creation deletion info",
    "iam": "admin change creation deletion group info user",
    "intrusion_detection": "allowed denied info",
    "malware": "info",
    "session": "start end info",
    "web": "access error info",
}


def test_every_action_of_the_catalogue_has_a_row_and_no_row_is_dead() -> None:
    assert list(rows()) == list(ours())


def test_650_actions_have_a_data_model_and_the_others_say_why_not() -> None:
    with_model = [row for row in rows().values() if row.model != "none"]
    assert len(with_model) >= 650
    assert all(row.note for row in rows().values() if row.model == "none")


def test_a_new_name_falls_into_its_family() -> None:
    for name, family in [
        ("pref.new_thing_changed", "pref.*"),
        ("mcp_slack_dream_tool_called", "mcp_slack_*"),
        ("huddle_hologram_started", "huddle_*"),
        ("agent.dreamedUp", "*"),
        ("", "*"),
    ]:
        row, known = row_of(name)
        assert (row.action, known) == (family, False)
    assert row_of("user_login")[1]


def test_no_family_takes_a_name_from_a_later_one_that_says_more() -> None:
    names = [row.action[:-1] for row in families()]
    for number, name in enumerate(names):
        assert not any(name.startswith(earlier) for earlier in names[:number]), name


@pytest.mark.parametrize("model", MODELS)
def test_tags_are_those_of_a_data_model(model: str) -> None:
    assert any(row.model == model for row in rows().values())


def test_ecs_values_are_allowed_together() -> None:
    for row in (*rows().values(), *families()):
        allowed = {one for category in row.ecs_category.split() for one in ECS[category].split()}
        if row.ecs_category:
            assert set(row.ecs_type.split()) <= allowed, row.action


def test_reasons_are_those_that_slack_names() -> None:
    assert len(reasons()) == 19  # 18, and what Slack says about an address
    assert {one.severity for one in reasons().values()} == {"low", "medium", "high"}


def test_lookups_have_no_empty_cell_and_no_dead_name() -> None:
    for name, text in lookups.files().items():
        lines = text.splitlines()
        assert len(lines) > 5, name
        assert ",," not in text and not any(line.endswith(",") for line in lines), name
    names = [line.split(",")[0] for line in lookups.files()["slack_audit_results.csv"].splitlines()]
    assert set(names[1:]) <= set(ours())


def test_the_command_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "lookups"
    assert main([str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(lookups.files())
    assert main([]) == 2
    assert "FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("action", "column", "value", "words"),
    [
        ("user_created", "model", "changes", "none of"),
        ("user_created", "who", "", "none of"),
        ("user_created", "severity", "urgent", "none of"),
        ("user_created", "cim_action", "", "is empty"),
        ("user_created", "object_category", "account", "the category user"),
        ("user_created", "model", "change", "the category user"),
        ("huddle_started", "note", "", "no note why"),
        ("user_login_failed", "result", "", "needs its result"),
    ],
)
def test_a_row_that_cannot_be_is_refused(action: str, column: str, value: str, words: str) -> None:
    row = rows()[action]._replace(**{column: value})
    with pytest.raises(ValueError, match=words):
        table._checked((row, families()[-1]))


def test_a_table_that_is_cut_short_is_refused() -> None:
    with pytest.raises(ValueError, match="cut short"):
        table._checked(tuple(rows().values()))
    for text, words in [
        ("a,b\n", "columns"),
        ("reason,severity\nx\n", "line 2"),
        ("reason,severity\nx,low\nx,low\n", "twice"),
    ]:
        with pytest.raises(ValueError, match=words):
            table._parsed("reasons.csv", text, ("reason", "severity"))
