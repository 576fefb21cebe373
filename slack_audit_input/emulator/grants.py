# SPDX-License-Identifier: Apache-2.0
"""Tokens that the emulated Slack has given: codes, access and refresh tokens, and their ends.

No network and no clock. As Slack's guide to token rotation has it: an access token lives so long,
a refresh token is good for one refresh and for a short grace afterwards, and of an app's access
tokens two are good at a time. How long Slack's grace is, is not known: here it is an option.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

#: Seconds for which a code of the consent page is good (Slack's documentation: ten minutes).
CODE_LIFE = 600.0


class Lives(NamedTuple):
    """How long things are good, in seconds. ``most``: access tokens good at a time.

    ``access`` None: no token rotation, the token lasts and there is no refresh token.
    """

    access: float | None
    grace: float
    most: int


class Given(NamedTuple):
    """What one grant consists of."""

    access: str
    refresh: str | None
    life: float | None


@dataclass
class _Installation:
    """One sign-in: everything that came of it ends together."""

    scopes: str
    revoked: bool = False
    access: list[str] = field(default_factory=list)


@dataclass
class _Access:
    of: _Installation
    ends: float | None
    revoked: bool = False


@dataclass
class _Refresh:
    of: _Installation
    spent_at: float | None = None


class _Code(NamedTuple):
    redirect: str
    challenge: str
    scopes: str
    ends: float


class Grants:
    """All tokens of one emulator. The caller sees to it that one thread at a time is here."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._made = 0
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, _Access] = {}
        self._refresh: dict[str, _Refresh] = {}
        self.counts = {"codes": 0, "refreshes": 0, "refreshes_in_grace": 0, "refused": 0}

    def code(self, redirect: str, challenge: str, scopes: str, now: float) -> str:
        """A code for the consent that was just given."""
        code = self._name("4724469134.")
        self._codes[code] = _Code(redirect, challenge, scopes, now + CODE_LIFE)
        return code

    def for_code(
        self, code: str, redirect: str, verifier: str, now: float, lives: Lives
    ) -> Given | str:
        """The grant for a code, or the error's code. A code is good once."""
        known = self._codes.pop(code, None)
        if known is None or now > known.ends:
            return self._refuse("invalid_code")
        if known.redirect != redirect:
            return self._refuse("bad_redirect_uri")
        if known.challenge and known.challenge != challenge_of(verifier):
            return self._refuse("invalid_code_verifier")
        self.counts["codes"] += 1
        return self.issue(known.scopes, now, lives)

    def issue(self, scopes: str, now: float, lives: Lives) -> Given:
        """A grant as if somebody had signed in."""
        return self._give(_Installation(scopes), now, lives)

    def for_refresh(self, token: str, now: float, lives: Lives) -> Given | str:
        """The grant for a refresh token, or the error's code."""
        known = self._refresh.get(token)
        if known is None or known.of.revoked:
            return self._refuse("invalid_refresh_token")
        if known.spent_at is not None:
            if not 0 <= now - known.spent_at <= lives.grace:
                return self._refuse("invalid_refresh_token")
            self.counts["refreshes_in_grace"] += 1
        else:
            known.spent_at = now
        self.counts["refreshes"] += 1
        return self._give(known.of, now, lives)

    def trouble(self, access: str, now: float) -> str | None:
        """Why an access token is not good: a code of Slack's; "" if it is, None if unknown."""
        known = self._access.get(access)
        if known is None:
            return None
        if known.revoked or known.of.revoked:
            return "token_revoked"
        return "token_expired" if known.ends is not None and now >= known.ends else ""

    def scopes(self, access: str) -> str:
        """What an access token may do."""
        known = self._access.get(access)
        return "" if known is None else known.of.scopes

    def revoke(self, access: str) -> None:
        """End the installation that an access token belongs to."""
        if access in self._access:
            self._access[access].of.revoked = True

    def revoke_all(self) -> None:
        """End everything that was ever given."""
        for known in self._access.values():
            known.of.revoked = True

    def good(self, now: float) -> list[str]:
        """The access tokens that are good now."""
        return [name for name in self._access if self.trouble(name, now) == ""]

    def _give(self, of: _Installation, now: float, lives: Lives) -> Given:
        rotating = lives.access is not None
        access = self._name("xoxe.xoxp-1-" if rotating else "xoxp-")
        ends = None if lives.access is None else now + lives.access
        self._access[access] = _Access(of, ends)
        of.access.append(access)
        good = [name for name in of.access if self.trouble(name, now) == ""]
        for name in good[: max(0, len(good) - lives.most)]:
            self._access[name].revoked = True
        if not rotating:
            return Given(access, None, None)
        refresh = self._name("xoxe-1-")
        self._refresh[refresh] = _Refresh(of)
        return Given(access, refresh, lives.access)

    def _refuse(self, code: str) -> str:
        self.counts["refused"] += 1
        return code

    def _name(self, prefix: str) -> str:
        self._made += 1
        digest = hashlib.sha256(f"{self._seed}|{prefix}|{self._made}".encode()).hexdigest()
        return prefix + digest[:48]


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
