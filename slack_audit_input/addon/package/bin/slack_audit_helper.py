# SPDX-License-Identifier: Apache-2.0
"""Where the generated modular input looks for its two functions; all else is in lib/."""

from __future__ import annotations

from typing import Any

from slack_audit_input.hosts.splunk import modular_input


def validate_input(definition: Any) -> None:
    """Refuse an input that cannot work, in words for the person who makes it."""
    modular_input.validate_input(definition)


def stream_events(inputs: Any, ew: Any) -> None:
    """Collect until told to stop, or until caught up."""
    modular_input.stream_events(inputs, ew)
