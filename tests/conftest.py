# SPDX-License-Identifier: Apache-2.0
"""What holds for every test: loopback only, no proxies, and how long Hypothesis searches.

The guard against connections to elsewhere is an audit hook of the interpreter. A test cannot undo
it, and it sees whatever Python code opens, in any thread. It does not see what subprocesses and
C libraries open; those get only addresses that a test gave them. (Where code hands a host's name to
a raw socket, the interpreter looks the name up first, and is stopped only then.)
"""

from __future__ import annotations

import ipaddress
import os
import sys

import pytest
from hypothesis import HealthCheck, settings

GUARDED = frozenset(
    {
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.sendmsg",
        "socket.sendto",
    }
)
PROXY_VARIABLES = ("ALL_PROXY", "FTP_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class NotLoopback(AssertionError):
    """A test wanted to reach, look up or listen on something that is not on loopback."""


def is_loopback(host: object) -> bool:
    """Say whether `host`, a name or an address as socket functions take it, is this machine."""
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    if not isinstance(host, str):
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def refuse_elsewhere(event: str, arguments: tuple[object, ...]) -> None:
    """Raise `NotLoopback` if an audited socket call is about anything but loopback."""
    if event not in GUARDED:
        return
    if event.startswith("socket.get"):
        # None asks for the wildcard or loopback address, without a look-up.
        host = arguments[0]
        allowed = host is None or is_loopback(host)
    else:
        address = arguments[1]
        # The address of a Unix socket is a path; sendmsg and sendto of a connected socket have none
        allowed = not isinstance(address, tuple) or is_loopback(address[0])
        host = address
    if not allowed:
        message = f"tests stay on loopback, but {event} was called for {host!r}"
        raise NotLoopback(message)


sys.addaudithook(refuse_elsewhere)


# Machines that are shared stop for seconds at times, so no example has a deadline.
settings.register_profile("dev", deadline=None)
settings.register_profile(
    "ci",
    deadline=None,
    # The same examples every time: a red run has its cause in the change that was made.
    derandomize=True,
    database=None,
    print_blob=True,
)
settings.register_profile(
    "nightly",
    deadline=None,
    max_examples=5_000,
    stateful_step_count=200,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if "CI" in os.environ else "dev")
)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear the proxy settings of whoever runs the tests, here and for subprocesses."""
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
