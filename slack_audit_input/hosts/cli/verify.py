# SPDX-License-Identifier: Apache-2.0
"""``verify``: prove a stretch against what Slack shows now; deliver what is missing."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from typing import Any

import click

from slack_audit_input.hosts.cli import options, verify_report
from slack_audit_input.hosts.cli.backfill import is_running
from slack_audit_input.hosts.cli.coverage import beside
from slack_audit_input.hosts.cli.held import Held, stamps
from slack_audit_input.hosts.cli.outputs import output, to_stdout
from slack_audit_input.hosts.cli.session import Session
from slack_audit_input.hosts.cli.states import empty_state, state_at
from slack_audit_input.hosts.cli.verify_check import check
from slack_audit_input.hosts.cli.verify_proof import Proof, run_of
from slack_audit_input.hosts.cli.verify_repair import Repair
from slack_audit_input.hosts.cli.verify_setup import (
    as_collected,
    head_of,
    stopping,
    stretch_of,
    walk_of,
)
from slack_audit_input.hosts.cli.verify_words import as_json, lines, page
from slack_audit_input.hosts.memory import settle
from slack_audit_input.model.errors import ConfigError
from slack_audit_input.stores.verified import Verified


@click.command("verify")
@options.option("--from", "from_", metavar="TIME", help="First moment to prove. Needed.")
@options.option(
    "--to",
    default="now",
    metavar="TIME",
    help="Last moment to prove. The two minutes after what has been read are not held against it.",
)
@options.option(
    "--against",
    multiple=True,
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Compare with what the host has as well: this collector's own lines, Splunk's exports, "
    "lists of ids; also packed with gzip. Repeatable: name all files of the stretch.",
)
@options.option(
    "--host-only",
    is_flag=True,
    help="Compare with the files of --against alone. No state is needed: for what Splunk's add-on "
    "or another collector has collected. What they lack is sent with --redeliver only.",
)
@options.option(
    "--redeliver",
    is_flag=True,
    help="Send hours that differ again, repeats and all; with --against, what the files lack, "
    "however much it is.",
)
@options.option(
    "--report",
    metavar="FILE",
    type=click.Path(),
    help="Write a report for an auditor: FILE.json and FILE.txt, with a SHA-256 of the content.",
)
@options.option(
    "--check-report",
    metavar="FILE.json",
    type=click.Path(dir_okay=False),
    help="Check a report, and do nothing else: was it altered, does it add up.",
)
@options.option("--restart", is_flag=True, help="Forget how far a stopped run has come.")
@options.option(
    "--json",
    "json_",
    is_flag=True,
    help="The result as JSON on stdout; needs --output-file, so that events go elsewhere.",
)
@output
@options.state
@options.slack
@options.collecting
@options.filters
@options.common
def verify(**values: Any) -> None:
    """Read a stretch again and prove that all of it was delivered. Exit 0 only if complete.

    As far as the delivered index reaches (about a day), ids are compared one by one, and what
    is missing is delivered on the spot: by the running collector, or by this command when none
    runs. Before that, every hour's count and digest are compared, in whole hours; --redeliver
    sends hours that differ again. With --against, every id is also looked for in the host's own
    files. The filters are those that the input was collected with.

    A run that was stopped goes on where it was when the same command is given again. Beside a
    running collector it uses only the calls that this one leaves. What was found goes to stderr,
    or as JSON to stdout.
    """
    if values["check_report"]:
        _check(values["check_report"])
        return
    if values["from_"] is None:
        raise ConfigError("--from is needed: the first moment to prove")
    if values["host_only"] and not values["against"]:
        raise ConfigError("--host-only needs --against: what the host has")
    if values["json_"] and to_stdout(values):
        raise ConfigError("--json needs --output-file: stdout can hold events or the report")
    if values["report"]:
        verify_report.files_of(values["report"])
    content = _proven(values)
    if values["report"]:
        text = page(content, verify_report.hash_of(content))
        for path in verify_report.write(values["report"], content, text):
            click.echo(f"report: {path}", err=True)
    if values["json_"]:
        click.echo(json.dumps(as_json(content), indent=2))
    else:
        click.echo("\n".join(lines(content)), err=True)
    if not content["complete"]:
        raise click.exceptions.Exit(1)


def _check(name: str) -> None:
    found = check(name)
    if not found:
        click.echo(f"{name}: unaltered since it was written, and it adds up", err=True)
        return
    click.echo(f"ALTERED or damaged: {found[0]}", err=True)
    for line in found[1:]:
        click.echo(f"  {line}", err=True)
    raise click.exceptions.Exit(1)


def _proven(values: dict[str, Any]) -> dict[str, Any]:
    """The content of the report, when everything has been compared and repaired."""
    log = options.logger(values)
    stretch_of(values, time.time())
    settings = options.collection_settings(values, time.time(), ends=True)
    alone = values["host_only"]
    was = None
    if alone:
        state = empty_state()
    else:
        state = state_at(values["state"], create=False)
        settings, was = as_collected(state.checkpoint(settings.input), settings)
    checkpoint = state.checkpoint(settings.input)
    session = Session(values, settings, checkpoint, log)
    if values["redeliver"] and not values["against"] and is_running(checkpoint):
        raise ConfigError("--redeliver writes the state: stop the collector of this input first")
    settle()
    client = session.client()
    walk = walk_of(session, client, state, alone=alone)
    # "Now" is Slack's, as in the state: this machine's clock may be ahead of it.
    date = walk.patiently(lambda: client.get("actions", {})).date
    now = time.time() if date is None else date
    span = stretch_of(values, now)
    if alone and span.latest > now:
        raise ConfigError("--to lies in the future: no host can have that yet")
    run = run_of(
        *(settings.account, settings.filters.text(), values["api_url"]),
        *(values["from_"], values["to"], stamps(values["against"])),
    )
    kept = Verified(state, settings.input, run)
    if values["restart"]:
        kept.forget()
    with ExitStack() as stack:
        host = None
        if values["against"]:
            host = Held(values["against"])
            stack.callback(host.close)
            host.read(lambda n: log("info", "reading_files", keys=n))
        proof = Proof(checkpoint, walk, span, kept, host, alone=alone)
        with stopping(log):
            proof.read(log)
        repair = Repair(proof, session, checkpoint, walk, values)
        repair.all_of_it(host, values["redeliver"])
        head = head_of(values, settings, span, proof, was)
        head["read"]["calls"] = walk.calls
        head["coverage_records"] = {} if alone else beside(checkpoint, span)
        if host is not None:
            head["host"] = {
                "files": host.files,
                "different": host.keys,
                "more_than_once": host.again,
                "remedy": repair.remedy,
            }
    records = [proof.records[hour] for hour in sorted(proof.records)]
    content = verify_report.content_of(head, records, proof.coverage.never, proof.coverage.open)
    # Only what was stopped is gone on with: whoever asks again, asks anew.
    kept.forget()
    return content
