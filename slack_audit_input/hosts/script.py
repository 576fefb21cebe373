# SPDX-License-Identifier: Apache-2.0
"""The public Python API: Slack's audit log for people's own scripts, without any state.

::

    from slack_audit_input import AuditLogs

    logs = AuditLogs(open("token.txt").read())
    for entry in logs.events("2026-11-01", "-1h", action=["user_login", "user_logout"]):
        print(entry["date_create"], entry["actor"]["user"]["email"])
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from slack_audit_input import __version__
from slack_audit_input.collector.walk import Walk
from slack_audit_input.hosts.moments import second_of
from slack_audit_input.slack.answers import document_of
from slack_audit_input.slack.budget import CallBudget
from slack_audit_input.slack.client import API_URL, Client, Settings, Token
from slack_audit_input.slack.filters import Filters
from slack_audit_input.slack.scan import scan_hard

if TYPE_CHECKING:
    from typing_extensions import Self

#: Seconds that a stretch without an end stays behind this machine's clock, which may be ahead
#: of Slack's: Slack refuses to be asked for the future.
BEHIND = 2


class _Clock:
    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


class AuditLogs:
    """One organization's audit log.

    ``token``: a user token of an organization Owner with ``auditlogs:read``; not needed for
    ``actions`` and ``schemas``. ``calls_per_minute``: this object's share of Slack's limit.
    Use it from one thread, or as a context manager. Errors are those of
    ``slack_audit_input.model.errors``.
    """

    def __init__(
        self,
        token: str = "",
        *,
        api_url: str = API_URL,
        proxy: str = "",
        ca_file: str = "",
        calls_per_minute: int = 45,
        page_size: int = 9999,
        give_up_after: float = 600.0,
    ) -> None:
        settings = Settings(api_url, proxy, ca_file, agent=f"slack-audit-input/{__version__}")
        self._open = Client(settings, None)
        self._client = Client(settings, Token(token)) if token else self._open
        self._budget = CallBudget(calls_per_minute)
        self._page_size = page_size
        self._give_up_after = give_up_after

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def events(
        self,
        oldest: str | int,
        latest: str | int | None = None,
        *,
        action: str | Sequence[str] = (),
        exclude_action: str | Sequence[str] = (),
        actor: str = "",
        entity: str = "",
    ) -> Iterator[dict[str, Any]]:
        """Slack's entries from ``latest`` back to ``oldest``, newest first, each once.

        Times are unix seconds, ``"2026-11-01T12:00:00Z"`` or ``"-7d"``; ``latest`` None is now.
        All pages are read, faults and dead cursors are seen to. An entry that is no object
        comes as ``{"entry": …}``.
        """
        now = time.time()
        first = _second(oldest, now, "oldest")
        last = int(now) - BEHIND if latest is None else _second(latest, now, "latest")
        filters = Filters(_names(action), _names(exclude_action), actor, entity)
        walk = Walk(
            self._client,
            self._budget,
            _Clock(),
            time.sleep,
            filters=filters,
            limit=self._page_size,
            give_up_after=self._give_up_after,
        )
        for step in walk.steps(first, last):
            for event in step.events:
                yield _entry(event.text)

    def actions(self) -> dict[str, list[str]]:
        """Slack's own list of action names, by category."""
        found = document_of(self._open.get("actions", {}))["actions"]
        return {category: list(names) for category, names in found.items()}

    def schemas(self) -> list[dict[str, Any]]:
        """Slack's own description of the kinds of entities."""
        return list(document_of(self._open.get("schemas", {}))["schemas"])

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._open.close()


def _second(moment: str | int, now: float, name: str) -> int:
    return moment if isinstance(moment, int) else second_of(moment, now, name)


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(names.split(",")) if isinstance(names, str) and names else tuple(names)


def _entry(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        found = scan_hard(text, 0)[0]
    return found if isinstance(found, dict) else {"entry": found}
