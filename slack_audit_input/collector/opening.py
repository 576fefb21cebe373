# SPDX-License-Identifier: Apache-2.0
"""Before the first reading: what Slack's clock says, and where the last run stopped."""

from __future__ import annotations

from slack_audit_input.collector.calls import Calls
from slack_audit_input.collector.naming import ActionNames
from slack_audit_input.collector.ports import Clock, Log
from slack_audit_input.collector.retries import Retries
from slack_audit_input.collector.settings import Settings
from slack_audit_input.engine.coverage import waived
from slack_audit_input.engine.delivered import HOUR
from slack_audit_input.engine.ledger import from_json
from slack_audit_input.engine.plan import asked, begin, relevel
from slack_audit_input.model.errors import ConfigError, StoreError
from slack_audit_input.model.ledger import LIVE, SWEEP, Ledger, Span
from slack_audit_input.model.state import State
from slack_audit_input.slack.clock import SlackClock


def hear_slack(
    calls: Calls, clock: Clock, retries: Retries, slack_clock: SlackClock, names: ActionNames
) -> None:
    """Ask /actions once: it needs no token, and its Date says what now is at Slack.

    Planning by this machine's clock could put the head years away from the truth. Raises
    what no retry can help, and Stopped.
    """
    attempts = 0
    while True:
        outcome = calls.ask("actions", "actions", {})
        if outcome.answer is not None:
            slack_clock.observe(outcome.answer.date, outcome.ended)
            names.listed(outcome.answer)
            return
        assert outcome.error is not None
        attempts += 1
        until = clock.monotonic() + retries.delay(outcome.error, attempts)
        calls.rest(lambda until=until: until - clock.monotonic())  # type: ignore[misc]


def first_ledger(settings: Settings, now: int) -> Ledger:
    """The ledger of an input without a checkpoint. Raises ConfigError for a start to come."""
    start = now if settings.start is None else settings.start
    if start > now:
        raise ConfigError("--start lies in the future")
    ledger = begin(start, now, settings.levels)
    if settings.coverage_history or start >= now - now % HOUR:
        return ledger
    return waived(ledger, Span(start, now - now % HOUR - 1))


def resumed(state: State, settings: Settings, now: int, log: Log) -> Ledger:
    """The ledger of the last run, made fit for this one. Raises StoreError if it cannot be."""
    if state.account != settings.account:
        raise StoreError(
            f"input {settings.input!r} of this state belongs to account {state.account!r}, not "
            f"{settings.account!r}: use another --input or --state"
        )
    ledger = relevel(from_json(state.ledger), settings.levels)
    ahead = ledger.head - now
    if ahead > settings.levels[-1].depth:
        raise StoreError(
            f"the state has read up to {ledger.head}, which is {ahead} seconds ahead of Slack's "
            "clock: a clock was wrong. Nothing was changed"
        )
    if state.filters and state.filters != settings.filters.text():
        log(
            "warning",
            "filters_changed",
            was=state.filters,
            now=settings.filters.text(),
            note="they hold from here on; what was read before is not read again",
        )
        # By the new filters, hours collected under the old ones would seem to have holes.
        ledger = waived(ledger, *asked(ledger))
    # A live window that the last run left half read is no longer live.
    return ledger._replace(
        windows=tuple(w._replace(kind=SWEEP if w.kind == LIVE else w.kind) for w in ledger.windows)
    )
