# SPDX-License-Identifier: Apache-2.0
"""The traps of Slack's entries, one by one: who did it to whom, values that vary, nothing there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slack_audit_input.mapping.parties import parties
from slack_audit_input.mapping.table import row_of
from tests.searchtime.app import App
from tests.searchtime.extraction import Fields

ADA = {"id": "U1", "name": "Ada", "email": "Ada@Lumen.example", "team": "T1"}
BO = {"id": "U2", "name": "Bo", "email": "bo@lumen.example", "team": "T1"}
PLACE = {"type": "workspace", "id": "T1", "name": "Lumen", "domain": "lumen"}


def fields(action: str, **parts: Any) -> Fields:
    entry = {
        "id": "e1",
        "date_create": 1_780_000_000,
        "action": action,
        "actor": {"type": "user", "user": parts.pop("actor", ADA)},
        "entity": {"type": "workspace", "workspace": PLACE},
        "context": {"location": PLACE, "ua": "UA", "ip_address": "203.0.113.7", "session_id": 1},
        **parts,
    }
    return App.load().fields(json.dumps(entry))


def user(who: dict[str, Any]) -> dict[str, Any]:
    return {"type": "user", "user": who}


def one(found: Fields, *names: str) -> list[str | None]:
    return [found[name][0] if name in found else None for name in names]


def test_an_account_that_somebody_changed() -> None:
    found = fields("user_deactivated", entity=user(BO))
    assert one(found, "user", "user_id", "user_name", "user_email") == [
        *("bo@lumen.example", "U2", "Bo", "bo@lumen.example")
    ]
    assert one(found, "src_user", "src_user_id", "src_user_name") == [
        *("ada@lumen.example", "U1", "Ada")
    ]
    assert one(found, "actor", "target", "doer") == [
        *("ada@lumen.example", "bo@lumen.example", None)
    ]
    assert one(found, "action", "result", "object", "object_id") == [
        *("deleted", "deactivated", "bo@lumen.example", "U2")
    ]


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize(
    ("action", "key"),
    [("user_added_to_usergroup", "inviter"), ("user_removed_from_usergroup", "kicker")],
)
def test_a_member_is_the_actor_and_another_did_it(action: str, key: str, nested: bool) -> None:
    group = {"type": "usergroup", "usergroup": {"id": "S1", "name": "admins"}}
    found = fields(action, entity=group, details={key: user(BO) if nested else BO})
    assert one(found, "user", "src_user", "doer") == [
        *("ada@lumen.example", "bo@lumen.example", "bo@lumen.example")
    ]
    assert one(found, "object", "object_attrs") == ["ada@lumen.example", "usergroup=admins"]
    alone = fields(action, entity=group)
    assert one(alone, "src_user", "doer") == ["ada@lumen.example", None]


def test_joining_a_channel_by_invitation() -> None:
    channel = {"type": "channel", "channel": {"id": "C1", "name": "plans"}}
    found = fields("user_channel_join", entity=channel, details={"type": "INVITED", "inviter": BO})
    assert one(found, "user", "src_user", "object", "object_category") == [
        *("ada@lumen.example", "bo@lumen.example", "plans", "channel")
    ]
    assert found["tag"] == ["change"]


def test_a_role_that_was_assigned_names_the_person_by_id_alone() -> None:
    role = {"type": "role", "role": {"id": "Rl1", "name": "Security Admin", "type": "0"}}
    found = fields(
        "role_assigned", entity=role, details={"target_user": "U9", "target_entity": "T1"}
    )
    assert one(found, "user", "user_id", "src_user", "object", "object_attrs") == [
        *("U9", "U9", "ada@lumen.example", "U9", "role=Security Admin")
    ]
    assert found["tag"] == ["account", "change"]


@pytest.mark.parametrize(
    ("actor", "name", "kind"),
    [
        ({"id": "USLACKUSER", "name": "", "email": ""}, "USLACKUSER", "system"),
        ({"id": "USLACKSECURITY"}, "USLACKSECURITY", "bot"),
        ({"id": "USLACKBOT", "name": "Slackbot", "email": None}, "Slackbot", "bot"),
        (
            {"id": "U3", "email": "botuser-T1-A1@slack-bots.com"},
            "botuser-t1-a1@slack-bots.com",
            "bot",
        ),
        ({"id": "A012", "name": "Sync", "email": ""}, "Sync", "app"),
        ({**ADA, "account_type": "SINGLE_CHANNEL_GUEST"}, "ada@lumen.example", "guest"),
        ({"id": "U4", "name": "null", "email": "null"}, "U4", "user"),
    ],
)
def test_who_is_no_ordinary_user(actor: dict[str, Any], name: str, kind: str) -> None:
    found = fields("public_channel_created", actor=actor)
    assert one(found, "user", "user_type", "src_user_type") == [name, kind, kind]


def test_a_user_that_is_called_an_app() -> None:
    entry = {"action": "app_installed", "actor": {"type": "app", "user": ADA}}
    found = App.load().fields(json.dumps(entry))
    assert one(found, "user_type", "src_user_type") == ["app", "app"]
    assert parties(entry, row_of("app_installed")[0]).doer.kind == "app"


def test_an_app_as_actor() -> None:
    text = json.dumps(
        {"action": "app_installed", "actor": {"type": "app", "app": {"id": "A1", "name": "Sync"}}}
    )
    found = App.load().fields(text)
    assert one(found, "user", "user_id", "user_type") == ["Sync", "A1", "app"]


def test_an_agent_that_acts_for_somebody() -> None:
    context = {"location": PLACE, "acting_agent": "Slackbot", "app": {"id": "A2", "name": "Claude"}}
    found = fields("canvas_created", context=context)
    assert one(found, "acting_agent", "acting_app", "acting_app_id", "user") == [
        *("Slackbot", "Claude", "A2", "ada@lumen.example")
    ]


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_agent_or_app_that_is_none(nothing: str | None) -> None:
    for app in (None, {"id": nothing, "name": nothing}):
        context = {"location": PLACE, "acting_agent": nothing, "app": app}
        found = fields("canvas_created", context=context)
        assert one(found, "acting_agent", "acting_app", "acting_app_id") == [None, None, None]


@pytest.mark.parametrize(
    ("value", "words", "attributes"),
    [
        ("SSO_REQUIRED", ["SSO_REQUIRED"], "sso_setting_changed=SSO_REQUIRED"),
        (True, ["true"], "sso_setting_changed=true"),
        (7, ["7"], "sso_setting_changed=7"),
        (["C1", "C2"], ["C1", "C2"], "sso_setting_changed=C1, C2"),
        ({"type": ["ADMINS", "x"]}, ["ADMINS", "x"], "sso_setting_changed=ADMINS, x"),
        ('say "x"', ['say "x"'], "sso_setting_changed=say 'x'"),
        (None, None, "setting value"),
        ([], None, "setting value"),
        ({}, None, "setting value"),
        ("", None, "setting value"),
    ],
)
def test_a_settings_value_of_any_type(value: Any, words: list[str] | None, attributes: str) -> None:
    details = {"new_value": value, "previous_value": value}
    found = fields("pref.sso_setting_changed", details=details)
    assert found.get("new_value") == words == found.get("old_value")
    assert one(found, "object", "object_id", "object_attrs") == [
        *("sso_setting_changed", "pref.sso_setting_changed", attributes)
    ]


@pytest.mark.parametrize("details", [None, {}, "gone"])
def test_details_that_are_nothing(details: Any) -> None:
    found = fields(
        "user_created", entity=user(BO), **({} if details == "gone" else {"details": details})
    )
    assert one(found, "user", "action", "status") == ["bo@lumen.example", "created", "success"]


@pytest.mark.parametrize(
    ("session", "text"), [(11895228719633, "11895228719633"), ("84", "84"), (None, None)]
)
def test_sessions_are_text(session: Any, text: str | None) -> None:
    context = {"location": PLACE, "ua": "", "ip_address": "", "session_id": session}
    found = fields("user_login", entity=user(ADA), context=context)
    assert one(found, "session_id", "user_agent", "src") == [text, None, None]


def test_logins() -> None:
    details = {"authentication_method": "saml", "idp_entity_id": "http://idp.example/x"}
    found = fields("user_login", entity=user(ADA), details=details)
    assert found["tag"] == ["authentication"]
    assert one(found, "action", "slack_action", "user", "src_user") == [
        *("success", "user_login", "ada@lumen.example", None)
    ]
    assert one(found, "authentication_method", "authentication_service") == [
        *("saml", "http://idp.example/x")
    ]
    failed = fields("user_login_failed", entity=user(ADA))
    assert one(failed, "action", "status", "authentication_service", "authentication_method") == [
        *("failure", "failure", "Slack", None)
    ]
    # A logout that succeeded must not count as a login that did.
    out = fields("user_logout", entity=user(ADA))
    assert "tag" not in out
    assert out["eventtype"] == ["slack_audit", "slack_audit_session"]


def test_tools_say_whether_they_succeeded() -> None:
    for success, status, result in [(True, "success", None), (False, "failure", "failed")]:
        found = fields("slack_ai_mcp_tool_called", details={"tool_name": "x", "success": success})
        assert one(found, "status", "result") == [status, result]


def anomaly(**details: Any) -> Fields:
    return fields("anomaly", entity=user(ADA), details=details)


def test_anomalies() -> None:
    found = anomaly(
        action_timestamp=1644428253989994,
        previous_ip_address="198.51.100.9",
        previous_ua="Old",
        reason=["ip_address", "tor", "asn"],
        ip_address_details=["new-asn"],
        location="Reno, Nevada",
    )
    assert found["reason"] == ["ip_address", "tor", "asn"] == found["signature"]
    assert one(found, "severity", "type") == ["high", "alert"]
    assert found["description"]
    assert sorted(set(found["mitre_technique_id"])) == ["T1078.004", "T1090.003"]
    assert one(found, "previous_src", "previous_user_agent", "src", "user_agent") == [
        *("198.51.100.9", "Old", "203.0.113.7", "UA")
    ]
    assert found["action_time"] == ["1644428253.989994"]
    assert found["date_create"] == ["1780000000"]
    assert one(found, "detected_location", "ip_address_details") == ["Reno, Nevada", "new-asn"]
    assert found["tag"] == ["alert"]


@pytest.mark.parametrize(
    ("details", "severity"),
    [
        ({"reason": ["ip_address"]}, "low"),
        ({"reason": ["ip_address"], "ip_address_details": ["in-ioc-list"]}, "high"),
        ({"reason": ["asn", "ip_address"]}, "medium"),
        ({"reason": "tor"}, "high"),
        ({"reason": ["a_reason_of_tomorrow"]}, "medium"),
        ({}, "medium"),
    ],
)
def test_an_anomaly_is_as_bad_as_its_worst_reason(details: dict[str, Any], severity: str) -> None:
    assert anomaly(**details)["severity"] == [severity]


def test_no_earlier_client_and_milliseconds() -> None:
    found = anomaly(
        reason=["tor"], previous_ip_address="", previous_ua="", action_timestamp="1673631621862"
    )
    assert one(found, "previous_src", "previous_user_agent", "action_time") == [
        *(None, None, "1673631621.862")
    ]


def test_an_action_that_nobody_knew() -> None:
    found = fields("huddle_hologram_started")
    assert one(found, "slack_action_known", "slack_category", "action") == [
        *("false", "huddle", "unknown")
    ]
    assert "slack_audit_unknown_action" in found["eventtype"]
    assert "tag" not in found
    setting = fields("pref.of_tomorrow", details={"new_value": "on"})
    assert one(setting, "slack_action_known", "object_attrs") == ["false", "of_tomorrow=on"]
    assert setting["tag"] == ["change"]


@pytest.mark.parametrize(
    ("users", "ids"),
    [
        (["W1", "W2"], ["W1", "W2"]),
        ('["W1", "W2"]', ["W1", "W2"]),
        ('["W1"]', ["W1"]),
        ("[]", None),
        ([], None),
        ("", None),
    ],
)
def test_users_in_a_list_or_in_a_text_that_holds_one(users: Any, ids: list[str] | None) -> None:
    found = fields("bulk_session_reset_by_admin", details={"succeeded_users": users})
    assert found.get("affected_users") == ids


def test_an_account_in_an_action_that_nobody_knew_is_told_apart_alike() -> None:
    found = fields("user_suspended_tomorrow", entity=user(BO))
    entry = {"actor": user(ADA), "entity": user(BO)}
    row, known = row_of("user_suspended_tomorrow")
    doer, account = parties(entry, row)
    assert not known
    assert one(found, "user", "src_user") == [account.known_as, doer.known_as]
    assert account.id == "U2"


def test_slacks_escapes_are_read() -> None:
    text = '{"action":"file_shared","entity":{"type":"file","file":{"id":"F1","name":"a"}},'
    text += '"details":{"url_private":"https:\\/\\/files.slack.com\\/a"}}'
    assert App.load().fields(text)["object_path"] == ["https://files.slack.com/a"]
