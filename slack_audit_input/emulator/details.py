# SPDX-License-Identifier: Apache-2.0
"""What `details` holds for which action.

Pure. Actions that Slack's documentation, SDKs or captures tie to keys have those; actions of a
family share the family's; all others have none, which is a missing key, null or {}.
"""

from __future__ import annotations

from typing import Any

from slack_audit_input.emulator.fields import FIELDS
from slack_audit_input.emulator.material import Material

# How often details that an action has are left out, null or empty; and each where it has none.
_LEFT_OUT = 0.04
NOTHING = ("missing", "null", "empty")

ANOMALY_REASONS = (
    ("asn", "ip_address"),  # the first is never without the second
    ("excessive_downloads",),
    ("excessive_file_shares",),
    ("excessive_malware_uploads",),
    ("ip_address",),
    ("tor",),
    ("potential_spam",),
    ("search_volume",),
    ("session_fingerprint",),
    ("spoofed_user_agent", "unexpected_client"),
    ("unexpected_admin_action",),
    ("unexpected_api_call_volume",),
    ("unexpected_client",),
    ("unexpected_credential_testing",),
    ("unexpected_message_deletion",),
    ("unexpected_scraping",),
    ("unexpected_user_agent", "user_agent"),
    ("user_agent",),
)

_OF_ACTION = {
    "app_allowlist_rule_matched": "matched_rule request rules_checked app_id",
    "app_approved": "scopes bot_scopes resolution app_previously_resolved app_previously_approved "
    "admin_app_id approver_id approval_type scopes_bot creator",
    "app_collaborator_added": "app_owner_id is_internal_integration target_user_id scopes",
    "app_datastore_created": "datastore_name attributes",
    "app_flows_execute_slack_action": "executor_id status",
    "app_installed": "app_owner_id is_internal_integration is_token_rotation_enabled_app "
    "installer_user_id bot_id",
    "app_manifest_created": "functions workflows datastores",
    "app_manifest_updated": "functions_added workflows_added datastores_added permissions_updated",
    "app_mcp_server_acl_changed": "server_name server_url mcp_server_allowlist_domains "
    "added_to_allow",
    "app_removed_from_whitelist": "cleared_resolution",
    "app_resources_granted": "export_type export_start_ts export_end_ts",
    "app_restricted": "app_owner_id is_internal_integration reason md",
    "app_scopes_expanded": "new_scopes previous_scopes granular_bot_token is_internal_integration "
    "is_token_rotation_enabled_app",
    "app_uninstalled": "app_owner_id is_internal_integration",
    "app_variable_added": "variable_names",
    "approved_orgs_added": "added_team_id",
    "auth_policy_entity_removed": "policy_name authentication_mode entity_ids",
    "auth_policy_entity_assigned": "policy_name authentication_mode entity_ids",
    "billing_address_added": "expires_on",
    "bot_token_upgraded": "old_scopes new_scopes bot_id",
    "bulk_session_reset_by_admin": "succeeded_users failed_users",
    "canvas_access_added": "access_level channel entity_type actor user",
    "canvas_opened": "is_channel_canvas linked_channel_id",
    "canvas_template_used": "is_slack_provided_template template_title cloned_file_id",
    "channel_moved": "source_team destination_team",
    "channel_posting_permissions_updated": "who_can_post can_thread enable_at_here "
    "enable_at_channel can_huddle space_file_id",
    "channel_retention_changed": "old_retention_policy new_retention_policy",
    "channel_tab_added": "folder_bookmark_id file_id",
    "channel_workspaces_updated": "shared_to",
    "cli_app_deploy": "app_id",
    "connect_dm_invite_accepted": "invite_id external_organization_id external_organization_name "
    "external_user_id external_user_email channel_id",
    "connect_dm_invite_generated": "invite_id",
    "email_change_created": "email",
    "external_shared_channel_disconnected": "disconnecting_team",
    "external_shared_channel_invite_accepted": "is_external_limited",
    "external_shared_channel_invite_approved": "origin_team target_team is_external_user",
    "file_downloaded": "url_private",
    "file_malicious_content_detected": "md5_hash",
    "file_shared": "url_private shared_with is_ext_shared teams_shared_with md5_hash",
    "guest_expiration_set": "expires_on",
    "legal_hold_policy_entities_added": "user_ids channel_ids",
    "list_access_added": "access_level channel entity_type actor user",
    "list_cell_updated": "column_id row_id cell_date_updated",
    "list_view_updated": "view_id",
    "manual_export_completed": "export_type export_start_ts export_end_ts",
    "migration_dms_mpdms_completed": "affected_users status",
    "native_dlp_rule_action_applied": "reason action type",
    "org_app_workspace_removed": "app_owner_id is_internal_integration entity_team",
    "permissions_assigned": "target_entity_id changed_permissions permissions permission_key",
    "pref.allow_canvas_version_history_changed": "new_value previous_value pref_name",
    "pref.enterprise_search_connectors_changed": "connectors_enabled connectors_disabled",
    "pref.who_can_dm_anyone": "who_can_dm_anyone new_value previous_value",
    "private_message_forwarded": "source_channel destination_channel source_message",
    "public_channel_deleted": "initiated_by",
    "role_assigned": "target_user target_entity",
    "role_removed": "target_user target_entity",
    "seamless_auth_user_token_created": "provider_key",
    "slack_ai_mcp_resource_read": "uri server_name server_url service_type read_only",
    "slack_ai_mcp_tool_called": "tool_name server_name server_url service_type argument_keys "
    "arguments success read_only destructive mcp_client_inferred_behavior source",
    "slack_ai_mcp_tool_permission_changed": "tool_name server_name decision is_allowed",
    "slack_ai_skill_invoked": "skill_id executor_id",
    "slack_ai_summary_requested": "channels thread_ts",
    "team.unsupportedVersions.job.end": "is_error",
    "team.unsupportedVersions.start.success": "exporting_team_id session_search_start "
    "deprecation_search_end",
    "team_unsupported_versions_start_success": "exporting_team_id session_search_start",
    "user_channel_join": "type is_workflow inviter",
    "user_channel_leave": "type kicker",
    "user_login": "authentication_method secondary_authentication_method idp_config_id config_type "
    "idp_entity_id idp_entity_id_hash label",
    "user_profile_updated": "previous_profile new_profile",
    "user_session_reset_by_admin": "mobile_only web_only non_sso_only",
    "user_session_settings_changed": "duration desktop_app_browser_quit",
    "usergroup_updated": "enterprise team subteam action idp_group_member_count "
    "workspace_member_count added_user_count added_user_error_count reactivated_user_count "
    "removed_user_count removed_user_error_count total_removal_count is_flagged",
    "workflow_published": "new_version_id trigger",
    "workflow_trigger_permission_set": "trigger_id trigger_config permission_type channel_ids "
    "user_ids",
}

# For actions that are not above: the first that the name begins with.
_OF_FAMILY = (
    ("pref", "new_value previous_value"),
    (
        "barrier_",
        "barrier_id primary_usergroup_id barriered_from_usergroup_ids restricted_subjects",
    ),
    ("mcp_slack_", "tool arguments argument_keys success"),
    ("emoji_", "name"),
    (
        "salesforce_",
        "salesforce_org_id salesforce_edition salesforce_org_config salesforce_tenant_guid",
    ),
    ("workflow_trigger_", "trigger_id permission_type"),
    ("manual_", "export_type export_start_ts export_end_ts"),
    ("template_", "template_title"),
    ("external_auth_", "app_id provider_key"),
    ("user_anomaly_event_", "new_value previous_value"),
    ("usergroup_anomaly_event_", "new_value previous_value"),
)


def fields_of(action: str) -> tuple[str, ...]:
    """Keys that `details` of this action has; none for most actions."""
    found = _OF_ACTION.get(action)
    if found is None:
        found = next((keys for start, keys in _OF_FAMILY if action.startswith(start)), "")
    return tuple(found.split())


def details(action: str, material: Material) -> dict[str, Any]:
    """What is in `details` for one entry of this action, {} for nothing."""
    if action == "anomaly":
        return _anomaly(material)
    found = {key: FIELDS[key](material) for key in fields_of(action)}
    # The setting had no value before: the key is then missing altogether.
    if "previous_value" in found and material.chance(0.2):
        del found["previous_value"]
    if action == "app_scopes_expanded" and material.chance(0.3):
        # In captures the scopes before and after are often the same.
        found["previous_scopes"] = found["new_scopes"]
    return material.shuffled(found)


def absence(action: str, material: Material) -> str:
    """Whether `details` is to be left out: "" for no, else one of NOTHING."""
    if action == "anomaly" or (fields_of(action) and not material.chance(_LEFT_OUT)):
        return ""
    return material.random.choices(NOTHING, (6, 2, 1))[0]


def _anomaly(material: Material) -> dict[str, Any]:
    """One to three reasons, and what Slack tells about each."""
    reasons = list(material.one(ANOMALY_REASONS))
    if material.chance(0.3):
        reasons += [name for name in material.one(ANOMALY_REASONS) if name not in reasons]
    found = {
        key: FIELDS[key](material)
        for key in ("action_timestamp", "location", "previous_ip_address", "previous_ua")
    }
    found["reason"] = reasons[:3]
    if "ip_address" in reasons or "tor" in reasons:
        found["ip_address_details"] = FIELDS["ip_address_details"](material)
    if "user_agent" in reasons:
        found["user_agent_change_details"] = FIELDS["user_agent_change_details"](material)
    if "unexpected_scraping" in reasons:
        found["scraping_tool"] = FIELDS["scraping_tool"](material)
    if material.chance(0.6):
        for key in ("client_ja3_fingerprint", "client_ja4_fingerprint"):
            found[key] = FIELDS[key](material)
    if "unexpected_admin_action" in reasons or material.chance(0.2):
        for key in ("api_call_method", "detected_client", "detected_os"):
            found[key] = FIELDS[key](material)
    return found
