# SPDX-License-Identifier: Apache-2.0
"""States that a test opens; all are closed at its end."""

from __future__ import annotations

from slack_audit_input.stores.sql import SqlState

_STATES: list[SqlState] = []


def opened(url: str, *, create: bool = True) -> SqlState:
    """A state."""
    _STATES.append(SqlState(url, create=create))
    return _STATES[-1]


def close_all() -> None:
    """Close them."""
    while _STATES:
        _STATES.pop().close()
