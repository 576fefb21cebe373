# SPDX-License-Identifier: Apache-2.0
"""How an input is doing: once a minute as a log line and as a record in the KV store.

It stands between the collector and its log, so that both say the same.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from slack_audit_input.collector.loop import Collector
from slack_audit_input.hosts.splunk import SOURCETYPE
from slack_audit_input.hosts.splunk.fields import in_words
from slack_audit_input.hosts.splunk.logs import InputLog
from slack_audit_input.model.errors import CollectorError, StoreError

#: What the collector's lines of once a minute are called.
_SUMMARIES = ("collected", "stopped")
#: Warnings that are no trouble: they do not count as the last error.
_NEWS = ("filters_changed", "unknown_action")


class Health:
    """Hands lines on, adds what is missing, and keeps the record.

    ``note``: keeps a JSON text in the store. ``index``, ``account``, ``host``: of the events.
    """

    def __init__(
        self,
        log: InputLog,
        note: Callable[[str], None],
        *,
        account: str = "",
        index: str = "",
        host: str = "",
    ) -> None:
        self._log = log
        self._note = note
        self._where = {"index": index, "account": account, "host": host}
        self._collector: Collector | None = None
        self._told = 0  # events told to the dashboard
        self._trouble = ""
        self._trouble_at = 0.0

    def watch(self, collector: Collector) -> None:
        """Called by the collector after every turn."""
        self._collector = collector

    def __call__(self, level: str, action: str, **fields: object) -> None:
        """A line of the collector's."""
        if action in _SUMMARIES:
            self._summary(level, action, fields)
            return
        if level != "info" and action not in _NEWS:
            words = fields.get("reason") or fields.get("note") or ""
            self._trouble = f"{action}: {in_words(Exception(words))}" if words else action
            self._trouble_at = time.time()
        self._log(level, action, **{k: v for k, v in fields.items() if k != "input"})

    def failed(self, error: CollectorError, words: str) -> None:
        """The run has ended with an error."""
        self._trouble, self._trouble_at = words, time.time()
        self._ingested()
        self._log("error", "failed", exit=error.exit_code, kind=type(error).__name__, error=words)
        # Without a store there is no record; and when another collector runs on this input, the
        # record is that one's.
        if not isinstance(error, StoreError):
            self._record("failed", {"exit": error.exit_code})

    def _summary(self, level: str, action: str, fields: dict[str, object]) -> None:
        fields = {k: v for k, v in fields.items() if k != "input"}
        if self._trouble:
            fields["last_error"] = self._trouble
            fields["last_error_age_s"] = round(time.time() - self._trouble_at)
        if self._collector is not None:
            fields["calls_last_minute"] = self._collector.budget.used(time.monotonic())
            fields["late_total"] = self._collector.counters.total["late"]
            fields["events_total"] = self._collector.counters.total["events"]
        self._log(level, action, account=self._where["account"], **fields)
        self._ingested()
        self._record("running" if action == "collected" else "stopped", fields)

    def _ingested(self) -> None:
        if self._collector is None:
            return
        events = self._collector.counters.run["events"]
        self._log.ingested(events - self._told, SOURCETYPE, **self._where)
        self._told = events

    def _record(self, state: str, fields: dict[str, object]) -> None:
        record = {
            **fields,
            "state": state,
            "account": self._where["account"],
            "at": int(time.time()),
            "error": self._trouble,
            "error_at": int(self._trouble_at),
        }
        try:
            self._note(json.dumps(record))
        except StoreError as failed:
            self._log("warning", "status_not_kept", reason=in_words(failed))
