# SPDX-License-Identifier: Apache-2.0
"""A token on its way: in memory and on requests, and in no text that anybody reads."""

from __future__ import annotations

from typing import NoReturn

import requests

from slack_audit_input.model.errors import ConfigError


class Token:
    """A secret that no repr, log line or error can show by accident."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        secret = secret.strip()
        if not secret:
            raise ConfigError("the token is empty")
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise ConfigError(
                "the token holds blanks or characters that no token has: is the file the right one?"
            )
        self._secret = secret

    def __repr__(self) -> str:
        return "Token(…)"

    def __reduce__(self) -> NoReturn:
        # Whatever is pickled ends in a file or on a wire.
        raise TypeError("a token cannot be pickled or copied")

    def same_as(self, other: Token) -> bool:
        """Is it the same secret?"""
        return self._secret == other._secret

    def spelled(self) -> str:
        """The secret itself: for a form that goes to Slack, and for the place it is kept in."""
        return self._secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put it on a request."""
        request.headers["Authorization"] = f"Bearer {self._secret}"
        return request


class NoToken:
    """For calls that need none: sends no Authorization, not even .netrc's."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the request as it is."""
        return request
