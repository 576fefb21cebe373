# SPDX-License-Identifier: Apache-2.0
"""The catalogue of actions as the emulator uses it: names, categories, volumes, entity types.

Reads the package's own table and nothing else.
"""

from __future__ import annotations

import csv
import functools
import importlib.resources
from typing import NamedTuple

NEW_ACTIONS = ("huddle_hologram_started", "pref.agent_memory_retention_changed", "agent.dreamedUp")
"""Names that Slack has not announced yet: every collector meets such. Not in /actions."""


class Action(NamedTuple):
    """One action: its name, the categories under which Slack lists it, its types of entity."""

    name: str
    categories: tuple[str, ...]
    entities: tuple[str, ...]


# How many of 10,000 entries are of an action. Four make most of a real organization's volume.
_VOLUMES = {
    "file_downloaded": 2200, "canvas_opened": 1600, "public_channel_preview": 1000,
    "list_cell_updated": 900, "user_channel_join": 450, "file_shared": 450, "file_uploaded": 420,
    "user_login": 400, "user_channel_leave": 200, "canvas_edited": 150, "list_opened": 120,
    "huddle_participant_joined": 100, "huddle_participant_left": 100, "user_logout": 60,
    "list_row_created": 60, "list_row_updated": 60, "user_profile_updated": 50,
    "mcp_slack_search_public_tool_called": 60, "mcp_slack_read_channel_tool_called": 60,
    "slack_ai_summary_requested": 60, "external_auth_oauth2_token_fetched": 50, "file_deleted": 50,
    "canvas_created": 40, "huddle_started": 40, "huddle_ended": 40, "user_login_failed": 40,
    "public_channel_created": 40, "private_channel_created": 40, "user_session_invalidated": 40,
    "external_auth_oauth2_token_refreshed": 40, "mcp_slack_send_message_tool_called": 30,
    "private_message_forwarded": 30, "slack_ai_file_summary_generated": 30, "dm_user_added": 30,
    "user_added_to_usergroup": 30, "permissions_assigned": 20, "anomaly": 15,
    "app_scopes_expanded": 15, "guest_channel_join": 15, "app_installed": 10, "emoji_added": 10,
}  # fmt: skip
_LEAST = 2.6
SLOTS = 65_536
"""Each entry draws one of so many places, which the actions share by their volume."""

_OF_CATEGORY: dict[str, tuple[str, ...]] = {
    "account_type_role": ("account_type_role", "role"),
    "anomaly": ("user", "user", "user", "app"),
    "app": ("app",),
    "app_approval_automation_rule": ("workspace", "enterprise"),
    "barrier": ("barrier",),
    "canvas": ("canvas", "canvas_file"),
    "channel": ("channel",),
    "file": ("file",),
    "function": ("function",),
    "huddle": ("huddle",),
    "legal_hold": ("legal_hold_policy",),
    "list": ("list", "list", "file"),
    "message": ("message",),
    "native_dlp": ("message", "file", "enterprise"),
    "role": ("role",),
    "sales_elevate": ("workspace",),
    "salesforce_mcp_server": ("enterprise", "app"),
    "slack_cli": ("app", "user"),
    "slack_first_crm": ("workspace", "enterprise"),
    "subteam": ("usergroup",),
    "template": ("template",),
    "user": ("user",),
    "workflow_builder": ("workflow",),
    "workflow_v2": ("workflow_v2",),
    "workspace_or_org": ("workspace", "enterprise"),
}
# Where the name says more than the category; the first that the name begins with.
_OF_NAME = (
    ("canvas_opened", ("canvas_file",)),
    ("external_auth_oauth2_token_", ("external_auth_oauth2_token",)),
    ("mcp_slack_", ("user", "channel", "message")),
    ("permissions_", ("account_type_role", "role")),
    ("slack_ai_message_", ("message",)),
    ("slack_ai_file_", ("file",)),
    ("slack_ai_skill_", ("app", "user")),
    ("private_message_forwarded", ("message",)),
    ("audit_logs_records_searched", ("user", "enterprise")),
    ("connect_dm_", ("user", "channel")),
)
_OF_NEW = (("hologram",), ("enterprise",), ("agent_memory",))


@functools.lru_cache(maxsize=1)
def catalogue() -> tuple[Action, ...]:
    """Every action that occurs: the package's catalogue, then what Slack has not announced.

    Raises FileNotFoundError when the package's table is missing.
    """
    table = importlib.resources.files("slack_audit_input.catalogue") / "actions.csv"
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    listed = [_action(row["action"], tuple(row["category"].split("|"))) for row in rows]
    new = [Action(name, (), kinds) for name, kinds in zip(NEW_ACTIONS, _OF_NEW)]
    return (*listed, *new)


@functools.lru_cache(maxsize=1)
def slots() -> tuple[int, ...]:
    """For each of SLOTS places the number of an action in `catalogue()`, by volume."""
    actions = catalogue()
    volumes = [_VOLUMES.get(action.name, _LEAST) for action in actions]
    total = sum(volumes)
    table: list[int] = []
    reached = 0.0
    for number, volume in enumerate(volumes):
        reached += volume
        table += [number] * (round(reached / total * SLOTS) - len(table))
    return tuple(table)


@functools.lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """Names that Slack takes in the filter `action`."""
    return frozenset(action.name for action in catalogue())


@functools.lru_cache(maxsize=1)
def by_category() -> dict[str, list[str]]:
    """Names by category, as /actions lists them; a name may be in two."""
    found: dict[str, list[str]] = {}
    for action in catalogue():
        for category in action.categories:
            found.setdefault(category, []).append(action.name)
    return found


def _action(name: str, categories: tuple[str, ...]) -> Action:
    for start, kinds in _OF_NAME:
        if name.startswith(start):
            return Action(name, categories, kinds)
    # A category that is newer than this table is about the workspace or the organization.
    return Action(name, categories, _OF_CATEGORY.get(categories[0], ("workspace", "enterprise")))
