# SPDX-License-Identifier: Apache-2.0
"""HELO, PING, PONG: how a client and a host with a shared key prove it to each other.

The key itself never travels, and nothing is encrypted by it: that is what TLS is for. Facts:
reference sections 3 and 4.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any, NamedTuple

from slack_audit_input.sinks.forward.failures import Misfit


class Secret:
    """A key or a password, which no repr and no message shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __bool__(self) -> bool:
        return bool(self._value)

    def reveal(self) -> bytes:
        """The secret itself, for a digest."""
        return self._value.encode()


class Credentials(NamedTuple):
    """What we can prove. ``key`` empty: no handshake. ``username`` "": no user."""

    key: Secret = Secret("")
    username: str = ""
    password: Secret = Secret("")


class Greeting(NamedTuple):
    """A host's HELO. ``auth``: salt for the password, empty when no user is wanted."""

    nonce: bytes
    auth: bytes
    keepalive: bool


class Ping(NamedTuple):
    """Our answer, and what is needed to check the host's."""

    message: list[str]
    salt: str
    nonce: bytes


def greeting_of(message: Any) -> Greeting | None:
    """The HELO that a message is; None when it is something else."""
    if not (isinstance(message, list) and message[:1] == ["HELO"]):
        return None
    options = message[1] if len(message) > 1 and isinstance(message[1], dict) else {}
    return Greeting(
        _bytes(options.get("nonce")),
        _bytes(options.get("auth")),
        options.get("keepalive") is not False,
    )


def ping(greeting: Greeting, name: str, credentials: Credentials) -> Ping:
    """Our PING. ``name``: what we call ourselves; some hosts refuse a client of their own name."""
    # As text: Fluent Bit refuses a salt that is binary.
    salt = secrets.token_hex(16)
    proof = _digest(salt.encode(), name.encode(), greeting.nonce, credentials.key.reveal())
    user, password = "", ""
    if greeting.auth and credentials.username:
        user = credentials.username
        password = _digest(greeting.auth, user.encode(), credentials.password.reveal())
    return Ping(["PING", name, salt, proof, user, password], salt, greeting.nonce)


def check_pong(message: Any, sent: Ping, credentials: Credentials) -> None:
    """Raise Misfit unless the host takes us and knows the key as well."""
    if not (isinstance(message, list) and len(message) >= 5 and message[0] == "PONG"):
        raise Misfit("answers the handshake with something else: is it a Fluentd forward input?")
    if message[1] is not True:
        # Text, or no reason at all: nesting without end has no repr.
        said = message[2] if isinstance(message[2], str) else "without words"
        reason = said[:200].encode("ascii", "backslashreplace").decode()
        raise Misfit(
            f"refuses the handshake ({reason}): see --forward-shared-key-file, "
            "--forward-username and --forward-password-file"
        )
    wanted = _digest(sent.salt.encode(), _bytes(message[3]), sent.nonce, credentials.key.reveal())
    if not hmac.compare_digest(wanted.encode(), _bytes(message[4])):
        raise Misfit("does not know the shared key itself: it may be somebody else's host")


def _digest(*parts: bytes) -> str:
    return hashlib.sha512(b"".join(parts)).hexdigest()


def _bytes(value: Any) -> bytes:
    """Fluentd sends nonce and salt as binary, Fluent Bit as text that is none (section 3)."""
    if isinstance(value, bytes):
        return value
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else b""
