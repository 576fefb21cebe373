# SPDX-License-Identifier: Apache-2.0
"""``verify``: prove a stretch against what Slack shows now; deliver what is missing."""

from __future__ import annotations

import json
import time
from typing import Any

import click

from slack_audit_input.collector.commit import Committer
from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.collector.settings import Settings
from slack_audit_input.collector.verify import (
    Coverage,
    HourAgain,
    HourReport,
    Verifier,
    coverage,
)
from slack_audit_input.collector.walk import Walk
from slack_audit_input.engine.delivered import HOUR, MINUTE, unpack
from slack_audit_input.hosts.cli import options
from slack_audit_input.hosts.cli.backfill import is_running
from slack_audit_input.hosts.cli.coverage import beside, beside_words
from slack_audit_input.hosts.cli.outputs import output, sink_of, to_stdout
from slack_audit_input.hosts.cli.progress import Progress, Sample
from slack_audit_input.hosts.cli.session import Session
from slack_audit_input.hosts.cli.states import state_at
from slack_audit_input.hosts.cli.verify_report import Found, as_json, as_text
from slack_audit_input.hosts.moments import second_of, shown
from slack_audit_input.model.errors import ConfigError, StoreError
from slack_audit_input.model.ledger import Span
from slack_audit_input.slack.budget import CallBudget
from slack_audit_input.slack.filters import Filters

#: Seconds to wait for a running collector to deliver what it was asked to read again.
HANDED_OVER = 120.0
#: Calls a minute beside a running collector, unless told otherwise: its live readings need
#: twelve of Slack's fifty, and its backlog may be using the rest.
BESIDE = 5


@click.command("verify")
@options.option("--from", "from_", required=True, metavar="TIME", help="First moment to prove.")
@options.option(
    "--to",
    default="now",
    metavar="TIME",
    help="Last moment to prove. The two minutes after what has been read are not held against it.",
)
@options.option("--redeliver", is_flag=True, help="Send hours that differ again, repeats and all.")
@options.option(
    "--json",
    "json_",
    is_flag=True,
    help="The report as JSON on stdout; needs --output-file, so that events go elsewhere.",
)
@output
@options.state
@options.slack
@options.collecting
@options.filters
@options.common
def verify(from_: str, to: str, redeliver: bool, json_: bool, **values: Any) -> None:
    """Read a stretch again and prove that all of it was delivered. Exit 0 only if complete.

    As far as the delivered index reaches (about a day), ids are compared one by one, and what
    is missing is delivered on the spot: by the running collector, or by this command when none
    runs. Before that, every hour's count and digest are compared, in whole hours; --redeliver
    sends hours that differ again. The filters are those that the input was collected with. The
    report goes to stderr, or as JSON to stdout.
    """
    if json_ and to_stdout(values):
        raise ConfigError("--json needs --output-file: stdout can hold events or the report")
    log = options.logger(values)
    _stretch(from_, to, time.time())
    settings = options.collection_settings(values, time.time(), ends=True)
    state = state_at(values["state"], create=False)
    checkpoint = state.checkpoint(settings.input)
    settings = _as_collected(checkpoint, settings)
    session = Session(values, settings, checkpoint, log)
    running = is_running(checkpoint)
    if running and redeliver:
        raise ConfigError("--redeliver writes the state: stop the collector of this input first")
    client = session.client()
    calls = min(settings.calls_per_minute, BESIDE) if running else settings.calls_per_minute
    walk = Walk(
        client,
        CallBudget(calls),
        session.clock,
        time.sleep,
        filters=settings.filters,
        limit=settings.page_size,
        give_up_after=settings.give_up_after or 600.0,
    )
    # "Now" is Slack's, as in the state: this machine's clock may be ahead of it.
    date = walk.patiently(lambda: client.get("actions", {})).date
    span = _stretch(from_, to, time.time() if date is None else date)
    proof = _Proof(session, checkpoint, walk, span)
    proof.read()
    if proof.missing:
        proof.deliver_missing(running, values)
    if redeliver and proof.differing and not session.stop():
        proof.redeliver(values)
    found = proof.found()
    if json_:
        records = {"coverage_records": beside(checkpoint, span)}
        click.echo(json.dumps({**as_json(found), **records}, indent=2))
    else:
        click.echo("\n".join([*as_text(found), beside_words(beside(checkpoint, span))]), err=True)
    if not found.complete:
        raise click.exceptions.Exit(1)


def _stretch(from_: str, to: str, now: float) -> Span:
    span = Span(second_of(from_, now, "--from"), second_of(to, now, "--to"))
    if span.seconds <= 0:
        raise ConfigError("--from must lie before --to")
    return span


def _as_collected(checkpoint: Checkpoint, settings: Settings) -> Settings:
    """The settings with the filters that hold in the state: others would compare other things.

    Raises StoreError when there is no state, or it belongs to another account.
    """
    state = checkpoint.load()
    if state is None:
        raise StoreError(f"the state has no input {settings.input!r}: nothing has been collected")
    if state.account != settings.account:
        raise StoreError(
            f"input {settings.input!r} of this state belongs to account {state.account!r}, not "
            f"{settings.account!r}: use another --input or --account"
        )
    found = dict(part.split("=", 1) for part in state.filters.split(";") if "=" in part)

    def names(text: str) -> tuple[str, ...]:
        return tuple(name for name in text.split(",") if name)

    filters = Filters(
        names(found.get("action", "")),
        names(found.get("exclude", "")),
        found.get("actor", ""),
        found.get("entity", ""),
    )
    return settings._replace(filters=filters)


class _Proof:
    """The hours of a stretch, what was wrong with them, and what was done about it."""

    def __init__(self, session: Session, checkpoint: Checkpoint, walk: Walk, span: Span) -> None:
        self.missing: dict[int, frozenset[int]] = {}
        self.differing: list[HourReport] = []
        self._session = session
        self._checkpoint = checkpoint
        self._walk = walk
        self._span = span
        self._coverage = Coverage((), (), ())
        self._hours = self._entries = self._gone = self._sealed = 0
        self._delivered = self._redelivered = 0

    def read(self) -> None:
        """Read the stretch and compare."""
        first, last = self._span
        self._coverage = coverage(Verifier(self._walk, self._checkpoint).ledger(), first, last)
        done = self._coverage.done
        total = sum(span.seconds for span in done)
        with Progress(f"verify {shown(first)} to {shown(last)}", total) as progress:

            def come_to(second: int) -> None:
                left = sum(max(0, min(second - 1, s.latest) - s.oldest + 1) for s in done)
                progress.show(Sample(left, self._entries, self._walk.calls))

            for hour in Verifier(self._walk, self._checkpoint, come_to).hours(*done):
                self._take(hour)
            progress.show(Sample(0, self._entries, self._walk.calls))

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
            sink = sink_of(values, self._session.settings, self._session.log, self._session.stop)
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
        sink = sink_of(values, self._session.settings, self._session.log, self._session.stop)
        floor = Verifier(self._walk, self._checkpoint).ledger().floor
        for report in self.differing:
            state = self._checkpoint.load()
            assert state is not None
            # Nobody's: a collector that starts meanwhile wins, and we stop.
            committer = Committer(sink, self._checkpoint, state.version, state.account, "")
            hour = HourAgain(self._walk, self._checkpoint, report.hour, self._coverage.done, floor)
            committer.replace_hours(hour.batches(), hour.total, state)
            self._redelivered += hour.sent
        sink.close()
        self.differing = []

    def found(self) -> Found:
        """What was found and done, as it stands."""
        return Found(
            asked=self._span,
            coverage=self._coverage,
            hours=self._hours,
            hours_by_digest=self._sealed,
            entries=self._entries,
            delivered_now=self._delivered,
            redelivered=self._redelivered,
            still_missing=sum(map(len, self.missing.values())),
            gone=self._gone,
            differing=self.differing,
            calls=self._walk.calls,
        )
