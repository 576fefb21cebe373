# SPDX-License-Identifier: Apache-2.0
"""Log lines: key=value on stderr, one line each, whatever the values hold."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import TextIO

from slack_audit_input.hosts.wording import pairs

LEVELS = ("debug", "info", "warning", "error")


class Logger:
    """Writes ``time=… level=… action=… key=value…``; see ``collector.ports.Log``."""

    def __init__(
        self, level: str = "info", stream: TextIO | None = None, input: str | None = None
    ) -> None:
        self._level = level
        self._least = LEVELS.index(level)
        self._stream = stream
        self._always: dict[str, object] = {} if input is None else {"input": input}

    def of(self, input: str) -> Logger:
        """The same, with the name of an input on every line."""
        return Logger(self._level, self._stream, input)

    def __call__(self, level: str, action: str, **fields: object) -> None:
        """One line, if ``level`` is worth it."""
        if LEVELS.index(level) < self._least:
            return
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        line = pairs({"time": now, "level": level, "action": action, **self._always, **fields})
        stream = self._stream or sys.stderr
        try:
            stream.write(f"{line}\n")
            stream.flush()
        except (OSError, ValueError, AttributeError):
            # Nobody reads the log any more, or there was no stderr to begin with (then it is
            # None); events matter more than lines about them.
            self._least = len(LEVELS)
