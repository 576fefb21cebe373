# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import importlib.resources
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from slack_audit_input.emulator import actions, details
from slack_audit_input.emulator.entities import TYPES, UNKNOWN_TYPES
from slack_audit_input.emulator.fields import FIELDS
from slack_audit_input.emulator.material import Material
from tests.emulator.calls import GOOD, NOW, emulator

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "details_fields.csv"
# Every entry of this many, and all actions are among them.
COUNT = 90_000


@pytest.fixture(scope="module")
def texts() -> list[str]:
    slack = emulator(events_per_day=30_000, history_days=5)
    found: list[str] = []
    for block, start, stop in slack.organization.pieces(int(NOW), 0):
        found += block.texts()[start:stop]
        if len(found) >= COUNT:
            break
    return found


@pytest.fixture(scope="module")
def entries(texts: list[str]) -> list[Any]:
    return [json.loads(text) for text in texts]


def kind(value: object) -> str:
    return {str: "text", bool: "flag", int: "number", list: "list", dict: "object"}.get(
        type(value), "null"
    )


def kinds(entries: list[Any], *path: str) -> set[str]:
    found = set()
    for entry in entries:
        value = entry
        for key in path:
            if not isinstance(value, dict):
                break
            value = value.get(key, "missing") if key in value else ...
        if value is ...:
            found.add("missing")
        else:
            found.add(kind(value))
    return found


def test_every_action_of_the_catalogue_occurs_and_some_that_are_in_none(entries: list[Any]) -> None:
    table = importlib.resources.files("slack_audit_input.catalogue") / "actions.csv"
    listed = {row["action"] for row in csv.DictReader(table.read_text("utf-8").splitlines())}
    assert {entry["action"] for entry in entries} == listed | set(actions.NEW_ACTIONS)
    assert len(listed) > 700


def test_a_few_actions_make_most_of_the_volume(entries: list[Any]) -> None:
    counts = Counter(entry["action"] for entry in entries)
    four = {name for name, _ in counts.most_common(4)}
    assert four == {
        "file_downloaded",
        "canvas_opened",
        "public_channel_preview",
        "list_cell_updated",
    }
    assert sum(counts[name] for name in four) > 0.5 * len(entries)


def test_every_entity_type_occurs_with_its_object_under_its_name(entries: list[Any]) -> None:
    found = {entry["entity"]["type"] for entry in entries}
    assert found == set(TYPES)
    assert set(UNKNOWN_TYPES) < found
    for entry in entries:
        assert set(entry["entity"]) == {"type", entry["entity"]["type"]}


def test_entries_have_slacks_shape(texts: list[str], entries: list[Any]) -> None:
    layout = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(layout.fullmatch(entry["id"]) for entry in entries)
    assert len({entry["id"] for entry in entries}) == len(entries)
    must = {"id", "date_create", "action", "actor", "entity", "context"}
    assert all(must <= set(entry) <= must | {"details"} for entry in entries)
    assert all(type(entry["date_create"]) is int for entry in entries)
    assert all(text.isascii() for text in texts)
    assert 750 < sum(map(len, texts)) / len(texts) < 950
    assert len({tuple(key for key in entry if key != "details") for entry in entries}) > 1
    assert any("\\/" in text for text in texts)
    assert any("://" in text for text in texts)
    assert any("\\ud83d" in text for text in texts)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (("context", "session_id"), {"number", "text", "null", "missing"}),
        (("context", "app"), {"object", "null", "missing"}),
        (("details",), {"object", "null", "missing"}),
        (("actor", "user", "email"), {"text", "null", "missing"}),
        (("actor", "user", "team"), {"text", "missing"}),
    ],
)
def test_types_vary(entries: list[Any], path: tuple[str, ...], wanted: set[str]) -> None:
    assert kinds(entries, *path) == wanted


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("new_value", {"text", "list", "object", "null", "flag", "number"}),
        ("previous_value", {"text", "list", "object", "null", "flag", "number"}),
        ("reason", {"list", "text", "object"}),
        ("succeeded_users", {"list", "text"}),
        ("failed_users", {"list", "text"}),
        ("permissions", {"list", "object", "text"}),
        ("entity_ids", {"list", "text"}),
        ("is_allowed", {"text", "flag"}),
        ("is_flagged", {"text"}),
        ("action_timestamp", {"number"}),
        ("export_start_ts", {"text"}),
        ("exporting_team_id", {"number"}),
    ],
)
def test_types_of_details_vary(entries: list[Any], key: str, wanted: set[str]) -> None:
    found = [e["details"][key] for e in entries if e.get("details") and key in e["details"]]
    assert {kind(value) for value in found} == wanted


def test_traps_of_real_entries_are_there(entries: list[Any]) -> None:
    inviters = [e["details"]["inviter"] for e in entries if "inviter" in (e.get("details") or {})]
    assert {"user" in inviter for inviter in inviters} == {True, False}
    actors = {entry["actor"]["user"]["id"] for entry in entries}
    assert {"USLACKUSER", "USLACKSECURITY", "USLACKBOT"} <= actors
    mails = [entry["actor"]["user"].get("email") or "" for entry in entries]
    assert any(mail.startswith("botuser-T") for mail in mails)
    by_mail: dict[str, set[str]] = {}
    for entry, mail in zip(entries, mails):
        by_mail.setdefault(mail, set()).add(entry["actor"]["user"]["id"])
    assert any(mail and len(who) == 2 for mail, who in by_mail.items())
    contexts = [entry["context"] for entry in entries]
    assert {"", "127.0.0.1"} <= {context["ip_address"] for context in contexts}
    assert any(":" in context["ip_address"] for context in contexts)
    assert any(context["ua"] == "" for context in contexts)
    assert any(context.get("acting_agent") == "Slackbot" for context in contexts)
    assert any(
        c["location"]["type"] == "workspace" and c["location"]["id"][0] == "E" for c in contexts
    )
    assert any(isinstance(c.get("session_id"), int) and c["session_id"] > 2**33 for c in contexts)
    opened = {e["entity"]["type"] for e in entries if e["action"] == "canvas_opened"}
    assert opened == {"file"}
    roles = [e["entity"]["account_type_role"]["id"] for e in entries
             if e["entity"]["type"] == "account_type_role"]  # fmt: skip
    assert {type(one) for one in roles} == {int, str}
    running = {e["entity"]["huddle"]["date_end"] == 0 for e in entries
               if e["entity"]["type"] == "huddle"}  # fmt: skip
    assert running == {True, False}


def test_anomalies_have_one_to_three_reasons_and_their_own_time(entries: list[Any]) -> None:
    found = [entry for entry in entries if entry["action"] == "anomaly"]
    counts = {len(entry["details"]["reason"]) for entry in found}
    assert counts == {1, 2, 3}
    for entry in found:
        lag = entry["date_create"] * 1_000_000 - entry["details"]["action_timestamp"]
        assert 500_000 <= lag <= 60_000_000
    named = {reason for entry in found for reason in entry["details"]["reason"]}
    assert len(named) >= 15
    assert {entry["details"]["previous_ua"] == "" for entry in found} == {True, False}


def test_every_key_that_has_a_value_is_tied_to_an_action() -> None:
    used = {key for name in actions.names() for key in details.fields_of(name)}
    for number in range(300):
        used |= set(details.details("anomaly", Material(number)))
    assert used == set(FIELDS)
    assert len(FIELDS) == 195


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not on this machine")
def test_every_key_of_the_reference_is_known() -> None:
    with REFERENCE.open(encoding="utf-8") as file:
        assert {row["details_field"] for row in csv.DictReader(file)} <= set(FIELDS)


def test_schemas_and_actions_need_no_token() -> None:
    slack = emulator()
    listed = json.loads(slack.serve({}, {}, NOW, path="/audit/v1/actions").body)
    assert set(listed) == {"actions"}
    assert len(listed["actions"]) == 25
    assert "permissions_assigned" in listed["actions"]["message"]
    assert "permissions_assigned" in listed["actions"]["account_type_role"]
    names = {name for names in listed["actions"].values() for name in names}
    assert names == actions.names() - set(actions.NEW_ACTIONS)
    schemas = json.loads(slack.serve({}, {}, NOW, path="/audit/v1/schemas").body)["schemas"]
    assert all(set(row) == {"type", row["type"]} for row in schemas)
    assert {row["type"] for row in schemas} >= {"workspace", "user", "legal_hold_policy"}
    assert slack.serve({}, GOOD, NOW).status == 200
