# SPDX-License-Identifier: Apache-2.0
"""What entries say: pools of ready-made JSON text, and how an entry is put together from them.

Pure: the content of an organization is a function of its seed. Pools are made when they are first
needed, and always turn out the same. Putting an entry together is then a matter of a microsecond.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from slack_audit_input.emulator import actions, people
from slack_audit_input.emulator.details import absence, details
from slack_audit_input.emulator.entities import entity
from slack_audit_input.emulator.material import Material, encode

MARK = '"@MICROSECONDS@"'
# Slack's staff and machines do these, not people.
_SECURITY = frozenset(
    {"user_password_reset_slack_security", "user_sessions_reset_by_circuit_breaker"}
)
_NOBODY = frozenset({"guest_expired", "ekm_enrolled", "app_token_preserved"})
# The actor is also the target.
_SELF = frozenset(
    {
        "user_login",
        "user_logout",
        "user_login_failed",
        "user_profile_updated",
        "user_session_invalidated",
        "user_session_settings_changed",
        "user_passkey_created",
        "user_passkey_removed",
        "custom_tos_accepted",
    }
)


class Subject(NamedTuple):
    """What was done, and to what: JSON text of `entity` ("" for the actor), then of `details`.

    `details` begins with its comma and key, or is "" where the key is missing. `id` is the
    entity's. `marked`: holds a mark where the entry's own time goes, in microseconds.
    """

    id: str
    entity: str
    details: str
    marked: bool


class Content:
    """The people and things of one organization."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.actions = actions.catalogue()
        self.slots = actions.slots()
        self.names = [encode(action.name) for action in self.actions]
        self.people: list[people.Person | None] = [None] * people.PEOPLE
        self.subjects: list[tuple[Subject, ...] | None] = [None] * len(self.actions)
        shares = [0] * len(self.actions)
        for number in self.slots:
            shares[number] += 1
        self._shares = shares
        # Actions that are not done by people.
        self.special = frozenset(
            number
            for number, action in enumerate(self.actions)
            if action.name in _SECURITY or action.name in _NOBODY
        )

    def person(self, number: int) -> people.Person:
        """Person `number`, 0 to PEOPLE - 1."""
        found = self.people[number]
        if found is None:
            found = self.people[number] = people.person(self.seed, number)
        return found

    def subject(self, number: int) -> tuple[Subject, ...]:
        """All that action `number` may be about: more for frequent actions."""
        found = self.subjects[number]
        if found is None:
            action = self.actions[number]
            # Anomalies are rare and differ from one another more than anything else.
            least = 80 if action.name == "anomaly" else 6
            count = min(400, least + self._shares[number] // 8)
            made = (self._subject(action, k) for k in range(count))
            found = self.subjects[number] = tuple(made)
        return found

    def actor(self, number: int, word: int) -> people.Person:
        """Who does action `number`, from a random number of 32 bit.

        The product of two evenly spread numbers makes some people far more active than others.
        """
        if number in self.special:
            return _pseudo(self.seed, self.actions[number].name in _SECURITY, word & 3)
        return self.person((word & 0xFFFF) * (word >> 16) * people.PEOPLE >> 32)

    def warm(self) -> None:
        """Make all pools now, a quarter of a second, instead of during the first pages."""
        for number in range(len(self.actions)):
            self.subject(number)
        for number in range(people.PEOPLE):
            self.person(number)

    def _subject(self, action: actions.Action, number: int) -> Subject:
        material = Material(self.seed, "subject", action.name, number)
        slashes = material.chance(0.8)
        if action.name in _SELF:
            found, target = "", ""
        else:
            kind = action.entities[number % len(action.entities)]
            value, target = entity(kind, self.seed, material)
            found = encode(value, slashes)
        told = absence(action.name, material)
        if told == "missing":
            text = ""
        elif told == "null":
            text = ',"details":null'
        else:
            text = f',"details":{encode(details(action.name, material) if not told else {})}'
        marked = MARK in text
        return Subject(target, found, text, marked)


@functools.lru_cache(maxsize=8)
def content(seed: int) -> Content:
    """The content of organization `seed`; shared, because it never changes."""
    return Content(seed)


@functools.lru_cache(maxsize=64)
def _pseudo(seed: int, security: bool, number: int) -> people.Person:
    """Slack Security, or nobody at all, with the context of some person."""
    name = "USLACKSECURITY" if security else "USLACKUSER"
    user = {"type": "user", "user": {"id": name, "name": "", "email": ""}}
    text = encode(user)
    return people.Person(name, text, text, people.person(seed, number).contexts)
