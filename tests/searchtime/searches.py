# SPDX-License-Identifier: Apache-2.0
"""Searches that show what the fields are good for. A test runs each over sample events."""

from __future__ import annotations

from typing import NamedTuple


class Search(NamedTuple):
    """A question, and the search that answers it."""

    question: str
    spl: str


SEARCHES = (
    Search(
        "Which actions are there, and which does the add-on not know yet?",
        "`slack_audit_index` | stats count min(_time) as first by slack_action slack_action_known "
        "| sort slack_action_known -count",
    ),
    Search(
        "Who logged in from where, and how?",
        "eventtype=slack_audit_authentication "
        "| stats count values(src) as addresses values(authentication_method) as methods "
        "by user action | sort -count",
    ),
    Search(
        "Whose logins fail most, and from how many addresses?",
        "eventtype=slack_audit_authentication action=failure "
        "| stats count dc(src) as addresses values(user_agent) as agents by user | sort -count",
    ),
    Search(
        "Who was made administrator or owner, and by whom?",
        'eventtype=slack_audit_account slack_action IN ("role_change_to_admin", '
        '"role_change_to_owner", "owner_transferred", "service_owner_transferred", '
        '"org_owner_created") | table _time user slack_action src_user src dest',
    ),
    Search(
        "Accounts created and removed",
        "eventtype=slack_audit_account action IN (created, deleted) "
        "| table _time action user user_type src_user result",
    ),
    Search(
        "Who put whom into a user group?",
        'slack_action IN ("user_added_to_usergroup", "user_removed_from_usergroup") '
        "| table _time slack_action user object_attrs src_user",
    ),
    Search(
        "Settings that were changed, with old and new value",
        "eventtype=slack_audit_change object_category=configuration "
        "| table _time object old_value new_value user dest severity",
    ),
    Search(
        "Apps that got more scopes than they had",
        'slack_action="app_scopes_expanded" | table _time object old_value new_value user dest',
    ),
    Search(
        "Who downloaded most files? (One video can be many downloads: count files.)",
        'eventtype=slack_audit_access slack_action="file_downloaded" '
        "| stats dc(object_id) as files count by user | sort -files",
    ),
    Search(
        "What left: public links, exports, Slack Connect",
        'slack_action IN ("file_public_link_created", "*_export_downloaded", '
        '"external_shared_channel_connected") | table _time slack_action object user src',
    ),
    Search(
        "What AI agents and MCP tools did, and for whom",
        "object_category IN (slack_mcp_tool, ai_mcp_tool) OR acting_agent=* "
        "| stats count by user acting_agent slack_action status | sort -count",
    ),
    Search(
        "Anomalies that are worst, with the client before and now",
        "eventtype=slack_audit_anomaly severity=high | table _time user reason src previous_src "
        "user_agent previous_user_agent mitre_technique_id",
    ),
    Search(
        "All that one person did or that was done to her",
        '`slack_audit_index` (user="person.58@lumen.example" OR src_user="person.58@lumen.example" '
        'OR target="person.58@lumen.example") | table _time slack_action user src_user object src',
    ),
    Search(
        "What matters for security, by technique",
        "`slack_audit_index` severity IN (high, critical) "
        "| stats count values(slack_action) as actions by mitre_technique_id | sort -count",
    ),
)
