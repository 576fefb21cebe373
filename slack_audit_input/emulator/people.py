# SPDX-License-Identifier: Apache-2.0
"""Who does things, from where and with what: `actor` and `context` of an entry.

Pure: person `number` of the organization `seed` is always the same. Every variance that captures of
real entries show is among them: session ids as number, text, null or missing; app as object, null
or missing; placeholder users; bots; the same address for two people; team of a workspace or of
the organization.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from slack_audit_input.emulator.material import Material, encode

PEOPLE = 1500
"""How many people there are."""
ENTERPRISE = {"id": "E0EMULATED1", "name": "Lumen & Söhne", "domain": "lumen-soehne"}
WORKSPACES = (
    {"id": "T0EMULATED1", "name": "Lumen", "domain": "lumen"},
    {"id": "T0EMULATED2", "name": "Lumen Engineering", "domain": "lumen-eng"},
    # The domain of a workspace may be made by Slack; its name may be that of the organization.
    {"id": "T0EMULATED3", "name": "Lumen & Söhne", "domain": "e0b7731q4zk-m8wplatz"},
    {"id": "T0EMULATED4", "name": "ラボ", "domain": "lumen-lab"},
)
_TEAMS = tuple(place["id"] for place in (*WORKSPACES, ENTERPRISE))
_ACCOUNT_TYPES = ("FULL_MEMBER", "ADMIN", "OWNER", "MULTI_CHANNEL_GUEST", "SINGLE_CHANNEL_GUEST")

_KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_MAC = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_KIT}"
_WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_KIT}"
_BROWSERS = (
    f"{_MAC} Chrome/{{}}.0.0.0 Safari/537.36",
    f"{_WINDOWS} Chrome/{{}}.0.0.0 Safari/537.36 Edg/{{}}.0.2739.42",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{}.0) Gecko/20100101 Firefox/{}.0",
    f"{_MAC} AppleSilicon Slack_SSB/4.{{}}.145 Chrome/{{}}.0.6834.83 Electron/34.0.1 Sonic",
    "com.tinyspeck.chatlyio/25.{}.10 (iPhone; iOS 18.2; Scale/3.00)",
    "com.Slack/25.{}.30.0 (samsung SM-S928B; Android 15)",
)
_PROGRAMS = (
    "python-requests/2.32.5",
    "java-http/10.2.10",
    "@slack:web-api/6.8.1 node/20.11.1 linux/6.1.0",
    "OKTA Slack Integration",
    "OKTA CPC Slack Integration",
    "Amazon Simple Notification Service Agent",
    "Claude-User",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php) Twitterbot/1.0",
)
SCOPES = (
    "app_mentions:read", "channels:join", "channels:read", "channels:history", "chat:write",
    "chat:write.public", "commands", "files:read", "files:write", "groups:history", "groups:read",
    "im:history", "reactions:write", "team:read", "users:read", "users:read.email",
    "auditlogs:read",
)  # fmt: skip
# One row a kind of session: its weight in a hundred, the JSON type of session_id.
_SESSIONS = ((72, "number"), (8, "text"), (10, "null"), (10, "missing"))
_APPS = ((44, "missing"), (26, "null"), (30, "object"))


class Person(NamedTuple):
    """One who does things. All but the id is JSON text, ready to be put into an entry.

    `actor`: value of the key of that name; `entity`: the same person as the target; `contexts`:
    values of `context`, one a device or program.
    """

    id: str
    actor: str
    entity: str
    contexts: tuple[str, ...]


def user(seed: int, number: int) -> dict[str, Any]:
    """The user object of a person: id, name, email, team."""
    material = Material(seed, "user", number)
    team = material.one(_TEAMS)
    if number % 200 == 7:
        # Nobody did it, or Slack's own software did.
        who = ("USLACKUSER", "USLACKBOT", "USLACKSECURITY")[number // 200 % 3]
        return {"id": who, "name": "", "email": None, "team": team} if number > 900 else {"id": who}
    if number % 25 == 11:
        name = f"{material.words(1)}-bot"
        email = f"botuser-{material.one(WORKSPACES)['id']}-{material.code('A')}@slack-bots.com"
        return {"id": material.code("U"), "name": name, "email": email, "team": team}
    first, last = material.first_name(), material.last_name()
    # Every forty-first shares the address of the one before: two ids, one person.
    mail = number - 1 if number % 41 == 40 else number
    found: dict[str, Any] = {
        "id": material.code(material.one("UUUW")),
        "name": f"{first} {last}",
        "email": f"person.{mail}@lumen.example",
        "team": team,
    }
    if number % 53 == 17:
        found["email"] = ""
    elif number % 53 == 18:
        del found["email"]
    elif number % 53 == 19:
        del found["team"]
    return found


def person(seed: int, number: int) -> Person:
    """Person `number` of the organization, 0 to PEOPLE - 1."""
    material = Material(seed, "person", number)
    slashes = material.chance(0.8)
    found = user(seed, number)
    # Seen on the actor and not on the entity of one event: the key is new.
    acting = dict(found)
    if material.chance(0.5):
        acting["account_type"] = material.one(_ACCOUNT_TYPES)
    entity = dict(found)
    if material.chance(0.1):
        entity["account_type"] = material.one(_ACCOUNT_TYPES)
    return Person(
        found["id"],
        encode(material.shuffled({"type": "user", "user": acting}), slashes),
        encode(material.shuffled({"type": "user", "user": entity}), slashes),
        tuple(encode(_context(material, found), slashes) for _ in range(material.number(3, 6))),
    )


def location(material: Material) -> dict[str, str]:
    """Where something happened: a workspace, or the organization as a whole."""
    if material.chance(0.35):
        # A type that says workspace with an id of an organization is in Slack's own samples.
        kind = "workspace" if material.chance(0.1) else "enterprise"
        return {"type": kind, **ENTERPRISE}
    return {"type": "workspace", **material.one(WORKSPACES)}


def agent(material: Material) -> str:
    """A user agent: a browser, Slack's desktop or mobile app, or a program."""
    if material.chance(0.15):
        return material.one(_PROGRAMS)
    version = material.number(110, 139)
    return material.one(_BROWSERS).format(version, version)


def app(material: Material) -> dict[str, Any]:
    """The app through which something was done, as `context.app` has it."""
    scopes = material.some(SCOPES, 6)
    return {
        "id": material.code("A"),
        "name": f"{material.words(1).title()} Sync",
        "scopes": scopes if material.chance(0.8) else [""],
        "scopes_bot": material.some(SCOPES, 4),
        "creator": material.code("U"),
        "team": material.one(_TEAMS),
    }


def _context(material: Material, who: dict[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = {
        "location": location(material),
        "ua": agent(material),
        "ip_address": material.address(),
    }
    if material.chance(0.06):
        # Slack's own servers did it.
        context.update(ua="", ip_address="127.0.0.1")
    elif material.chance(0.02):
        context["ip_address"] = ""
    elif material.chance(0.005):
        # So it stands in a sample of Slack's documentation.
        context["ip_address"] = "1.23.45.678"
    session = material.number(10**11, 10**14)
    kind = _pick(material, _SESSIONS)
    if kind != "missing":
        context["session_id"] = {"number": session, "text": str(session), "null": None}[kind]
    kind = _pick(material, _APPS)
    if kind != "missing":
        context["app"] = app(material) if kind == "object" else None
    if "email" in who and material.chance(0.02):
        context["acting_agent"] = "Slackbot"
        context["agent_message"] = {
            "team": material.one(_TEAMS),
            "channel_id": material.code("D"),
            "message_ts": material.message_time(),
            "thread_ts": material.message_time(),
        }
    return material.shuffled(context)


def _pick(material: Material, rows: tuple[tuple[int, str], ...]) -> str:
    return material.random.choices([name for _, name in rows], [weight for weight, _ in rows])[0]
