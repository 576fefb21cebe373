# SPDX-License-Identifier: Apache-2.0
"""Where things are kept on this machine, and where the token comes from."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from slack_audit_input import __version__
from slack_audit_input.collector.ports import Log
from slack_audit_input.collector.settings import Settings
from slack_audit_input.model.errors import ConfigError
from slack_audit_input.slack.token import Token


def default_state() -> Path:
    """The platform's place for state: XDG_STATE_HOME, Application Support, LOCALAPPDATA."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return base / "slack-audit-input" / "state.sqlite"


def collector_of(settings: Settings) -> dict[str, str]:
    """What every event says about who collected it."""
    return {
        "name": "slack_audit_input",
        "version": __version__,
        "account": settings.account,
        "input": settings.input,
    }


def token_from(token_file: str | None, log: Log) -> Token:
    """The token in a file, or in SLACK_AUDIT_TOKEN. Raises ConfigError when there is none."""
    if not token_file:
        secret = os.environ.get("SLACK_AUDIT_TOKEN", "")
        if not secret.strip():
            raise ConfigError(
                "no token: put it in a file and name it with --token-file, or in the environment "
                "variable SLACK_AUDIT_TOKEN (never on the command line, where others can see it), "
                "or sign in: slack-audit-input login"
            )
        return Token(secret)
    secret = secret_in(token_file, "--token-file", log)
    try:
        return Token(secret)
    except ConfigError as error:
        raise ConfigError(f"--token-file {token_file}: {error}") from None


def secret_in(file: str, option: str, log: Log) -> str:
    """The text of a file with a secret; a warning when others can read it. Raises ConfigError."""
    path = Path(file)
    try:
        secret = path.read_text("utf-8-sig")
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "not a text file"
        raise ConfigError(f"{option} {path}: {words}") from None
    if os.name == "posix" and stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
        action = option[2:].replace("-", "_") + "_open"
        log("warning", action, path=path, remedy=f"chmod 600 {path}")
    return secret
