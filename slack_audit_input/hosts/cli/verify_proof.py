# SPDX-License-Identifier: Apache-2.0
"""The hours of a stretch, compared one by one; a run goes on where one was stopped."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from typing import Any

from slack_audit_input.collector.hours import HourReport, Verifier
from slack_audit_input.collector.ports import Checkpoint, Log
from slack_audit_input.collector.sealed import held_of, ledger_of, parts_of
from slack_audit_input.collector.verify import Coverage, coverage
from slack_audit_input.collector.walk import Walk
from slack_audit_input.engine.delivered import HOUR
from slack_audit_input.engine.spans import without
from slack_audit_input.hosts.cli.held import Held
from slack_audit_input.hosts.cli.progress import Progress, Sample
from slack_audit_input.hosts.cli.verify_record import Kept, Record, kept_from, kept_of
from slack_audit_input.hosts.moments import shown
from slack_audit_input.model.errors import StoreError
from slack_audit_input.model.ledger import Span
from slack_audit_input.stores.verified import Verified

#: Seconds between two times that what was found out is kept.
KEEP_EVERY = 1.0
#: What was compared longer ago (seconds) is compared again: the report should be about one time.
KEPT_FOR = 7 * 86_400


def run_of(*what: object) -> str:
    """What tells a run from others: it goes on where one of the same was stopped."""
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]


class Proof:
    """``records``: by hour (unix). ``missing``, ``undated_missing``: keys that were not delivered.

    ``undated_within``: where entries without a date turned up, by the hour that counts them.
    ``alone``: compared with the host alone, whatever the state says. ``before``: how many hours
    an earlier run has compared. ``organization``: name, id and domain as the newest entries have
    it, or nothing.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        walk: Walk,
        span: Span,
        kept: Verified,
        host: Held | None,
        *,
        alone: bool = False,
    ) -> None:
        self.alone = alone
        self.records: dict[int, Record] = {}
        self.missing: dict[int, frozenset[int]] = {}
        self.undated_missing: dict[int, tuple[Span, frozenset[int]]] = {}
        self.undated_within: dict[int, Span] = {}
        self.before = 0
        self.coverage = Coverage((), (), ())
        self.organization: dict[str, str] = {}
        self._checkpoint = checkpoint
        self._walk = walk
        self._span = span
        self._kept = kept
        self._host = host
        self._waiting: dict[int, str] = {}
        self._kept_at = float("-inf")
        self._entries = 0

    def read(self, log: Log) -> None:
        """Compare every hour that was not compared before."""
        self.coverage = (
            Coverage((self._span,), (), ())
            if self.alone
            else coverage(ledger_of(self._checkpoint), *self._span)
        )
        done = self.coverage.done
        counted = self._take_kept(done, log)
        left = _less(done, self.records)
        whole, total = (sum(span.seconds for span in spans) for spans in (done, left))
        title = f"verify {shown(self._span.oldest)} to {shown(self._span.latest)}"
        with Progress(title, total, before=whole - total) as progress:

            def come_to(second: int) -> None:
                todo = sum(max(0, min(second - 1, s.latest) - s.oldest + 1) for s in left)
                progress.show(Sample(todo, self._entries, self._walk.calls))

            lacking = self._host.lacking if self._host else None
            checkpoint = None if self.alone else self._checkpoint
            verifier = Verifier(self._walk, checkpoint, come_to, lacking)
            verifier.seen_before(counted)
            try:
                for report in verifier.hours(*left):
                    self._take(report)
            finally:
                self._keep(log)
            progress.show(Sample(0, self._entries, self._walk.calls))
        self.organization = organization_in(text for _, _, text in verifier.page)

    def _take_kept(self, done: tuple[Span, ...], log: Log) -> list[int]:
        """What an earlier run has found out and what still holds; keys without a date in it."""
        counted: list[int] = []
        now = time.time()
        for hour, text in self._kept.records().items():
            kept = kept_from(text)
            if kept is not None and self._holds(hour, kept, done, now):
                self.records[hour] = kept.record
                counted += kept.undated
        self.before = len(self.records)
        if self.before:
            note = "they were compared before, and nothing of them has changed; --restart reads all"
            log("info", "goes_on", hours=self.before, note=note)
        return counted

    def _holds(self, hour: int, kept: Kept, done: tuple[Span, ...], now: float) -> bool:
        return (
            kept.record.well
            and 0 <= now - kept.second < KEPT_FOR
            and [*kept.parts] == parts_of(done, hour)
            and kept.held == held_of(self._checkpoint, hour)
        )

    def _take(self, report: HourReport) -> None:
        kept = kept_of(report, int(time.time()))
        self.records[report.hour] = kept.record
        self._entries += report.shown.ids
        if report.missing:
            self.missing[report.hour] = report.missing
        if report.undated:
            whole = Span(report.hour * HOUR, report.hour * HOUR + HOUR - 1)
            self.undated_within[report.hour] = report.undated_within or whole
        if report.undated_missing:
            within = self.undated_within[report.hour]
            self.undated_missing[report.hour] = within, report.undated_missing
        self._waiting[report.hour] = kept.text()
        if time.monotonic() - self._kept_at >= KEEP_EVERY:
            self._keep(None)

    def _keep(self, log: Log | None) -> None:
        self._kept_at = time.monotonic()
        try:
            self._kept.keep(self._waiting)
        except StoreError as error:
            # Worth a line, not the whole run: all that is lost is the way back to here.
            if log is not None:
                log("warning", "progress_not_kept", reason=str(error))
        else:
            self._waiting = {}

    def update(self, hour: int, **changes: Any) -> None:
        """Something has been done about an hour."""
        self.records[hour] = self.records[hour]._replace(**changes)

    def read_again(self) -> None:
        """The host's files have grown: what they lack now is what they lacked."""
        if self._host is None or not self._host.changed():
            return
        self._host.read_again()
        left = dict(self._host.hours())
        for hour, record in self.records.items():
            if record.host_missing > 0:
                self.update(hour, host_missing=left.get(hour, 0))

    def parts(self, hour: int) -> list[Span]:
        """What of an hour was compared."""
        return parts_of(self.coverage.done, hour)


def _less(done: Iterable[Span], hours: Iterable[int]) -> list[Span]:
    """What is left of ``done`` without some hours, oldest first."""
    gone = [Span(hour * HOUR, hour * HOUR + HOUR - 1) for hour in sorted(hours)]
    return [piece for span in done for piece in without(span, gone)]


def organization_in(texts: Iterable[str]) -> dict[str, str]:
    """Whose log it is: entries that concern the organization itself have it as their place.

    Slack has no call that says whose a token is.
    """
    for text in texts:
        if '"enterprise"' not in text:
            continue
        try:
            place = json.loads(text)["context"]["location"]
            if place["type"] == "enterprise":
                return {name: str(place.get(name) or "")[:200] for name in ("name", "id", "domain")}
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            continue
    return {}
