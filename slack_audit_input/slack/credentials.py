# SPDX-License-Identifier: Apache-2.0
"""What is kept of a sign-in: the app, the pair of tokens, and the pair before.

As values here, as one JSON text where they are stored. No repr shows a secret.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from slack_audit_input.model.errors import ConfigError, StoreError
from slack_audit_input.slack.token import Token

#: Of the JSON text. Another number is not guessed at.
FORMAT = 1


class App(NamedTuple):
    """The Slack app that was signed in to. ``secret`` None: a public client, which has PKCE."""

    client_id: str
    secret: Token | None


class Pair(NamedTuple):
    """An access token and what renews it. Times are unix seconds by this machine's clock.

    ``refresh`` and ``expires_at`` None: the app has no token rotation, the token lasts.
    """

    access: Token
    refresh: Token | None = None
    issued_at: float = 0.0
    expires_at: float | None = None

    def same_as(self, other: Pair) -> bool:
        """Is it the same access token?"""
        return self.access.same_as(other.access)


class Credentials(NamedTuple):
    """Everything that is kept of one account's sign-in.

    ``previous``: the pair before, until Slack has accepted the present one. ``begun``: since
    when a refresh is under way whose result was never kept, 0 for none. ``serial`` counts
    pairs. ``team`` and ``user``: ids, for people.
    """

    app: App
    pair: Pair
    previous: Pair | None = None
    begun: float = 0.0
    serial: int = 1
    team: str = ""
    user: str = ""

    def renewed(self, pair: Pair) -> Credentials:
        """With a new pair. The old one stays beside it."""
        return self._replace(pair=pair, previous=self.pair, begun=0.0, serial=self.serial + 1)

    def proven(self) -> Credentials:
        """Slack has accepted the present pair: the one before is forgotten."""
        return self._replace(previous=None)

    def text(self) -> str:
        """As text for storage. It holds the secrets in clear."""
        secret = self.app.secret
        document = {
            "format": FORMAT,
            "client_id": self.app.client_id,
            "client_secret": None if secret is None else secret.spelled(),
            "tokens": _written(self.pair),
            "previous": None if self.previous is None else _written(self.previous),
            "begun": self.begun,
            "serial": self.serial,
            "team": self.team,
            "user": self.user,
        }
        # Compact, as some keyrings take no more than a few thousand characters.
        return json.dumps(document, separators=(",", ":"))


def credentials_in(text: str, where: str) -> Credentials:
    """What a stored text holds; ``where`` names its place. Raises StoreError, without the text."""
    try:
        document = json.loads(text)
        # The key is looked up in the one format that is known.
        document = {FORMAT: document}[document["format"]]
        secret = document["client_secret"]
        previous = document["previous"]
        return Credentials(
            App(_text(document["client_id"]), None if secret is None else Token(_text(secret))),
            _read(document["tokens"]),
            None if previous is None else _read(previous),
            _number(document["begun"]),
            int(_number(document["serial"])),
            _text(document["team"]),
            _text(document["user"]),
        )
    except (ConfigError, ValueError, TypeError, LookupError, RecursionError, OverflowError):
        raise StoreError(
            f"what is kept in {where} is damaged, or of a newer version: sign in again"
        ) from None


def _written(pair: Pair) -> dict[str, object]:
    return {
        "access": pair.access.spelled(),
        "refresh": None if pair.refresh is None else pair.refresh.spelled(),
        "issued_at": pair.issued_at,
        "expires_at": pair.expires_at,
    }


def _read(document: dict[str, Any]) -> Pair:
    refresh, ends = document["refresh"], document["expires_at"]
    return Pair(
        Token(_text(document["access"])),
        None if refresh is None else Token(_text(refresh)),
        _number(document["issued_at"]),
        None if ends is None else _number(ends),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        raise TypeError
    return float(value)
