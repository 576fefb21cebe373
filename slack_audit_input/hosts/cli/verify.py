# SPDX-License-Identifier: Apache-2.0
"""``verify``: prove a stretch against what Slack shows now; deliver what is missing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import click

from slack_audit_input.collector.commit import Committer
from slack_audit_input.collector.index import hour_of
from slack_audit_input.collector.ownership import owner_name
from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.collector.verify import HourReport, Verifier, coverage
from slack_audit_input.collector.walk import Walk
from slack_audit_input.engine.delivered import HOUR, MINUTE, HourTotal, unpack
from slack_audit_input.hosts.cli import options
from slack_audit_input.hosts.cli.backfill import is_running
from slack_audit_input.hosts.cli.outputs import output, sink_of
from slack_audit_input.hosts.cli.progress import Progress, Sample
from slack_audit_input.hosts.cli.session import Session
from slack_audit_input.hosts.moments import second_of, shown
from slack_audit_input.model.errors import ConfigError
from slack_audit_input.model.event import Event
from slack_audit_input.model.ledger import Span
from slack_audit_input.model.state import Hour
from slack_audit_input.slack.budget import CallBudget
from slack_audit_input.stores.sql import SqlState

#: Seconds to wait for a running collector to deliver what it was asked to read again.
HANDED_OVER = 120.0
#: Calls a minute beside a running collector, unless told otherwise: its live readings need
#: twelve of Slack's fifty, and its backlog may be using the rest.
BESIDE = 5


@click.command("verify")
@options.option("--from", "from_", required=True, metavar="TIME", help="First moment to prove.")
@options.option("--to", default="now", metavar="TIME", help="Last moment to prove.")
@options.option("--redeliver", is_flag=True, help="Send hours that differ again, repeats and all.")
@options.option("--json", "as_json", is_flag=True, help="The report as JSON on stdout.")
@output
@options.state
@options.slack
@options.collecting
@options.filters
@options.common
def verify(from_: str, to: str, redeliver: bool, as_json: bool, **values: Any) -> None:
    """Read a stretch again and prove that all of it was delivered. Exit 0 only if complete.

    As far as the delivered index reaches (about a day), ids are compared one by one, and what
    is missing is delivered on the spot: by the running collector, or by this command when none
    runs. Before that, every hour's count and digest are compared; --redeliver sends hours that
    differ again. Whole hours are compared. The report goes to stderr, or as JSON to stdout when
    --output-file takes the events.
    """
    if as_json and not values["output_file"]:
        raise ConfigError("--json needs --output-file: stdout can hold events or the report")
    log = options.logger(values)
    now = time.time()
    first, last = second_of(from_, now, "--from"), second_of(to, now, "--to")
    if first > last:
        raise ConfigError("--from must lie before --to")
    settings = options.collection_settings(values, now, ends=True)
    state = SqlState(values["state"], create=False)
    checkpoint = state.checkpoint(settings.input)
    session = Session(values, settings, checkpoint, log)
    running = is_running(checkpoint)
    if running and redeliver:
        raise ConfigError("--redeliver writes the state: stop the collector of this input first")
    calls = min(settings.calls_per_minute, BESIDE) if running else settings.calls_per_minute
    walk = Walk(
        session.client(),
        CallBudget(calls),
        session.clock,
        time.sleep,
        filters=settings.filters,
        limit=settings.page_size,
        give_up_after=settings.give_up_after or 600.0,
    )
    proof = _Proof(session, checkpoint, walk)
    proof.read(first, last)
    if proof.missing:
        proof.deliver_missing(running, values)
    if redeliver and proof.differing:
        proof.redeliver(values)
    report = proof.report()
    if as_json:
        click.echo(json.dumps(report, indent=2))
    else:
        click.echo("\n".join(_text(report)), err=True)
    state.close()
    if not report["complete"]:
        raise click.exceptions.Exit(1)


class _Proof:
    """The hours of a stretch, what was wrong with them, and what was done about it."""

    def __init__(self, session: Session, checkpoint: Checkpoint, walk: Walk) -> None:
        self.missing: dict[int, frozenset[int]] = {}
        self.differing: list[HourReport] = []
        self._session = session
        self._checkpoint = checkpoint
        self._walk = walk
        self._verifier = Verifier(walk, checkpoint)
        self._span = Span(0, 0)
        self._hours = self._entries = self._gone = self._sealed = 0
        self._delivered = self._redelivered = 0

    def read(self, first: int, last: int) -> None:
        """Read the stretch and compare."""
        self._coverage = coverage(self._verifier.ledger(), first, last)
        self._span = Span(first, last)
        total = sum(span.seconds for span in self._coverage.done)
        with Progress(f"verify {shown(first)} to {shown(last)}", total) as progress:
            left = total
            for span in reversed(self._coverage.done):
                self._verifier = Verifier(
                    self._walk,
                    self._checkpoint,
                    lambda second, span=span, left=left: progress.show(  # type: ignore[misc]
                        Sample(
                            left - span.latest - 1 + second,
                            self._entries,
                            self._walk.calls,
                        )
                    ),
                )
                for hour in self._verifier.hours(span):
                    self._take(hour)
                left -= span.seconds
                progress.show(Sample(left, self._entries, self._walk.calls))

    def _take(self, hour: HourReport) -> None:
        self._hours += 1
        self._entries += hour.shown
        self._gone += hour.gone
        self._sealed += hour.sealed
        if hour.missing:
            self.missing[hour.hour] = hour.missing
        if hour.differs:
            self.differing.append(hour)

    def deliver_missing(self, running: bool, values: dict[str, Any]) -> None:
        """Have the hours with missing ids swept again, by whoever may write."""
        for hour in self.missing:
            self._checkpoint.ask("reread", hour * HOUR, hour * HOUR + HOUR - 1, time.time())
        if not running:
            sink = sink_of(values, self._session.settings)
            collector = self._session.collector(sink)
            collector.run(self._session.stop, live=False)
            sink.close()
        until = time.monotonic() + (HANDED_OVER if running else 0.0)
        while self._checkpoint.requests() and time.monotonic() < until:
            time.sleep(0.5)
        for hour in sorted(self.missing):
            left = self._still_missing(hour)
            while left and time.monotonic() < until:
                time.sleep(0.5)
                left = self._still_missing(hour)
            self._delivered += len(self.missing[hour]) - len(left)
            self.missing[hour] = left

    def _still_missing(self, hour: int) -> frozenset[int]:
        first = hour * HOUR // MINUTE
        stored = self._checkpoint.keys(first, first + HOUR // MINUTE - 1)
        return self.missing[hour].difference(*map(unpack, stored.values()))

    def redeliver(self, values: dict[str, Any]) -> None:
        """Send every differing hour again and put what Slack shows in its place."""
        state = self._checkpoint.load()
        assert state is not None
        sink = sink_of(values, self._session.settings)
        committer = Committer(sink, self._checkpoint, state.version, state.account, owner_name())
        for report in self.differing:
            hour = _Hour(self._walk, report.hour)
            committer.replace_hours(hour.batches(), hour.total, state)
            self._redelivered += hour.sent
        sink.close()
        self.differing = []

    def report(self) -> dict[str, Any]:
        """What was found, for people and for programs."""
        left = sum(map(len, self.missing.values()))
        cover = self._coverage
        return {
            "from": shown(self._span.oldest),
            "to": shown(self._span.latest),
            "complete": not (left or self.differing or cover.never or cover.open),
            "hours": self._hours,
            "hours_by_digest": self._sealed,
            "entries": self._entries,
            "delivered_now": self._delivered,
            "redelivered": self._redelivered,
            "still_missing": left,
            "delivered_but_gone_at_slack": self._gone,
            "hours_that_differ": [
                {
                    "hour": shown(report.hour * HOUR),
                    "slack_shows": report.sealed_shown._asdict(),
                    "delivered": report.sealed_delivered._asdict(),
                }
                for report in self.differing
            ],
            "never_asked": [[shown(s.oldest), shown(s.latest)] for s in cover.never],
            "not_read_yet": [[shown(s.oldest), shown(s.latest)] for s in cover.open],
            "calls": self._walk.calls,
        }


class _Hour:
    """One hour read from Slack once more, to be sent again."""

    def __init__(self, walk: Walk, hour: int) -> None:
        self.sent = 0
        self._walk = walk
        self._hour = hour
        self._total = HourTotal()

    def batches(self) -> Iterator[list[Event]]:
        """Its events, page by page."""
        first = self._hour * HOUR
        for step in self._walk.steps(first, first + HOUR - 1):
            self._total = self._total.plus([event.key for event in step.events])
            self.sent += len(step.events)
            yield step.events

    def total(self) -> dict[int, Hour]:
        """What the checkpoint is to say of it now that all batches are delivered."""
        return {self._hour: hour_of(self._total)}


def _text(report: dict[str, Any]) -> Iterator[str]:
    word = "COMPLETE" if report["complete"] else "INCOMPLETE"
    yield f"{word}: {report['from']} to {report['to']}"
    yield (
        f"  {report['entries']} entries in {report['hours']} hours read again with "
        f"{report['calls']} calls; {report['hours_by_digest']} hours compared by digest"
    )
    if report["delivered_now"]:
        yield f"  {report['delivered_now']} were missing and have been delivered now"
    if report["redelivered"]:
        yield f"  {report['redelivered']} delivered again"
    if report["still_missing"]:
        yield f"  {report['still_missing']} are STILL MISSING: run verify again"
    if report["delivered_but_gone_at_slack"]:
        yield f"  {report['delivered_but_gone_at_slack']} were delivered that Slack no longer shows"
    for hour in report["hours_that_differ"]:
        yield (
            f"  {hour['hour']}: Slack shows {hour['slack_shows']['ids']}, delivered "
            f"{hour['delivered']['ids']}: --redeliver sends that hour again"
        )
    for first, last in report["never_asked"]:
        yield f"  never asked for: {first} to {last}: `backfill` collects it"
    for first, last in report["not_read_yet"]:
        yield f"  not read yet: {first} to {last}: the collector still has it before it"
