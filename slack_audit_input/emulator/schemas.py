# SPDX-License-Identifier: Apache-2.0
"""The answers of /schemas and /actions, which need no token.

Pure but for the package's catalogue. As seen live: no `ok`; /schemas names types as text and does
not list every type that entries have; /actions lists names without descriptions.
"""

from __future__ import annotations

import functools

from slack_audit_input.emulator.actions import by_category
from slack_audit_input.emulator.answers import dump

_ANY = "dict<string, mixed>"
_WORKSPACE = {"id": "string", "name": "string", "domain": "string"}
_USER = {"id": "string", "name": "string", "email": "string", "team": "string"}
_APP = {
    "id": "string",
    "name": "string",
    "is_distributed": "bool",
    "is_directory_approved": "bool",
    "is_workflow_app": "bool",
    "scopes": "array",
}
_WORKFLOW = {
    "id": "string",
    "app_id": "string",
    "date_updated": "int",
    "callback_id": "string",
    "name": "string",
    "updated_by": "string",
    "step_configuration": f"vec<{_ANY}>",
}
# A type may stand in several rows, each a different version of it.
_ROWS: tuple[tuple[str, dict[str, str]], ...] = (
    ("workspace", _WORKSPACE),
    ("enterprise", _WORKSPACE),
    ("user", {**_USER, "account_type": "string"}),
    ("file", {"id": "string", "name": "string", "filetype": "string", "title": "string"}),
    (
        "channel",
        {
            "id": "string",
            "name": "string",
            "privacy": "string",
            "is_shared": "bool",
            "is_org_shared": "bool",
            "teams_shared_with": "Optional: vec<string>",
        },
    ),
    ("app", {**_APP, "bot_scopes": "array"}),
    ("workflow", {"id": "string", "name": "string"}),
    (
        "barrier",
        {"id": "string", "primary_usergroup": "string", "barriered_from_usergroup": "string"},
    ),
    ("message", {"team": "string", "channel": "string", "timestamp": "string"}),
    ("usergroup", {"id": "string", "name": "string"}),
    ("role", {"id": "string", "name": "string", "type": "string"}),
    ("account_type_role", {"id": "string", "name": "string"}),
    ("canvas", {"id": "string", "filetype": "string", "title": "string"}),
    ("workflow_v2", _WORKFLOW),
    (
        "app",
        {"id": "string", "app_id": "string", "distribution_type": "string", "user_ids": "array"},
    ),
    ("template", {"id": "string", "template_name": "string"}),
    (
        "workflow_v2",
        {
            **_WORKFLOW,
            "template_id": "string",
            "suspicious_keywords": "vec<string>",
            "trigger_name": "string",
            "trigger_channels": "vec<string>",
            "trigger_configuration": _ANY,
        },
    ),
    ("legal_hold_policy", {"id": "string", "name": "string"}),
)


@functools.lru_cache(maxsize=1)
def schemas() -> bytes:
    """The body of /schemas: `{"schemas":[{"type":T,T:{field:type name}},...]}`."""
    return dump({"schemas": [{"type": name, name: fields} for name, fields in _ROWS]})


@functools.lru_cache(maxsize=1)
def actions() -> bytes:
    """The body of /actions: `{"actions":{category:[name,...],...}}`."""
    return dump({"actions": by_category()})
