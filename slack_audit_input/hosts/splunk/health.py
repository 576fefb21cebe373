# SPDX-License-Identifier: Apache-2.0
"""How an input is doing: once a minute as a log line and as a record in the KV store.

It stands between the collector and its log, so that both say the same.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from slack_audit_input.collector.loop import Collector
from slack_audit_input.collector.ports import Log
from slack_audit_input.hosts.lateness import in_one_line
from slack_audit_input.hosts.splunk import SOURCETYPE
from slack_audit_input.hosts.splunk.fields import in_words
from slack_audit_input.model.errors import CollectorError, StoreError

#: What the collector's lines of once a minute are called.
_SUMMARIES = ("collected", "stopped")
#: Seconds between two lines of advice on the sweep levels.
_ADVICE_EVERY = 86_400.0
#: Warnings that are no trouble: they do not count as the last error.
_NEWS = ("filters_changed", "unknown_action")
#: What these lines, and that of a failure, count: each since the one before it, so that their sum
#: is what was done. The collector's own last line counts the whole run.
_COUNTS = ("events", "duplicates", "late", "pages", "calls", "rate_limited")


class IngestingLog(Log, Protocol):
    """A log that also takes the line which UCC's monitoring dashboard counts."""

    def ingested(self, events: int, sourcetype: str, index: str, account: str, host: str) -> None:
        """So many events have gone to an index."""


class Health:
    """Hands lines on, adds what is missing, and keeps the record.

    ``note``: keeps a JSON text in the store. ``index``, ``account``, ``host``: of the events.
    """

    def __init__(
        self,
        log: IngestingLog,
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
        self._told: Counter[str] = Counter()  # what the lines so far have counted
        self._trouble = ""
        self._trouble_at = 0.0
        self._advised = float("-inf")

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
        self._log(
            "error",
            "failed",
            exit=error.exit_code,
            kind=type(error).__name__,
            error=words,
            **self._done(),
        )
        # Without a store there is no record; and when another collector runs on this input, the
        # record is that one's.
        if not isinstance(error, StoreError):
            self._record("failed", {"exit": error.exit_code})

    def _summary(self, level: str, action: str, fields: dict[str, object]) -> None:
        fields = {k: v for k, v in fields.items() if k != "input"}
        fields.update(self._done())
        if self._trouble:
            fields["last_error"] = self._trouble
            fields["last_error_age_s"] = round(time.time() - self._trouble_at)
        if self._collector is not None:
            fields["calls_last_minute"] = self._collector.budget_used()
            fields["late_total"] = self._collector.counters.total["late"]
            fields["events_total"] = self._collector.counters.total["events"]
        self._log(level, action, account=self._where["account"], **fields)
        self._record("running" if action == "collected" else "stopped", fields)
        if self._collector is not None and time.monotonic() - self._advised >= _ADVICE_EVERY:
            self._advised = time.monotonic()
            self._log("info", "advice", **in_one_line(self._collector.counters))

    def _done(self) -> dict[str, int]:
        """What was done since the last time this was asked; UCC's dashboard is told as well."""
        if self._collector is None:
            return {}
        run = Counter(self._collector.counters.run)
        new, self._told = run - self._told, run
        self._log.ingested(new["events"], SOURCETYPE, **self._where)
        retries = sum(count for name, count in new.items() if name.startswith("retry_"))
        return {**{name: new[name] for name in _COUNTS}, "retries": retries}

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
