# SPDX-License-Identifier: Apache-2.0
"""Which action names are known: our catalogue's, and those that Slack lists today."""

from __future__ import annotations

from collections.abc import Iterable

from slack_audit_input.model.errors import CollectorError
from slack_audit_input.slack.answers import document_of
from slack_audit_input.slack.client import Answer


class ActionNames:
    """Names from ``ours`` and from Slack's /actions.

    Slack's own list is incomplete (reference section 10), so an unknown name is news, never a
    reason to drop an event.
    """

    def __init__(self, ours: Iterable[str] = ()) -> None:
        self._known = set(ours)

    def listed(self, answer: Answer) -> None:
        """Take in an answer of /actions; one that is no such list is passed over."""
        try:
            document = document_of(answer)
        except CollectorError:
            return
        categories = document.get("actions") if isinstance(document, dict) else None
        if isinstance(categories, dict):
            for names in categories.values():
                if isinstance(names, list):
                    self._known.update(name for name in names if isinstance(name, str))

    def unknown(self, actions: Iterable[str]) -> list[str]:
        """Those of ``actions`` that neither knows, sorted; none while nothing is known."""
        return sorted(set(actions) - self._known) if self._known else []
