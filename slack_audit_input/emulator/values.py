# SPDX-License-Identifier: Apache-2.0
"""Kinds of values in `details`, each made of random material in its real JSON type.

Pure. Where sources disagree on a type, or a capture shows several, each comes up at times: lists
or text that holds a list, flat or nested users, objects or text.
"""

from __future__ import annotations

import json
from typing import Any, Callable

from slack_audit_input.emulator import people
from slack_audit_input.emulator.material import Material

Value = Callable[[Material], Any]

_RETENTION = ("RETAIN_ALL", "RETAIN_MSGS", "EXPIRE_ALL", "EXPIRE_MSGS")
_WHO = ("ORG_ADMINS_AND_OWNERS", "EVERYONE", "TOPLEVEL_ADMINS_AND_OWNERS_AND_SELECTED", "ra")


def identifier(prefix: str) -> Value:
    """An id such as Slack writes them, with ``prefix``."""
    return lambda m: m.code(prefix)


def identifiers(prefix: str) -> Value:
    """Up to three ids."""
    return lambda m: m.ids(prefix, 3)


def flag(m: Material) -> bool:
    """A truth value."""
    return m.chance(0.5)


def count(m: Material) -> int:
    """How many there are of something."""
    return m.number(0, 400)


def word(m: Material) -> str:
    """One word."""
    return m.words(1)


def words(m: Material) -> list[str]:
    """Up to three words."""
    return [m.words(1) for _ in range(m.number(0, 3))]


def second(m: Material) -> int:
    """Unix seconds."""
    return m.number(1_600_000_000, 1_780_000_000)


def choice(*of: Any) -> Value:
    """One of these."""
    return lambda m: m.one(of)


def scopes(m: Material) -> list[str]:
    """An app's scopes."""
    # A list with one empty text stands for no scopes in captures.
    return m.some(people.SCOPES, 9) if m.chance(0.9) else [""]


def who(m: Material) -> dict[str, Any]:
    """Whom a setting is for: kinds of people, and users."""
    return {"type": m.some(_WHO, 2, 1), "user": m.ids("U", 2)}


def enabled(m: Material) -> dict[str, Any]:
    """A setting that is on or off."""
    return {"enabled": flag(m)}


def policy(m: Material) -> dict[str, Any]:
    """How long messages are kept."""
    return {"type": m.one(("all", "custom")), "duration_days": m.number(0, 3650)}


def profile(m: Material) -> dict[str, Any]:
    """A user's profile."""
    first, last = m.first_name(), m.last_name()
    url = f"https://avatars.example.com/{m.hexadecimal(12)}_192.png"
    return {
        "real_name": f"{first} {last}",
        "first_name": first,
        "last_name": last,
        "display_name": m.one((first, "")),
        "image_192": url,
    }


def another(m: Material) -> dict[str, Any]:
    """Another user than the actor."""
    # Older entries have the user itself here, newer ones an object of type and user.
    user = {
        "id": m.code("U"),
        "name": f"{m.first_name()} {m.last_name()}",
        "email": f"person.{m.number(0, 999)}@lumen.example",
        "team": m.code("T"),
    }
    return {"type": "user", "user": user} if m.chance(0.5) else user


def list_or_text(m: Material) -> Any:
    """Users as a list, or as text that holds the list."""
    users = m.ids("W", 3)
    return users if m.chance(0.5) else json.dumps(users)


def rule(m: Material) -> dict[str, Any]:
    """A rule for apps."""
    return {
        "id": m.code("Ar"),
        "name": m.words(2),
        "action": m.one(("approve", "restrict")),
        "conditions": {"operator": "and", "entities": [{"type": "scope", "value": "chat:write"}]},
    }


def changed(m: Material) -> Any:
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
            who(m),
            None,
            m.number(0, 720),
        )
    )


def channel(m: Material) -> dict[str, Any]:
    """A channel with its name."""
    return {"id": m.code("C"), "privacy": m.one(("public", "private")), "name": m.words(2, "-")}


def export_time(m: Material) -> str:
    """Where an export begins or ends."""
    day = f"20{m.number(19, 26)}-{m.number(1, 12):02d}-{m.number(1, 28):02d}"
    return f"{day} {m.number(0, 23):02d}:00:00"


def arguments(m: Material) -> Any:
    """Arguments of a call to a tool."""
    return m.one(({}, {"query": m.words(3), "limit": 20}, {"channel_id": m.code("C")}, []))


def permissions(m: Material) -> Any:
    """What a role may do, in any of the forms seen."""
    rows = [{"resource": {"type": "workspace", "grant": {"type": "grant", "wildcard": False}}}]
    return m.one((rows, rows[0], "read", []))


def file_url(m: Material) -> str:
    """A file's address."""
    return f"https://files.slack.com/files-pri/{m.code('T')}-{m.code('F')}/{m.words(2, '_')}.pdf"
