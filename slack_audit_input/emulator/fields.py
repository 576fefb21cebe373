# SPDX-License-Identifier: Apache-2.0
"""A value for each key that `details` is known to have (195 of them), in its real JSON type.

Pure. The types are those of Slack's SDKs and of captures. Where those disagree or a capture
shows several, each comes up at times: lists or text that holds a list, flat or nested users,
objects or text.
"""

from __future__ import annotations

import json
from typing import Any, Callable

from slack_audit_input.emulator import people
from slack_audit_input.emulator.material import Material

Value = Callable[[Material], Any]

_RETENTION = ("RETAIN_ALL", "RETAIN_MSGS", "EXPIRE_ALL", "EXPIRE_MSGS")
_WHO = ("ORG_ADMINS_AND_OWNERS", "EVERYONE", "TOPLEVEL_ADMINS_AND_OWNERS_AND_SELECTED", "ra")


def _id(prefix: str) -> Value:
    return lambda m: m.code(prefix)


def _ids(prefix: str) -> Value:
    return lambda m: m.ids(prefix, 3)


def _flag(m: Material) -> bool:
    return m.chance(0.5)


def _count(m: Material) -> int:
    return m.number(0, 400)


def _word(m: Material) -> str:
    return m.words(1)


def _words(m: Material) -> list[str]:
    return [m.words(1) for _ in range(m.number(0, 3))]


def _second(m: Material) -> int:
    return m.number(1_600_000_000, 1_780_000_000)


def _choice(*of: Any) -> Value:
    return lambda m: m.one(of)


def _scopes(m: Material) -> list[str]:
    # A list with one empty text stands for no scopes in captures.
    return m.some(people.SCOPES, 9) if m.chance(0.9) else [""]


def _who(m: Material) -> dict[str, Any]:
    return {"type": m.some(_WHO, 2, 1), "user": m.ids("U", 2)}


def _enabled(m: Material) -> dict[str, Any]:
    return {"enabled": _flag(m)}


def _policy(m: Material) -> dict[str, Any]:
    return {"type": m.one(("all", "custom")), "duration_days": m.number(0, 3650)}


def _profile(m: Material) -> dict[str, Any]:
    first, last = m.first_name(), m.last_name()
    url = f"https://avatars.example.com/{m.hexadecimal(12)}_192.png"
    return {
        "real_name": f"{first} {last}",
        "first_name": first,
        "last_name": last,
        "display_name": m.one((first, "")),
        "image_192": url,
    }


def _another(m: Material) -> dict[str, Any]:
    # Older entries have the user itself here, newer ones an object of type and user.
    user = {
        "id": m.code("U"),
        "name": f"{m.first_name()} {m.last_name()}",
        "email": f"person.{m.number(0, 999)}@lumen.example",
        "team": m.code("T"),
    }
    return {"type": "user", "user": user} if m.chance(0.5) else user


def _list_or_text(m: Material) -> Any:
    users = m.ids("W", 3)
    return users if m.chance(0.5) else json.dumps(users)


def _rule(m: Material) -> dict[str, Any]:
    return {
        "id": m.code("Ar"),
        "name": m.words(2),
        "action": m.one(("approve", "restrict")),
        "conditions": {"operator": "and", "entities": [{"type": "scope", "value": "chat:write"}]},
    }


def _changed(m: Material) -> Any:
    """A setting before or after: Slack sends text, truth values, lists, objects, null, numbers."""
    return m.one(
        (
            m.one(_RETENTION),
            m.one(("SSO_REQUIRED", "EMAIL_PASSWORD", "")),
            True,
            False,
            m.ids("C", 2, 1),
            [],
            {"type": m.some(_WHO, 1, 1)},
            _who(m),
            None,
            m.number(0, 720),
        )
    )


def _channel(m: Material) -> dict[str, Any]:
    return {"id": m.code("C"), "privacy": m.one(("public", "private")), "name": m.words(2, "-")}


def _export_time(m: Material) -> str:
    day = f"20{m.number(19, 26)}-{m.number(1, 12):02d}-{m.number(1, 28):02d}"
    return f"{day} {m.number(0, 23):02d}:00:00"


def _arguments(m: Material) -> Any:
    return m.one(({}, {"query": m.words(3), "limit": 20}, {"channel_id": m.code("C")}, []))


def _permissions(m: Material) -> Any:
    rows = [{"resource": {"type": "workspace", "grant": {"type": "grant", "wildcard": False}}}]
    return m.one((rows, rows[0], "read", []))


def _file_url(m: Material) -> str:
    return f"https://files.slack.com/files-pri/{m.code('T')}-{m.code('F')}/{m.words(2, '_')}.pdf"


FIELDS: dict[str, Value] = {
    "access_level": _choice("READ", "WRITE", "OWNER"),
    "action": _choice("update", "add", "remove"),
    "action_timestamp": lambda _: "@MICROSECONDS@",
    "actor": _id("U"),
    "added_team_id": _id("T"),
    "added_to_allow": _ids("A"),
    "added_user_count": _count,
    "added_user_error_count": _count,
    "admin_app_id": _id("A"),
    "affected_users": lambda m: m.one((m.ids("U"), _count(m), ",".join(m.ids("U")))),
    "api_call_method": _choice("functions.workflows.publish", "chat.postMessage"),
    "app_id": _id("A"),
    "app_owner_id": _id("U"),
    "app_previously_approved": _flag,
    "app_previously_resolved": _flag,
    "approval_type": _choice("admin", "automatic"),
    "approver_id": _id("U"),
    "argument_keys": lambda m: m.some(("query", "channel_id", "limit", "cursor"), 3),
    "arguments": _arguments,
    "attributes": lambda m: [
        {"name": m.words(1), "type": "array", "items": {"type": "string"}},
        {"name": "id", "type": "string"},
    ],
    "authentication_method": _choice("magic_link", "saml", "google", "password"),
    "authentication_mode": _choice("EMAIL_PASSWORD", "SSO"),
    "barrier_id": _id("B"),
    "barriered_from_usergroup_ids": _ids("S"),
    "bot_id": _id("B"),
    "bot_scopes": _scopes,
    "can_huddle": _enabled,
    "can_thread": _who,
    "cell_date_updated": _second,
    "changed_permissions": lambda m: m.some(("read", "write", "admin", "manage"), 3),
    "channel": _id("C"),
    "channel_id": _id("C"),
    "channel_ids": _ids("C"),
    "channels": _ids("C"),
    "cleared_resolution": _choice("approved", "restricted"),
    "client_ja3_fingerprint": lambda m: m.hexadecimal(32),
    "client_ja4_fingerprint": lambda m: f"t13d1516h2_{m.hexadecimal(12)}_{m.hexadecimal(12)}",
    "cloned_file_id": _id("F"),
    "column_id": _id("Col"),
    "config_type": _choice("saml", "oidc", ""),
    "connectors_disabled": _words,
    "connectors_enabled": _words,
    "creator": _id("U"),
    "datastore_name": _word,
    "datastores": _words,
    "datastores_added": _words,
    "decision": _choice("allow", "deny", "ask"),
    "deprecation_search_end": _second,
    "desktop_app_browser_quit": _flag,
    "destination_channel": _channel,
    "destination_team": _id("T"),
    "destructive": _flag,
    "detected_client": _choice("desktop", "mobile", "unknown"),
    "detected_os": _choice("Linux", "Windows", "macOS"),
    "disconnecting_team": _id("T"),
    "duration": lambda m: m.number(0, 2_592_000),
    "email": lambda m: f"person.{m.number(0, 999)}@lumen.example",
    "enable_at_channel": _enabled,
    "enable_at_here": _enabled,
    "enterprise": _id("E"),
    "entity_ids": lambda m: m.one((m.code("U"), m.ids("U"))),
    "entity_team": _id("T"),
    "entity_type": _choice("user", "channel", "usergroup"),
    "executor_id": _id("U"),
    "expires_on": _second,
    "export_end_ts": _export_time,
    "export_start_ts": _export_time,
    "export_type": _choice("standard", "corporate", "user"),
    "exporting_team_id": lambda m: m.number(10**12, 9 * 10**12),
    "external_organization_id": _id("E"),
    "external_organization_name": _word,
    "external_user_email": lambda m: f"guest.{m.number(0, 999)}@partner.example",
    "external_user_id": _id("U"),
    "failed_users": _list_or_text,
    "file_id": _id("F"),
    "folder_bookmark_id": _id("Bk"),
    "functions": _words,
    "functions_added": _words,
    "granular_bot_token": _flag,
    "idp_config_id": lambda m: str(m.number(10**11, 10**13)),
    "idp_entity_id": lambda m: f"http://www.okta.com/{m.hexadecimal(20)}",
    "idp_entity_id_hash": lambda m: m.hexadecimal(40),
    "idp_group_member_count": _count,
    "initiated_by": _choice("admin.conversations.bulkDelete", "admin.conversations.bulkMove"),
    "installer_user_id": _id("U"),
    "invite_id": _id("I"),
    "inviter": _another,
    "ip_address_details": lambda m: m.some(("new-asn", "cloud-asn", "in-ioc-list"), 2, 1),
    # Text in captures, a truth value in an SDK.
    "is_allowed": _choice("ALLOWED", "DENIED", True, False),
    "is_channel_canvas": _flag,
    "is_error": _flag,
    "is_ext_shared": _flag,
    "is_external_limited": _flag,
    "is_external_user": _flag,
    # Looks like a truth value and is text.
    "is_flagged": _choice("true", "false", "0", "1", ""),
    "is_internal_integration": _flag,
    "is_slack_provided_template": _flag,
    "is_token_rotation_enabled_app": _flag,
    "is_workflow": _flag,
    "kicker": _another,
    "label": _word,
    "linked_channel_id": _id("C"),
    "location": _choice("Reno, Nevada", "England, GB", "Zürich, CH", "Unknown"),
    "matched_rule": _rule,
    "mcp_client_inferred_behavior": _choice("autonomous", "interactive"),
    "mcp_server_allowlist_domains": lambda m: [f"{m.hexadecimal(6)}.example.com"],
    "md": lambda m: m.one(({"version": 2}, "", [], None)),
    "md5_hash": lambda m: m.hexadecimal(32),
    "mobile_only": _flag,
    "name": _word,
    "new_profile": _profile,
    "new_retention_policy": _policy,
    "new_scopes": _scopes,
    "new_value": _changed,
    "new_version_id": lambda m: str(m.number(10**9, 10**15)),
    "non_sso_only": _flag,
    "old_retention_policy": _policy,
    "old_scopes": _scopes,
    "origin_team": _id("T"),
    "permission_key": _choice("channel.manage", "users.read"),
    "permission_type": _choice("named_entities", "everyone", "app_collaborators"),
    "permissions": _permissions,
    "permissions_updated": _flag,
    "policy_name": _choice("email_password", "two_factor"),
    "pref_name": _choice("who_can_post_general", "dnd_enabled"),
    "previous_ip_address": lambda m: m.address() if m.chance(0.8) else "",
    "previous_profile": _profile,
    "previous_scopes": _scopes,
    "previous_ua": lambda m: people.agent(m) if m.chance(0.8) else "",
    "previous_value": _changed,
    "primary_usergroup_id": _id("S"),
    "provider_key": _choice("google", "jira", "notion"),
    "reactivated_user_count": _count,
    "read_only": _flag,
    "reason": lambda m: m.one(("policy", "", {"code": m.number(1, 9)}, "expired")),
    "removed_user_count": _count,
    "removed_user_error_count": _count,
    "request": lambda m: {"id": m.code("Ar"), "team_id": m.code("T")},
    "resolution": _choice("approved", "restricted"),
    "restricted_subjects": lambda m: m.some(("im", "mpim", "call"), 3),
    "row_id": _id("Rec"),
    "rules_checked": lambda m: [_rule(m) for _ in range(m.number(0, 2))],
    "salesforce_edition": _choice("Enterprise Edition", "Developer Edition"),
    "salesforce_org_config": lambda m: m.one(({"sandbox": True}, None, "default")),
    "salesforce_org_id": _id("00D"),
    "salesforce_tenant_guid": lambda m: f"core/prod/{m.hexadecimal(12)}",
    "scopes": _scopes,
    "scopes_bot": _scopes,
    "scraping_tool": _choice("Go-based tool", "python-requests"),
    "secondary_authentication_method": _choice("totp", "sms", "passkey"),
    "server_name": _word,
    "server_url": lambda m: f"https://{m.hexadecimal(6)}.example.com/mcp",
    "service_type": _choice("mcp", "connector"),
    "session_search_start": _second,
    "shared_to": lambda m: ",".join(m.ids("T", 3, 1)),
    "shared_with": lambda m: {"channel_id": m.code("C"), "access_level": "READ"},
    "skill_id": _id("Sk"),
    "source": _choice("web", "api", "workflow"),
    "source_channel": _channel,
    "source_message": lambda m: {"author_id": m.code("U")},
    "source_team": _id("T"),
    "space_file_id": lambda m: {"payload": m.code("F")},
    "status": _choice("ok", "pending", "failed"),
    "subteam": _id("S"),
    "succeeded_users": _list_or_text,
    "success": _flag,
    "target_entity": lambda m: m.code(m.one("TEC")),
    "target_entity_id": lambda m: m.code(m.one("TEC")),
    "target_team": _id("T"),
    "target_user": _id("U"),
    "target_user_id": _id("U"),
    "team": _id("T"),
    "teams_shared_with": _ids("T"),
    "template_title": _word,
    "thread_ts": lambda m: m.message_time(),
    "tool": _choice("slack_search_public", "slack_send_message", "slack_read_channel"),
    "tool_name": _choice("search", "create_issue"),
    "total_removal_count": _count,
    "trigger": _choice("shortcut", "webhook", "schedule"),
    "trigger_config": lambda m: m.one(({"type": "shortcut"}, [], None)),
    "trigger_id": _id("Ft"),
    "type": _choice("JOINED", "INVITED", "KICKED"),
    "uri": lambda m: f"slack://resource/{m.hexadecimal(8)}",
    "url_private": _file_url,
    "user": _id("U"),
    "user_agent_change_details": lambda m: m.some(("interface-downgrade", "os-change"), 2, 1),
    "user_ids": _ids("U"),
    "variable_names": _words,
    "view_id": _id("Vw"),
    "web_only": _flag,
    "who_can_dm_anyone": _who,
    "who_can_post": _who,
    "workflows": _words,
    "workflows_added": _words,
    "workspace_member_count": _count,
}
"""How to make the value of each key. `action_timestamp` is a mark for the entry's own time."""
