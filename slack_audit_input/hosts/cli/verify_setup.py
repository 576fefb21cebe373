# SPDX-License-Identifier: Apache-2.0
"""What `verify` needs: its stretch and filters, a walk within the spare calls, a way to stop."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from slack_audit_input import __version__
from slack_audit_input.collector.counters import Counters
from slack_audit_input.collector.ports import Checkpoint, Log
from slack_audit_input.collector.settings import Settings
from slack_audit_input.collector.spare import FIRST_PART, SpareBudget, Used
from slack_audit_input.collector.walk import Walk
from slack_audit_input.engine.ledger import from_json
from slack_audit_input.hosts.cli.backfill import is_running
from slack_audit_input.hosts.cli.session import Session
from slack_audit_input.hosts.cli.verify_proof import Proof
from slack_audit_input.hosts.moments import second_of, shown
from slack_audit_input.model.errors import ConfigError, StoreError
from slack_audit_input.model.ledger import Span
from slack_audit_input.model.state import State
from slack_audit_input.slack.budget import CallBudget
from slack_audit_input.slack.client import Client
from slack_audit_input.slack.filters import Filters
from slack_audit_input.stores.sql import SqlState


def walk_of(session: Session, client: Client, state: SqlState, *, alone: bool) -> Walk:
    """A walk that leaves the calls of running collectors alone.

    ``alone``: no state says what those use, so that a third of the budget has to do.
    """
    settings = session.settings
    most = settings.calls_per_minute
    return Walk(
        client,
        CallBudget(max(1, most // FIRST_PART))
        if alone
        else SpareBudget(most, lambda: used(state, settings.account)),
        session.clock,
        time.sleep,
        filters=settings.filters,
        limit=settings.page_size,
        give_up_after=settings.give_up_after or 600.0,
    )


def stretch_of(values: dict[str, Any], now: float) -> Span:
    """The stretch that was named; ``now``: unix seconds. Raises ConfigError."""
    first = second_of(values["from_"], now, "--from")
    span = Span(first, second_of(values["to"], now, "--to"))
    if span.seconds <= 0:
        raise ConfigError("--from must lie before --to")
    return span


def as_collected(checkpoint: Checkpoint, settings: Settings) -> tuple[Settings, State]:
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
    return settings._replace(filters=filters), state


def used(state: SqlState, account: str) -> Iterable[Used]:
    """What the collectors have called that run on this account, as far as this state knows."""
    for name in state.inputs():
        checkpoint = state.checkpoint(name)
        found = checkpoint.load()
        if found is not None and found.account == account and is_running(checkpoint):
            total = Counters(found.counters).total
            yield Used(name, total["calls"], total["rate_limited"])


@contextmanager
def stopping(log: Log) -> Iterator[None]:
    """SIGTERM is taken like Ctrl-C; either says how to go on."""
    # Of Ctrl-C, too: whoever starts us in the background may have it ignored.
    before = {one: signal.signal(one, _interrupt) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except KeyboardInterrupt:
        note = "the same command goes on from here; --restart begins anew"
        log("info", "stopped", note=note)
        raise
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def head_of(
    values: dict[str, Any], settings: Settings, span: Span, proof: Proof, was: State | None
) -> dict[str, Any]:
    """What the report says of its making; no token, no path of the state."""
    ledger = from_json(was.ledger) if was is not None else None
    times = sorted(record.at for record in proof.records.values())
    organization = {"name": "", "id": "", "domain": "", **proof.organization}
    return {
        "made": {"by": f"slack_audit_input {__version__}", "at": shown(time.time())},
        "asked": {
            "from": values["from_"],
            "to": values["to"],
            "first": shown(span.oldest),
            "last": shown(span.latest),
            "against": list(values["against"]),
            "host_only": values["host_only"],
            "redeliver": values["redeliver"],
        },
        "organization": {
            **organization,
            "account": settings.account,
            "api": values["api_url"],
        },
        "collection": {
            "input": settings.input,
            "filters": settings.filters.text(),
            "collects_from": shown(ledger.start) if ledger else "",
            "read_up_to": shown(ledger.head) if ledger else "",
            "index_reaches_back_to": shown(ledger.floor) if ledger else "",
        },
        "read": {
            "first": times[0] if times else "",
            "last": times[-1] if times else "",
            "hours_from_before": proof.before,
        },
    }
