# SPDX-License-Identifier: Apache-2.0
"""``run``: collect until stopped, or with --once until caught up."""

from __future__ import annotations

import time
from typing import Any

import click

from slack_audit_input.collector.ownership import SILENT
from slack_audit_input.collector.ports import Sink
from slack_audit_input.collector.settings import Settings
from slack_audit_input.hosts.cli import configfile, options
from slack_audit_input.hosts.cli.logs import Logger
from slack_audit_input.hosts.cli.outputs import check_output, output, sink_of
from slack_audit_input.hosts.cli.session import Session
from slack_audit_input.hosts.cli.states import state_at
from slack_audit_input.model.errors import ConfigError

#: Where the command's context keeps them.
_ARGUMENTS = f"{__name__}.arguments"


class _Run(click.Command):
    """Remembers its arguments: every input's options are made of them and of its table."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)


@click.command("run", cls=_Run)
@options.option("--once", is_flag=True, help="Collect until caught up, then exit 0.")
@options.option(
    "--all-inputs",
    is_flag=True,
    help="Collect every input that has a table [inputs.NAME] in the file of --config, in one "
    "process.",
)
@options.option(
    "--standby",
    is_flag=True,
    help="Beside another collector of this input wait, and take over when it ends or dies.",
)
@options.option(
    "--take-over-after",
    type=options.Number(2, 3600),
    default=SILENT,
    metavar="SECONDS",
    help="An owner on another machine that gives no sign of life for so long is gone. The same "
    "for all collectors of an input.",
)
@options.option(
    "--health-listen",
    default="",
    metavar="HOST:PORT",
    help="Serve /healthz, /livez and, for Prometheus, /metrics there. A port alone is on loopback.",
)
@output
@options.state
@options.slack
@options.collecting
@options.filters
@options.common
def run(once: bool, all_inputs: bool, standby: bool, health_listen: str, **values: Any) -> None:
    """Collect until stopped. SIGTERM or SIGINT finish the page in hand, commit, and exit 0.

    Events go to stdout as NDJSON unless --output-file or --output says otherwise. What has been
    delivered is kept in the state, so that the next run goes on from there: nothing lost,
    nothing twice.
    """
    if once and standby:
        raise ConfigError("--standby waits for ever and --once ends: choose one")
    if all_inputs:
        _run_all(once, standby, health_listen)
        return
    log, settings = _checked(values, once)
    state = state_at(values["state"])
    session = Session(values, settings, state.checkpoint(settings.input), log)
    if health_listen:
        from slack_audit_input.hosts.cli.listen import serve

        serve(health_listen, session.health, log)

    def opened() -> Sink:
        return sink_of(values, settings, log, session.may_wait)

    if standby:
        session.noted(lambda: session.stand_by(opened))
        return
    sink = opened()
    session.noted(lambda: session.collect(sink, once=once))
    sink.close()


def _checked(values: dict[str, Any], once: bool) -> tuple[Logger, Settings]:
    """What the options mean. Raises ConfigError."""
    log = options.logger(values)
    settings = options.collection_settings(values, time.time(), ends=once)
    settings = settings._replace(beat_every=min(7.0, values["take_over_after"] / 2.5))
    check_output(values, settings, log)
    return log, settings


def _run_all(once: bool, standby: bool, health_listen: str) -> None:
    from slack_audit_input.hosts.cli.several import Task, collect_all

    tasks = []
    for values in _values_of_all(click.get_current_context()):
        log, settings = _checked(values, once)
        tasks.append(Task(values, settings, log))
    code = collect_all(tasks, once=once, standby=standby, health_listen=health_listen)
    raise click.exceptions.Exit(code)


def _values_of_all(ctx: click.Context) -> list[dict[str, Any]]:
    """Every input's options, as they were if it were run alone with --input."""
    file = configfile.file_of(ctx)
    names = configfile.inputs_of(file) if file else []
    if not names:
        raise ConfigError("--all-inputs needs a file of --config with a table [inputs.NAME] each")
    found = []
    for name in names:
        arguments = [*ctx.meta[_ARGUMENTS], "--input", name]
        # Without a parent: contexts of one share what each keeps of its file and its input.
        found.append(dict(run.make_context(ctx.info_name, arguments).params))
    return found
