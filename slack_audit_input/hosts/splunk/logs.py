# SPDX-License-Identifier: Apache-2.0
"""Log lines: key=value, in a file that Splunk indexes into ``_internal``; what matters on stderr.

splunkd reads a modular input's stderr, and puts lines with a level into its splunkd.log.
"""

from __future__ import annotations

import logging
import re
import sys

from solnlib import log as solnlib_log

from slack_audit_input.hosts.splunk import APP, KIND
from slack_audit_input.hosts.wording import pairs

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
#: The form's words for the least level.
FORM_LEVELS = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "CRITICAL": logging.ERROR,
}


class InputLog:
    """Writes ``action=… input=… key=value…``; see ``collector.ports.Log``.

    One file an input, ``var/log/splunk/slack_audit_input_NAME.log``: two processes that rotate
    one file lose lines. UCC's dashboard looks for ``slack_audit_input`` in the file's name.
    """

    def __init__(self, input: str) -> None:
        self._input = input
        self.logger: logging.Logger | None = None
        # Nothing that a message lacks may stop the collector.
        logging.raiseExceptions = False
        try:
            name = re.sub(r"[^A-Za-z0-9_-]", "_", input)[:80]
            self.logger = solnlib_log.Logs().get_logger(f"{APP}_{name}")
        except (OSError, solnlib_log.LogException):
            self._tell("WARN", "action=no_log_file note=no_summaries_in_internal")

    def least(self, level: str) -> None:
        """Leave out lines below ``level``, one of the Logging tab's words."""
        if self.logger is not None:
            # Summaries are what the alerts live on: they are never left out.
            self.logger.setLevel(min(FORM_LEVELS.get(level.upper(), logging.INFO), logging.INFO))

    def __call__(self, level: str, action: str, **fields: object) -> None:
        """One line."""
        text = pairs({"action": action, "input": self._input, **fields})
        if self.logger is not None:
            self.logger.log(_LEVELS[level], "%s", text)
        if level in ("warning", "error") or self.logger is None:
            self._tell({"warning": "WARN", "error": "ERROR"}.get(level, level.upper()), text)

    def ingested(self, events: int, sourcetype: str, index: str, account: str, host: str) -> None:
        """The line that UCC's monitoring dashboard counts."""
        if self.logger is not None and events:
            solnlib_log.events_ingested(
                self.logger,
                f"{KIND}://{self._input}",
                sourcetype,
                events,
                index,
                account=account,
                host=host,
            )

    def _tell(self, level: str, text: str) -> None:
        try:
            sys.stderr.write(f"{level} {KIND}://{self._input} {text}\n")
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):
            return  # nobody reads it any more
