# SPDX-License-Identifier: Apache-2.0
"""What things are done to: the `entity` of an entry, one builder a type.

Pure: material goes in, the object that stands under the type's name comes out. Field names and
types are those of Slack's /schemas and SDKs, conflicts between the two included.
"""

from __future__ import annotations

from typing import Any, Callable

from slack_audit_input.emulator import people
from slack_audit_input.emulator.material import Material

Builder = Callable[[Material], "dict[str, Any]"]

_FILE_TYPES = (
    "image/png", "image/jpeg", "application/pdf", "video/mp4", "text/csv", "application/zip",
    "application/vnd.google-apps.document",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
)  # fmt: skip
_PRIVACY = ("public", "public", "private", "private", "DM", "MPDM")


def _user(material: Material, seed: int) -> dict[str, Any]:
    return people.user(seed, material.number(0, people.PEOPLE - 1))


def _channel(material: Material) -> dict[str, Any]:
    privacy = material.one(_PRIVACY)
    found: dict[str, Any] = {
        "id": material.code({"DM": "D", "MPDM": "G"}.get(privacy, "C")),
        "privacy": privacy,
        "name": "" if privacy == "DM" else material.words(2, "-"),
        "is_shared": material.chance(0.1),
        "is_org_shared": material.chance(0.2),
    }
    if material.chance(0.6):
        found["teams_shared_with"] = material.ids("T", 3)
    if material.chance(0.2):
        found["original_connected_channel_id"] = material.one((None, material.code("C")))
        found["is_salesforce_channel"] = material.chance(0.1)
    return found


def _file(material: Material) -> dict[str, Any]:
    title = material.words(3).title()
    # The name is lower-cased and underscored, the title is as people wrote it.
    return {
        "id": material.code("F"),
        "name": title.lower().replace(" ", "_"),
        "filetype": material.one(_FILE_TYPES) if material.chance(0.85) else "",
        "title": title,
    }


def _canvas_file(material: Material) -> dict[str, Any]:
    # Events about canvases have an entity of type file in captures.
    title = material.words(3).title()
    return {
        "id": material.code("F"),
        "name": title.replace(" ", "_"),
        "filetype": "application/vnd.slack-docs",
        "title": title,
    }


def _app(material: Material) -> dict[str, Any]:
    if material.chance(0.12):
        return {
            "id": material.code("A"),
            "app_id": material.code("A"),
            "distribution_type": material.one(("internal", "directory", "shared")),
            "user_ids": material.ids("U"),
        }
    found: dict[str, Any] = {
        "id": material.code("A"),
        "name": f"{material.words(2).title()}",
        "is_distributed": material.chance(0.6),
        "is_directory_approved": material.chance(0.5),
        "is_workflow_app": material.chance(0.1),
        "scopes": material.some(people.SCOPES, 8) or [""],
    }
    if material.chance(0.4):
        found["bot_scopes"] = material.some(people.SCOPES, 5)
    if material.chance(0.2):
        found["scopes_bot"] = material.some(people.SCOPES, 5)
        found["creator"] = material.code("U")
        found["team"] = material.code("T")
    return found


def _workflow_v2(material: Material) -> dict[str, Any]:
    step: dict[str, Any] = {
        "name": material.words(1),
        "step_function_type": "app",
        "step_function_app_id": material.code("A"),
    }
    if material.chance(0.5):
        # Text until April 2026, a list since August.
        text = "authorized_by_user"
        step["external_auth_configuration"] = text if material.chance(0.5) else [text]
    found: dict[str, Any] = {
        "id": material.code("Wf"),
        "app_id": material.code("A"),
        "date_updated": material.number(1_600_000_000, 1_780_000_000),
        "callback_id": material.hexadecimal(32),
        "name": material.words(2).title(),
        "updated_by": material.code("U"),
        "step_configuration": [step] * material.number(0, 2),
    }
    if material.chance(0.4):
        found["template_id"] = material.code("Tt")
        found["suspicious_keywords"] = material.one(([], ["password"], ["gift card", "urgent"]))
        found["trigger_name"] = material.words(1)
        found["trigger_channels"] = material.ids("C", 2)
        found["trigger_configuration"] = material.one(({}, {"schedule": {"frequency": "daily"}}))
    return found


def _barrier(material: Material) -> dict[str, Any]:
    found: dict[str, Any] = {"id": material.code("B"), "primary_usergroup": material.code("S")}
    # /schemas says the one, the SDKs the other.
    if material.chance(0.5):
        found["barriered_from_usergroup"] = material.code("S")
    else:
        found["barriered_from_usergroups"] = material.ids("S", 3, 1)
    if material.chance(0.6):
        found["restricted_subjects"] = material.some(("im", "mpim", "call"), 3)
    return found


def _huddle(material: Material) -> dict[str, Any]:
    start = material.number(1_640_000_000, 1_780_000_000)
    return {
        "id": material.code("R"),
        "date_start": start,
        # 0 while it is running.
        "date_end": 0 if material.chance(0.5) else start + material.number(30, 7200),
        "participants": material.ids("U", 5),
    }


def _account_type_role(material: Material) -> dict[str, Any]:
    number = material.number(1003, 1008)
    # The only id that is a number in captures; /schemas says it is a string.
    return {
        "id": number if material.chance(0.8) else str(number),
        "name": material.one(("Org Owner", "Org Admin", "Workspace Admin", "Member")),
    }


def _token(material: Material) -> dict[str, Any]:
    scopes = material.some(people.SCOPES, 4, 1)
    return {
        "provider": {
            # Larger than 32 bit, as captures have it.
            "id": material.number(2**40, 2**45),
            "key": material.one(("google", "jira", "salesforce", "notion")),
            "app": {"scopes": scopes if material.chance(0.5) else ",".join(scopes)},
        },
        "scope": " ".join(scopes),
    }


_OF_TYPE: dict[str, Builder] = {
    "workspace": lambda m: dict(m.one(people.WORKSPACES)),
    "enterprise": lambda _: dict(people.ENTERPRISE),
    "channel": _channel,
    "file": _file,
    "canvas_file": _canvas_file,
    "app": _app,
    "message": lambda m: {
        "team": m.one(people.WORKSPACES)["id"],
        "channel": m.code("C"),
        "timestamp": m.message_time(),
    },
    "workflow": lambda m: {"id": m.code("Wf"), "name": m.words(2).title()},
    "workflow_v2": _workflow_v2,
    "usergroup": lambda m: {"id": m.code("S"), "name": m.words(2, "-")},
    "barrier": _barrier,
    "huddle": _huddle,
    # The type of a role is a digit in text.
    "role": lambda m: {
        "id": m.code("Rl"),
        "name": m.one(("Channel Admin", "Users Admin", "Security Admin", "Audit Logs Admin")),
        "type": m.one(("0", "1")),
    },
    "account_type_role": _account_type_role,
    "canvas": lambda m: {
        "id": m.code("F"),
        "filetype": "quip",
        "title": m.words(3).title(),
    },
    "list": lambda m: {"id": m.code("F")},
    "template": lambda m: {"id": m.code("Tt"), "template_name": m.words(2).title()},
    "legal_hold_policy": lambda m: {"id": m.code("Lh"), "name": f"Case {m.words(2)}"},
    "function": lambda m: {
        "id": m.code("Fn"),
        "app_id": m.code("A"),
        "callback_id": m.words(2, "_"),
    },
    "external_auth_oauth2_token": _token,
    # Types that Slack has not told anybody about yet: every collector must let them through.
    "hologram": lambda m: {"id": m.code("Hg"), "beam": {"width": m.number(1, 2**62), "on": True}},
    "agent_memory": lambda m: {"id": m.number(2**33, 2**53), "labels": [m.words(1), None, 1.5e-7]},
}
TYPES = tuple(name for name in ("user", *_OF_TYPE) if name != "canvas_file")
"""Every entity type that occurs; the last two are not in Slack's documentation or SDKs."""
UNKNOWN_TYPES = ("hologram", "agent_memory")


def entity(kind: str, seed: int, material: Material) -> tuple[dict[str, Any], str]:
    """One entity and its id, as text; "" for types that have none (message, a token).

    `kind` is a type, or `canvas_file` for a canvas that is called a file.
    """
    found = _user(material, seed) if kind == "user" else _OF_TYPE[kind](material)
    name = "file" if kind == "canvas_file" else kind
    value = {"type": name, name: material.shuffled(found)}
    return material.shuffled(value), str(found.get("id", ""))
