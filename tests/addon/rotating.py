# SPDX-License-Identifier: Apache-2.0
"""The token of the moment of account acme, and a page read with it.

Runs on Splunk's Python, with nothing but the package's lib/. It dies where it is told to, and
prints what it found as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

given: dict[str, Any] = json.loads(sys.argv[1])
sys.path.insert(0, given["lib"])

from solnlib.credentials import (  # noqa: E402
    CredentialManager,
    CredentialNotExistException,
)

from slack_audit_input.hosts.splunk import accounts, splunkd, tokens  # noqa: E402
from slack_audit_input.slack.client import Client  # noqa: E402
from slack_audit_input.slack.credentials import App  # noqa: E402
from slack_audit_input.slack.oauth import Grant, refresher  # noqa: E402
from slack_audit_input.slack.rotation import Rotation  # noqa: E402
from slack_audit_input.slack.token import Token  # noqa: E402

asked = pieces = 0


def at(place: str) -> None:
    """Die, if this is the place."""
    if place == given["die"]:
        os.kill(os.getpid(), signal.SIGKILL)


class Dying(splunkd.Splunkd):
    """Counts what it asks for of credentials, and dies at one of these."""

    def _secret(self, *arguments: Any) -> bytes | None:
        global asked  # noqa: PLW0603 - one count for the process
        asked += 1
        at(f"splunkd before {asked}")
        found = super()._secret(*arguments)
        at(f"splunkd after {asked}")
        return found


class WrittenOver(tokens.SplunkCredentials):
    """A mistake: the pair over the one before, in pieces, as solnlib does it."""

    def _manager(self) -> Any:
        at_home = {"scheme": "http", "host": "127.0.0.1", "port": given["port"]}
        return CredentialManager(given["key"], "slack_audit_input", realm="over", **at_home)

    def read(self) -> str:
        try:
            return str(self._manager().get_password("acme"))
        except CredentialNotExistException:
            return self._first

    def write(self, text: str, instead_of: str | None) -> bool:
        manager = self._manager()
        plain = manager._update_password

        def update(user: str, password: str) -> None:
            global pieces  # noqa: PLW0603 - one count for the process
            pieces += 1
            at(f"piece {pieces}")
            plain(user, password)

        manager._update_password = update
        manager.set_password("acme", text)
        return True


def refresh(app: App, token: Token) -> Grant:
    """The call to Slack."""
    at("slack before")
    found = call(app, token)
    at("slack after")
    return found


asking = Dying(given["key"], "http", "127.0.0.1", given["port"])
account = accounts.account_named("acme", asking)
assert account.signed_in is not None
call = refresher(account.client, account.signed_in.web_url)
kind = WrittenOver if given["plant"] else tokens.SplunkCredentials
source = Rotation(
    kind(asking, "acme", account.signed_in),
    refresh,
    wall=lambda: float(given["now"]),
    chance=lambda: 0.0,
    tell=lambda level, action, **fields: None,
)
answer = Client(account.client, source).get("logs", {"limit": 1})
found = {"serial": source.credentials.serial, "status": answer.status, "asked": asked}
sys.stdout.write(json.dumps(found))
sys.exit(0 if answer.status == 200 else 3)
