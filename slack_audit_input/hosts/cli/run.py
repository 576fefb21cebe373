# SPDX-License-Identifier: Apache-2.0
"""``run``: collect until stopped, or with --once until caught up."""

from __future__ import annotations

import time
from typing import Any

import click

from slack_audit_input.hosts.cli import options
from slack_audit_input.hosts.cli.outputs import output, sink_of
from slack_audit_input.hosts.cli.session import Session
from slack_audit_input.hosts.cli.states import state_at


@click.command("run")
@options.option("--once", is_flag=True, help="Collect until caught up, then exit 0.")
@output
@options.state
@options.slack
@options.collecting
@options.filters
@options.common
def run(once: bool, **values: Any) -> None:
    """Collect until stopped. SIGTERM or SIGINT finish the page in hand, commit, and exit 0.

    Events go to stdout as NDJSON unless --output-file names a file. What has been delivered is
    kept in the state, so that the next run goes on from there: nothing lost, nothing twice.
    """
    log = options.logger(values)
    settings = options.collection_settings(values, time.time(), ends=once)
    state = state_at(values["state"])
    session = Session(values, settings, state.checkpoint(settings.input), log)
    sink = sink_of(values, settings, log, session.stop)
    session.noted(lambda: session.collector(sink).run(session.stop, once=once))
    sink.close()
