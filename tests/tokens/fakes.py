# SPDX-License-Identifier: Apache-2.0
"""A sign-in without network and on a virtual clock: the emulator's tokens, a store in memory."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from slack_audit_input.emulator.grants import Grants, Lives
from slack_audit_input.model.errors import AuthError, CollectorError, StoreError
from slack_audit_input.slack.credentials import App, Credentials, Pair
from slack_audit_input.slack.oauth import Grant
from slack_audit_input.slack.rotation import Rotation
from slack_audit_input.slack.token import Token

NOON = 1_789_992_000.0
HOUR = 3600.0
APP = App("1111111111.2222222222", Token("emulated-client-secret"))
SCOPES = "identify,auditlogs:read"


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


class Slack:
    """Refreshes as the emulated Slack does. ``faults``: raised by the next calls, one each.

    ``lost``: of so many of the next calls the answer is lost on its way, though Slack has done
    its part.
    """

    def __init__(self, time: Time, grace: float = 60.0, life: float = 12 * HOUR) -> None:
        self.grants = Grants(1)
        self.lives = Lives(life, grace, 2)
        self.faults: list[CollectorError] = []
        self.lost: list[CollectorError] = []
        self.calls = 0
        self.meanwhile: Callable[[], None] = lambda: None
        self._time = time

    def sign_in(self) -> Credentials:
        given = self.grants.issue(SCOPES, self._time(), self.lives)
        assert given.refresh and given.life
        pair = Pair(
            Token(given.access), Token(given.refresh), self._time(), self._time() + given.life
        )
        return Credentials(APP, pair)

    def refresh(self, app: App, token: Token) -> Grant:
        self.calls += 1
        if self.faults:
            raise self.faults.pop(0)
        given = self.grants.for_refresh(token.spelled(), self._time(), self.lives)
        if isinstance(given, str):
            raise AuthError(f"HTTP 200 {given}", given)
        self.meanwhile()
        if self.lost:
            raise self.lost.pop(0)
        refresh = None if given.refresh is None else Token(given.refresh)
        return Grant(Token(given.access), refresh, given.life)

    def takes(self, token: Token) -> bool:
        """Would /logs be read with it now?"""
        return self.grants.trouble(token.spelled(), self._time()) == ""


class MemoryStore:
    """Keeps a text. ``broken``: what writing raises; ``lockless``: the lock holds nobody off."""

    shown = "memory"

    def __init__(self, text: str | None = None, *, lockless: bool = False) -> None:
        self.text = text
        self.broken: StoreError | None = None
        self.writes: list[str] = []
        self.exclusive = not lockless
        self._lock = threading.Lock()

    def read(self) -> str | None:
        return self.text

    def write(self, text: str, instead_of: str | None) -> bool:
        if self.broken is not None:
            raise self.broken
        if self.text != instead_of:
            return False
        self.text = text
        self.writes.append(text)
        return True

    @contextlib.contextmanager
    def lock(self, patience: float) -> Iterator[bool]:
        if not self.exclusive:
            yield True
            return
        got = self._lock.acquire(blocking=False)
        try:
            yield got
        finally:
            if got:
                self._lock.release()

    def delete(self) -> None:
        self.text = None


class Told(list[tuple[str, str, dict[str, object]]]):
    """What was told."""

    def __call__(self, level: str, action: str, **fields: object) -> None:
        self.append((level, action, fields))

    def actions(self) -> list[str]:
        return [action for _, action, _ in self]


class World:
    """Time, Slack and a store with a fresh sign-in; ``source()`` is a new process on it."""

    def __init__(self, *, grace: float = 60.0, lockless: bool = False) -> None:
        self.time = Time()
        self.slack = Slack(self.time, grace)
        self.store = MemoryStore(self.slack.sign_in().text(), lockless=lockless)
        self.told = Told()

    def source(self, **more: Any) -> Rotation:
        return Rotation(
            self.store,
            more.pop("refresh", self.slack.refresh),
            wall=self.time,
            chance=more.pop("chance", lambda: 0.0),
            tell=self.told,
            **more,
        )


def kept(world: World) -> dict[str, object]:
    assert world.store.text is not None
    found = json.loads(world.store.text)
    assert isinstance(found, dict)
    return found
