# SPDX-License-Identifier: Apache-2.0
"""``status``: how the collection is doing."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click

from slack_audit_input.collector.counters import LATENESS_BOUNDS, MEANINGS, Counters
from slack_audit_input.engine.ledger import from_json
from slack_audit_input.engine.reading import backlog_seconds
from slack_audit_input.hosts.cli import options
from slack_audit_input.hosts.cli.backfill import is_running
from slack_audit_input.hosts.cli.coverage import coverage_of, coverage_rows
from slack_audit_input.hosts.cli.states import state_at
from slack_audit_input.hosts.cli.status_advice import advice_for, advice_lines
from slack_audit_input.hosts.moments import shown
from slack_audit_input.model.errors import StoreError
from slack_audit_input.stores.sql import SqlCheckpoint


@click.command("status")
@options.option("--json", "as_json", is_flag=True, help="As JSON on stdout.")
@options.option("--all-inputs", is_flag=True, help="Every input of the state.")
@options.option(
    "--advise",
    is_flag=True,
    help="Also say what the lateness of events means for --sweeps: what each level has found, "
    "what others would do. Nothing is changed.",
)
@options.state
@options.common
def status(as_json: bool, all_inputs: bool, advise: bool, **values: Any) -> None:
    """Say how the collection is doing: ledger, backlog, lag, last error, lateness, counters."""
    state = state_at(values["state"], create=False)
    names = state.inputs() if all_inputs else [values["input"]]
    found = [describe(state.checkpoint(name), name) for name in names]
    if advise:
        for name, one in zip(names, found):
            one["advice"] = advice_for(state.checkpoint(name))
    if as_json:
        click.echo(json.dumps(found if all_inputs else found[0], indent=2))
        return
    for one in found:
        _show(one)
        if advise:
            click.echo("\n".join(advice_lines(one["advice"])))


def describe(checkpoint: SqlCheckpoint, name: str) -> dict[str, Any]:
    """Everything that is known about an input, for JSON."""
    state = checkpoint.load()
    if state is None:
        raise StoreError(f"the state has no input {name!r}: nothing has been collected for it yet")
    ledger = from_json(state.ledger)
    counters = Counters(state.counters)
    note = _note_of(state.status)
    running = is_running(checkpoint)
    return {
        "input": name,
        "account": state.account,
        "running": running,
        "owner": state.owner,
        "last_commit": shown(state.beat),
        "start": shown(ledger.start),
        "head": shown(ledger.head),
        "lag_s": max(0, round(time.time() - ledger.head)),
        "backlog_s": backlog_seconds(ledger),
        "open_windows": [
            {"oldest": shown(w.oldest), "latest": shown(w.latest), "kind": w.kind}
            for w in ledger.windows
        ],
        "backfilled": [[shown(s.oldest), shown(s.latest)] for s in ledger.earlier],
        "index_reaches_back_to": shown(ledger.floor),
        "requests": [request._asdict() for request in checkpoint.requests()],
        "filters": state.filters,
        "last_error": note.get("error", ""),
        "last_error_at": shown(note["at"]) if note.get("error") else "",
        "counters": {name: counters.total[name] for name in MEANINGS},
        "lateness_s": _histogram(counters),
        "late_found_by_level": dict(counters.found_by_level),
        "unknown_actions": dict(counters.unknown),
        "coverage": coverage_of(checkpoint, counters),
    }


def _note_of(status: str) -> dict[str, Any]:
    """How the last run ended; {} when nobody could note it, or it is not readable."""
    try:
        note = json.loads(status)
    except ValueError:
        return {}
    return note if isinstance(note, dict) and isinstance(note.get("at"), int) else {}


def _histogram(counters: Counters) -> dict[str, int]:
    labels = [f"<={bound}" for bound in LATENESS_BOUNDS] + [f">{LATENESS_BOUNDS[-1]}"]
    return dict(zip(labels, counters.lateness))


def _show(one: dict[str, Any]) -> None:
    rows = _rows(one)
    if not sys.stdout.isatty():
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            click.echo(f"{name:<{width}}  {value}")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"input {one['input']}", show_header=False)
    for name, value in rows:
        table.add_row(name, value)
    Console().print(table)


def _rows(one: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [
        ("input", one["input"]),
        ("account", one["account"]),
        ("running", f"yes, {one['owner']}" if one["running"] else "no"),
        ("last commit", one["last_commit"]),
        ("collects from", one["start"]),
        ("read up to", f"{one['head']} ({one['lag_s']} s ago)"),
        ("never read yet", f"{one['backlog_s']} s"),
    ]
    rows += [
        ("open window", f"{w['oldest']} to {w['latest']} ({w['kind']})")
        for w in one["open_windows"]
    ]
    rows += [("backfilled", f"{first} to {last}") for first, last in one["backfilled"]]
    rows += [("index reaches to", one["index_reaches_back_to"])]
    if one["last_error"]:
        rows.append(("last error", f"{one['last_error_at']}: {one['last_error']}"))
    rows += coverage_rows(one["coverage"])
    rows += [(MEANINGS[name], str(n)) for name, n in one["counters"].items() if n]
    rows += [(f"late {label} s", str(n)) for label, n in one["lateness_s"].items() if n]
    rows += [
        (f"late, found by level {level}", str(n)) for level, n in one["late_found_by_level"].items()
    ]
    rows += [
        ("unknown action", f"{name} ({n} pages)") for name, n in one["unknown_actions"].items()
    ]
    return rows
