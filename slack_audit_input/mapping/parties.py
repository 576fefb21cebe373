# SPDX-License-Identifier: Apache-2.0
"""Who did it, and whom it is about: told apart by the action's row. Pure.

Slack's actor is not always the one who did it: of a user who was added to a group or invited to a
channel, the actor is that user, and who did it stands in `details`.
"""

from __future__ import annotations

from typing import NamedTuple

from slack_audit_input.mapping.table import Row
from slack_audit_input.mapping.values import Object, objects, text

_BOTS = frozenset({"USLACKBOT", "USLACKSECURITY"})


class Party(NamedTuple):
    """A user or an app. "" for what is not stated; `kind`: user, guest, bot, app or system."""

    id: str
    name: str
    email: str
    kind: str

    @property
    def known_as(self) -> str:
        """The mail address in lower case, else the name, else the id."""
        return self.email or self.name or self.id


class Parties(NamedTuple):
    """`doer`: who did it. `account`: whom it is about; the doer where nobody else is."""

    doer: Party
    account: Party


def parties(entry: Object, row: Row) -> Parties:
    """Who did it and whom it is about, for an entry with the action of `row`."""
    details = objects(entry, "details")
    actor = _actor(entry)
    doer = _party(_other(details, "inviter") or _other(details, "kicker"), "user")
    doer = doer if doer.id or doer.email else actor
    if row.who == "named":
        named = text(details.get("target_user"))
        return Parties(doer, Party(named, "", "", "user") if named else actor)
    if row.who == "target":
        target = _party(objects(entry, "entity", "user"), "user")
        return Parties(doer, target if target.id else actor)
    return Parties(doer, actor)


def _other(details: Object, key: str) -> Object:
    # Older entries have the user itself there, newer ones an object with type and user.
    found = objects(details, key)
    return objects(found, "user") or found


def _actor(entry: Object) -> Party:
    user = objects(entry, "actor", "user")
    if user:
        return _party(user, text(objects(entry, "actor").get("type")))
    app = objects(entry, "actor", "app")
    return Party(text(app.get("id")), text(app.get("name")), "", "app")


def _party(user: Object, kind: str) -> Party:
    return Party(
        text(user.get("id")),
        text(user.get("name")),
        text(user.get("email")).lower(),
        _kind(user, kind),
    )


def _kind(user: Object, kind: str) -> str:
    name = text(user.get("id"))
    if kind == "app":
        return "app"
    if name in _BOTS or text(user.get("email")).endswith("@slack-bots.com"):
        return "bot"
    if name == "USLACKUSER":
        return "system"
    if name.startswith("A"):
        return "app"
    return "guest" if "GUEST" in text(user.get("account_type")) else "user"
