# SPDX-License-Identifier: Apache-2.0
"""``backfill``: add a past stretch to an input's backlog, and show it being read."""

from __future__ import annotations

import time
from typing import Any

import click

from slack_audit_input.collector.counters import Counters
from slack_audit_input.collector.loop import Collector
from slack_audit_input.collector.ownership import SILENT, is_gone
from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.collector.settings import FIRST_SECOND
from slack_audit_input.engine.ledger import from_json
from slack_audit_input.engine.plan import asked
from slack_audit_input.engine.spans import within
from slack_audit_input.hosts.cli import options
from slack_audit_input.hosts.cli.outputs import output, sink_of
from slack_audit_input.hosts.cli.progress import Progress, Sample
from slack_audit_input.hosts.cli.session import Session
from slack_audit_input.hosts.cli.states import state_at
from slack_audit_input.hosts.moments import second_of, shown
from slack_audit_input.model.errors import ConfigError, GaveUp
from slack_audit_input.model.ledger import Ledger, Span


@click.command("backfill")
@options.option("--from", "from_", required=True, metavar="TIME", help="First moment to read.")
@options.option("--to", default="now", metavar="TIME", help="Last moment to read.")
@output
@options.state
@options.slack
@options.collecting
@options.filters
@options.common
def backfill(from_: str, to: str, **values: Any) -> None:
    """Collect a past stretch: what of it was never asked for.

    A collector that runs on the same input and state picks the stretch up and delivers it to
    its own output; with none running, this command collects it itself and exits. What was
    delivered before is not delivered again.
    """
    log = options.logger(values)
    now = time.time()
    span = stretch_of(from_, to, now)
    # An input that begins with a backfill answers for everything from now on as well.
    settings = options.collection_settings({**values, "start": "now"}, now, ends=True)
    state = state_at(values["state"])
    checkpoint = state.checkpoint(settings.input)
    running = is_running(checkpoint)
    progress = Progress(f"backfill {shown(span.oldest)} to {shown(span.latest)}", span.seconds)
    if running:
        checkpoint.ask("backfill", span.oldest, span.latest, now)
        log("info", "handed_over", note="a running collector reads it into its own output")
        with progress:
            follow(checkpoint, span, progress)
    else:
        session = Session(values, settings, checkpoint, log)
        sink = sink_of(values, settings, log, session.stop)
        # Only now: what is missing here should not leave a request behind.
        checkpoint.ask("backfill", span.oldest, span.latest, now)

        def watch(collector: Collector) -> None:
            total = collector.counters.run
            progress.show(
                Sample(open_seconds(collector.work.ledger, span), total["events"], total["calls"])
            )

        def work() -> None:
            with progress:
                session.collector(sink).run(session.stop, watch=watch, live=False)

        session.noted(work)
        sink.close()


def stretch_of(from_: str, to: str, now: float) -> Span:
    """The stretch from ``--from`` to ``--to``, as far back as there can be events in it.

    ``now``: unix seconds. Raises ConfigError for one that lies the wrong way round, or ahead.
    """
    first, last = second_of(from_, now, "--from"), second_of(to, now, "--to")
    if first > last:
        raise ConfigError("--from must lie before --to")
    if first > now:
        raise ConfigError(f"--from {shown(first)} lies in the future")
    if last < FIRST_SECOND:
        raise ConfigError(f"--to {shown(last)} lies before the first audit log, of March 2018")
    return Span(max(first, FIRST_SECOND), last)


def is_running(checkpoint: Checkpoint) -> bool:
    """Does a collector own this input, and has it shown a sign of life lately?"""
    state = checkpoint.load()
    if state is None or not state.owner or is_gone(state.owner):
        return False
    return time.time() - state.beat < SILENT


def follow(checkpoint: Checkpoint, span: Span, progress: Progress) -> None:
    """Watch a running collector read ``span``; return when none of it is open any more."""
    first: tuple[int, int] | None = None
    while True:
        state = checkpoint.load()
        if state is None:
            return
        total = Counters(state.counters).total
        first = first or (total["events"], total["calls"])
        ledger = from_json(state.ledger)
        taken = not any(r.kind == "backfill" for r in checkpoint.requests())
        left = open_seconds(ledger, span) if taken else span.seconds
        progress.show(Sample(left, total["events"] - first[0], total["calls"] - first[1]))
        if taken and left == 0 and within(span, asked(ledger)):
            return
        if not is_running(checkpoint):
            raise GaveUp(
                "the collector that was reading this has stopped; its checkpoint holds the rest: "
                "start it again, or run `backfill` again"
            )
        time.sleep(0.5)


def open_seconds(ledger: Ledger, span: Span) -> int:
    """How many seconds of ``span`` are still to be read."""
    return sum(piece.seconds for piece in within(span, ledger.windows))
