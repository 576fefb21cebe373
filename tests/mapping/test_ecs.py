# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.mapping import ecs
from slack_audit_input.mapping.table import rows
from tests.searchtime.samples import emulated, published

#: Fields of ECS 8.17 that we use, and our own below `slack.audit`.
KNOWN = {
    "ecs.version", "event.action", "event.category", "event.dataset", "event.id", "event.kind",
    "event.module", "event.outcome", "event.reason", "event.severity", "event.start", "event.type",
    "file.hash.md5", "file.mime_type", "file.name", "group.id", "group.name", "organization.id",
    "organization.name", "related.hash", "related.ip", "related.user", "source.address",
    "source.ip", "threat.framework", "threat.technique.id", "url.original", "user.email",
    "user.full_name", "user.id", "user.name", "user.roles", "user.target.email",
    "user.target.full_name", "user.target.id", "user.target.name", "user.target.roles",
    "user_agent.original",
    "slack.audit.acting_agent", "slack.audit.action_known", "slack.audit.app.id",
    "slack.audit.app.name", "slack.audit.entity.id", "slack.audit.entity.name",
    "slack.audit.entity.type", "slack.audit.new_value", "slack.audit.old_value",
    "slack.audit.previous_ip", "slack.audit.previous_user_agent", "slack.audit.session_id",
}  # fmt: skip
LISTS = {
    "event.category", "event.type", "related.hash", "related.ip", "related.user", "user.roles",
    "user.target.roles", "threat.technique.id", "slack.audit.new_value", "slack.audit.old_value",
}  # fmt: skip
ADA = {"id": "U1", "name": "Ada", "email": "Ada@lumen.example"}
BO = {"id": "U2", "name": "Bo", "email": "bo@lumen.example"}


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{name}.{key}" if name else key)
    else:
        yield name, value


def entry(action: str, **parts: Any) -> dict[str, Any]:
    return {"id": "e1", "action": action, "actor": {"type": "user", "user": ADA}, **parts}


def test_fields_are_ecss_and_always_of_one_type() -> None:
    seen = set()
    for sample in (*emulated(), *published()):
        found = ecs.fields(json.loads(sample.text))
        for name, value in leaves(found):
            seen.add(name)
            if name in LISTS:
                assert value and all(isinstance(one, str) and one for one in value), (name, value)
            elif name == "event.severity":
                assert isinstance(value, int)
            elif name == "slack.audit.action_known":
                assert isinstance(value, bool)
            else:
                assert isinstance(value, str) and value, (name, value)
        row = rows().get(sample.action)
        assert row is None or found["event"].get("category", []) == row.ecs_category.split()
        assert found["event"]["kind"] in ("event", "alert")
        assert found["event"]["outcome"] in ("success", "failure", "unknown")
    assert seen <= KNOWN
    assert seen >= KNOWN - {"user.target.roles"}


def test_the_doer_is_the_user_and_the_account_the_target() -> None:
    found = ecs.fields(entry("user_deactivated", entity={"type": "user", "user": BO}))
    assert found["user"]["email"] == "ada@lumen.example"
    assert found["user"]["target"] == {
        "id": "U2", "name": "bo@lumen.example", "full_name": "Bo", "email": "bo@lumen.example"
    }  # fmt: skip
    assert found["event"]["category"] == ["iam"]
    assert found["event"]["type"] == ["user", "deletion"]
    assert {"U1", "U2"} <= set(found["related"]["user"])


@pytest.mark.parametrize("nested", [True, False])
def test_who_added_a_member(nested: bool) -> None:
    group = {"type": "usergroup", "usergroup": {"id": "S1", "name": "admins"}}
    inviter = {"type": "user", "user": BO} if nested else BO
    found = ecs.fields(entry("user_added_to_usergroup", entity=group, details={"inviter": inviter}))
    assert found["user"]["id"] == "U2"
    assert found["user"]["target"]["id"] == "U1"
    assert found["group"] == {"id": "S1", "name": "admins"}


def test_a_person_known_by_id_alone() -> None:
    found = ecs.fields(entry("role_assigned", details={"target_user": "U9"}))
    assert found["user"]["target"] == {"id": "U9", "name": "U9"}


def test_logins_have_no_target() -> None:
    found = ecs.fields(entry("user_login", entity={"type": "user", "user": ADA}))
    assert "target" not in found["user"]
    assert found["event"]["outcome"] == "success"
    assert ecs.fields(entry("user_login_failed"))["event"]["outcome"] == "failure"


def test_anomalies() -> None:
    details = {
        "reason": ["ip_address", "tor"],
        "action_timestamp": 1644428253989994,
        "previous_ip_address": "198.51.100.9",
    }
    found = ecs.fields(entry("anomaly", details=details, context={"ip_address": "2001:db8::1"}))
    assert found["event"]["kind"] == "alert"
    assert found["event"]["reason"] == "ip_address, tor"
    assert found["event"]["severity"] == 73
    assert found["event"]["start"] == "2022-02-09T17:37:33.989Z"
    assert found["threat"]["technique"]["id"] == ["T1078.004", "T1090.003"]
    assert found["related"]["ip"] == ["2001:db8::1", "198.51.100.9"]


def test_nothing_is_a_value() -> None:
    found = ecs.fields(entry("file_shared", context={"ua": "", "ip_address": "127.0.0.1"}))
    assert not {"source", "user_agent", "file", "organization"}.intersection(found)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ("type", "user", "id", "name", "email", "app", "location", "inviter", "reason")
)
PART = JSON | st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON, max_size=3), max_size=4)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "action": JSON | st.sampled_from(sorted(rows())),
            "actor": PART,
            "entity": PART,
            "context": PART,
            "details": PART,
            "id": JSON,
        },
    )
)
def test_whatever_is_in_an_entry(found: dict[str, Any]) -> None:
    json.dumps(ecs.fields(found))
