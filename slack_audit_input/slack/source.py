# SPDX-License-Identifier: Apache-2.0
"""Where a client has its token from, for each request anew.

A token may be replaced while the collector runs: by rotation, or by somebody who has written
another one into its file. Workers ask before each request, and say when Slack refuses.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Protocol

from slack_audit_input.model.errors import CollectorError, ConfigError
from slack_audit_input.slack.token import Token
from slack_audit_input.slack.unpack import inflate

#: Codes with which a token is refused that was good once: another one may be there by now.
#: `invalid_auth` and `invalid_authentication` say no more than "not this one".
STALE = frozenset({"token_expired", "token_revoked", "invalid_auth", "invalid_authentication"})
#: An answer that is longer holds entries, not an error.
_ERROR_MOST = 4096


class TokenSource(Protocol):
    """Gives the token of the moment. Threads share one; each method may be called at any time."""

    def token(self) -> Token:
        """The present token. Raises CollectorError when there is none to give."""

    def refused(self, token: Token) -> Token | None:
        """Slack refuses ``token``: another to ask once more with, None when there is none.

        Raises CollectorError when one may come later (Retryable), or a person has to act.
        """

    def used(self, token: Token) -> None:
        """Slack has accepted ``token``."""


class Lasting:
    """A token that stays as it is for as long as the program runs."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def token(self) -> Token:
        """That token."""
        return self._token

    def refused(self, token: Token) -> Token | None:  # noqa: ARG002 - the port's
        """There is no other."""
        return None

    def used(self, token: Token) -> None:
        """Nothing to note."""


class Reread:
    """A token that somebody else replaces where it stands: a file, or a mounted secret.

    ``read`` returns what stands there now; it is asked at the start, and when Slack refuses.
    """

    def __init__(self, read: Callable[[], Token]) -> None:
        self._read = read
        self._token = read()

    def token(self) -> Token:
        """What stood there last time."""
        return self._token

    def refused(self, token: Token) -> Token | None:
        """What stands there by now, if it is another."""
        if not token.same_as(self._token):
            return self._token
        try:
            found = self._read()
        except ConfigError:
            return None  # then Slack's refusal is what is worth telling
        if found.same_as(token):
            return None
        self._token = found
        return found

    def used(self, token: Token) -> None:
        """Nothing to note."""


def is_refused(status: int, body: bytes, encoding: str) -> bool:
    """Does an answer of Slack's refuse a token that may have been good a moment ago?

    A 401 without a code counts: /logs answers so (reference section 5).
    """
    if status not in (200, 401, 403) or len(body) > _ERROR_MOST:
        return False
    try:
        document = json.loads(inflate(body, encoding))
    except (CollectorError, ValueError, RecursionError):
        document = None
    code = document.get("error") if isinstance(document, dict) else None
    if code is None:
        return status == 401
    return isinstance(code, str) and code in STALE
