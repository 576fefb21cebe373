# SPDX-License-Identifier: Apache-2.0
"""The state of ``--state``, open for as long as its command runs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from slack_audit_input.stores.sql import SqlState


def state_at(url: str, *, create: bool = True) -> SqlState:
    """The state; closed when the command ends, well or not. See ``stores.sql.SqlState``."""
    state = SqlState(url, create=create)
    click.get_current_context().call_on_close(state.close)
    return state


def empty_state() -> SqlState:
    """One that knows nothing, and is gone when the command ends."""
    folder = tempfile.TemporaryDirectory(prefix="slack-audit-state-")
    click.get_current_context().call_on_close(folder.cleanup)
    return state_at(str(Path(folder.name) / "state.sqlite"))
