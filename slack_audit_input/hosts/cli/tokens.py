# SPDX-License-Identifier: Apache-2.0
"""Where a command has its token from: a file, the environment, or a sign-in that was kept."""

from __future__ import annotations

import hashlib
import os
import random
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from slack_audit_input.collector.ports import Log
from slack_audit_input.hosts.cli.options import client_settings
from slack_audit_input.hosts.cli.places import default_state, token_from
from slack_audit_input.hosts.moments import shown
from slack_audit_input.model.errors import ConfigError
from slack_audit_input.slack.oauth import refresher, web_api_url
from slack_audit_input.slack.ports import CredentialStore
from slack_audit_input.slack.rotation import Rotation
from slack_audit_input.slack.settings import Settings
from slack_audit_input.slack.source import Lasting, Reread, TokenSource
from slack_audit_input.stores.credentials_file import CredentialsFile
from slack_audit_input.stores.credentials_keyring import CredentialsInKeyring

KEYRING = "keyring"
#: A file name of an account's that is longer becomes a digest.
_NAME_MOST = 100


def source_from(values: dict[str, Any], log: Log) -> TokenSource:
    """The source that the options name. Raises ConfigError, StoreError."""
    token_file = values["token_file"]
    # An option with a value of its own: the default of --token-store is no choice.
    signed_in = bool(values["credentials"]) or values["token_store"] == KEYRING
    if token_file and signed_in:
        raise ConfigError(
            "--token-file is one token, --credentials and --token-store keyring are a sign-in: "
            "choose one"
        )
    if token_file and Path(token_file).is_file():
        return Reread(lambda: token_from(token_file, log))
    if token_file:
        return Lasting(token_from(token_file, log))  # a pipe has it once
    if not signed_in and os.environ.get("SLACK_AUDIT_TOKEN", "").strip():
        return Lasting(token_from(None, log))
    if not signed_in and not credentials_path(values).exists():
        return Lasting(token_from(None, log))  # which says what there could be
    return rotation_from(values, client_settings(values), log)


def rotation_from(values: dict[str, Any], settings: Settings, log: Log) -> Rotation:
    """The sign-in of this account. Raises ConfigError when nobody has signed in."""
    store = store_from(values)
    url = web_api_url(settings.api_url, values["web_api_url"])
    if isinstance(store, CredentialsFile):
        store.check_writable()
    return Rotation(
        store,
        refresher(settings, url),
        wall=time.time,
        chance=random.random,
        tell=log,
    )


def store_from(values: dict[str, Any]) -> CredentialStore:
    """Where the options keep a sign-in. Raises ConfigError."""
    if values["token_store"] == KEYRING:
        if values["credentials"]:
            raise ConfigError("--credentials names a file, and --token-store keyring has none")
        name = f".{file_name(values['account'])}.keyring.lock"
        return CredentialsInKeyring(values["account"], _folder() / name)
    return CredentialsFile(credentials_path(values))


def credentials_path(values: dict[str, Any]) -> Path:
    """The file of --credentials, or the account's own beside the default state."""
    given = values["credentials"]
    return Path(given) if given else _folder() / f"{file_name(values['account'])}.json"


def file_name(account: str) -> str:
    """A name for the file of an account of any name, one for each."""
    name = quote(account, safe="")
    if len(name) <= _NAME_MOST and not name.startswith("."):
        return name
    return hashlib.sha256(account.encode()).hexdigest()


def shown_of(source: TokenSource) -> str:
    """What a source is, for people."""
    if not isinstance(source, Rotation):
        return "one that lasts" if isinstance(source, (Lasting, Reread)) else ""
    credentials = source.credentials
    whose = f"signed in as {credentials.user or 'somebody'}"
    whose += f" in {credentials.team}" if credentials.team else ""
    due = source.due_at()
    if due is None:
        return f"{whose}; it lasts until it is revoked"
    return f"{whose}; refreshed next at {shown(int(due))}"


def _folder() -> Path:
    return default_state().parent / "credentials"
