# SPDX-License-Identifier: Apache-2.0
"""Log lines: key=value on stderr, one line each, whatever the values hold."""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime, timezone
from typing import TextIO

LEVELS = ("debug", "info", "warning", "error")

#: What Slack's tokens look like. Nothing passes a token to the log; this is the second lock.
_TOKEN = re.compile(r"xox[a-z]?[.-][0-9A-Za-z.-]{6,}|Bearer\s+\S+")
_PLAIN = re.compile(r"[A-Za-z0-9_.:/@%+,{}*-]+")


class Logger:
    """Writes ``time=… level=… action=… key=value…``; see ``collector.ports.Log``."""

    def __init__(self, level: str = "info", stream: TextIO | None = None) -> None:
        self._least = LEVELS.index(level)
        self._stream = stream

    def __call__(self, level: str, action: str, **fields: object) -> None:
        """One line, if ``level`` is worth it."""
        if LEVELS.index(level) < self._least:
            return
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        pairs = {"time": now, "level": level, "action": action, **fields}
        line = " ".join(f"{key}={_value(value)}" for key, value in pairs.items())
        stream = self._stream or sys.stderr
        try:
            stream.write(f"{line}\n")
            stream.flush()
        except (OSError, ValueError, AttributeError):
            # Nobody reads the log any more, or there was no stderr to begin with (then it is
            # None); events matter more than lines about them.
            self._least = len(LEVELS)


def without_tokens(text: str) -> str:
    """The text with everything that looks like a token of Slack's put out of sight."""
    return _TOKEN.sub("[token]", text)


def _value(value: object) -> str:
    text = without_tokens(str(value))
    # Foreign text must not forge a line or a key of its own: quoted, and control characters
    # escaped, as JSON does.
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
