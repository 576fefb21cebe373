# SPDX-License-Identifier: Apache-2.0
"""``forget``: delete an input's checkpoint."""

from __future__ import annotations

import time
from typing import Any

import click

from slack_audit_input.collector.ownership import wait_for_owner
from slack_audit_input.hosts.cli import options
from slack_audit_input.hosts.cli.backfill import is_running
from slack_audit_input.hosts.cli.states import state_at
from slack_audit_input.hosts.running import SystemClock
from slack_audit_input.model.errors import ConfigError, StoreError
from slack_audit_input.stores.verified import forget_all


@click.command("forget")
@options.option("--yes", is_flag=True, help="Do not ask.")
@options.state
@options.common
def forget(yes: bool, **values: Any) -> None:
    """Delete the checkpoint of an input: its next run starts from --start, as if new.

    Events that were delivered before may then be delivered again.
    """
    state = state_at(values["state"], create=False)
    checkpoint = state.checkpoint(values["input"])
    if checkpoint.load() is None:
        names = ", ".join(state.inputs()) or "none"
        raise StoreError(f"the state has no input {values['input']!r}; it has: {names}")
    if is_running(checkpoint):
        raise ConfigError("a collector runs on this input: stop it first")
    # The owner's clock may be far from ours: only what we see for ourselves proves it silent.
    wait_for_owner(checkpoint, SystemClock(), _sleep, options.logger(values))
    if not yes:
        click.confirm(f"Forget what was delivered for input {values['input']!r}?", abort=True)
    checkpoint.forget()
    forget_all(state, values["input"])


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False
