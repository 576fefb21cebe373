# SPDX-License-Identifier: Apache-2.0
"""Where a host listens: ``name:port``, ``[::1]:port`` or ``unix:///path``."""

from __future__ import annotations

from typing import NamedTuple

from slack_audit_input.model.errors import ConfigError

#: Where Fluentd and Fluent Bit listen unless told otherwise.
PORT = 24224
_UNIX = "unix://"


class Address(NamedTuple):
    """``host``: a name, an IPv4 or IPv6 address, or ``unix:///path`` with ``port`` 0."""

    host: str
    port: int

    @property
    def path(self) -> str:
        """Of a Unix socket; "" for a network address."""
        return self.host[len(_UNIX) :] if self.host.startswith(_UNIX) else ""

    def __str__(self) -> str:
        """As it is given."""
        if self.path:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """The address that ``text`` names; without a port, 24224. Raises ConfigError."""
    if text.startswith(_UNIX):
        if not text.startswith(_UNIX + "/"):
            raise ConfigError(f"--forward-host {text}: a Unix socket is unix:///absolute/path")
        return Address(text, 0)
    host, port = text, str(PORT)
    if text.startswith("["):
        host, closing, rest = text[1:].partition("]")
        if not closing or (rest and not rest.startswith(":")):
            raise ConfigError(f"--forward-host {text}: an IPv6 address is [2001:db8::1]:24224")
        port = rest[1:] if rest else port
    elif text.count(":") == 1:
        host, port = text.split(":")
    # With more colons and no brackets it is a bare IPv6 address.
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
    if not 0 < number < 65536:
        raise ConfigError(f"--forward-host {text}: the port must be 1 to 65535")
    if not host or "/" in host or any(letter.isspace() for letter in host):
        raise ConfigError(f"--forward-host {text}: give name:port, [::1]:port or unix:///path")
    return Address(host, number)
