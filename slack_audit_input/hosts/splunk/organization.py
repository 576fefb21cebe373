# SPDX-License-Identifier: Apache-2.0
"""What a token reads, found out with it: whose audit log, and how fresh.

Slack has no call that names the organization of an audit token. Its entries do: those that
concern the organization itself have it as ``context.location``.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NamedTuple

from slack_audit_input.collector.walk import reading_of
from slack_audit_input.hosts.moments import shown
from slack_audit_input.model.errors import ConfigError, Refused
from slack_audit_input.model.event import Page
from slack_audit_input.slack.answers import document_of, page_of
from slack_audit_input.slack.client import Client
from slack_audit_input.slack.filters import Filters

#: Entries looked at: the newest.
LOOKED_AT = 500


class Organization(NamedTuple):
    """``shown``: name and id for people. ``domain``: "" when no entry told it."""

    shown: str
    domain: str
    reads: str


def found_by(client: Client) -> Organization:
    """Read the newest entries. Raises CollectorError when that is not possible."""
    listed_actions(client)
    page = newest_page(client, LOOKED_AT)
    places = Counter(filter(None, map(_place_of, (text for _, _, text in page.events))))
    reads = "the organization's audit log"
    reads += f"; newest entry {shown(page.newest)}" if page.newest is not None else "; it is empty"
    if not places:
        return Organization("not named by its newest entries", "", reads)
    name, number, domain = places.most_common(1)[0][0]
    return Organization(f"{name} ({number})", domain, reads)


def newest_page(client: Client, limit: int, filters: Filters | None = None) -> Page:
    """The newest entries that the filters let through at Slack. Raises CollectorError."""
    params: dict[str, str | int] = {"limit": limit, **(filters or Filters()).params()}
    reading = reading_of(0, 0, "", limit, 0)
    try:
        return page_of(client.get("logs", params), reading, None)
    except Refused as error:
        raise ConfigError(
            f"{error}: does Slack know each of the actions, and are actor and entity ids?"
        ) from None


def listed_actions(client: Client) -> set[str]:
    """Names that Slack lists. Raises ConfigError when this is no Audit Logs API."""
    document = document_of(client.get("actions", {}))
    categories = document.get("actions") if isinstance(document, dict) else None
    if not isinstance(categories, dict):
        raise ConfigError("this address answers, but not as the Audit Logs API does: see --api-url")
    return {
        name
        for names in categories.values()
        if isinstance(names, list)
        for name in names
        if isinstance(name, str)
    }


def _place_of(text: str) -> tuple[str, str, str] | None:
    """Name, id and domain of the organization, in an entry that concerns it."""
    try:
        place: Any = json.loads(text, strict=False)["context"]["location"]
        if place["type"] != "enterprise":
            return None
        found = (place.get("name"), place.get("id"), place.get("domain"))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    name, number, domain = (part[:200] if isinstance(part, str) else "" for part in found)
    return (name, number, domain) if domain.replace("-", "").replace(".", "").isalnum() else None
