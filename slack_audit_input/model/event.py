# SPDX-License-Identifier: Apache-2.0
"""Event and Page: what one answer of ``/logs`` is to us."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

#: Key of the bucket of entries without a usable ``date_create`` in the delivered index.
#: They belong to no minute, so no minute can hold their keys.
UNDATED = -1


#: One entry as we carry it: (second, key, text). A plain tuple, because a page has ten thousand:
#: to make, unpack and free them with names took 4 % of the whole collector's processor time.
#:
#: ``second``: ``date_create`` in unix seconds (for an entry without one, the window's end).
#: ``key``: 64 bits that stand for its id (``slack.keys.keys_of``).
#: ``text``: the entry's own JSON text, character for character as Slack sent it.
Event = tuple[int, int, str]


class Page(NamedTuple):
    """One answer of ``/logs``, decoded.

    ``events``: entries with a usable date that pass the local filters, in Slack's order.
    ``undated``: the same for entries without a usable date.
    ``entries``: how many entries stood on the page, before filters.
    ``newest``, ``oldest``: seconds, over all dated entries; ``None`` on a page without any.
    ``ordered``: seconds never rise from one entry to the next, as Slack promises.
    ``next_cursor``: "" when there is none. ``end_stated``: Slack said so in words (``""``)
    rather than by leaving the key away.
    ``actions``: the action names on the page. ``odd``: entries without an id, without a date
    or that are no objects.
    """

    events: list[Event]
    undated: list[Event]
    entries: int
    newest: int | None
    oldest: int | None
    ordered: bool
    next_cursor: str
    end_stated: bool
    actions: frozenset[str]
    odd: int


def dated(events: list[Event], undated: Collection[Event]) -> list[Event]:
    """Those of a page's ``events`` that belong to a minute: all but its ``undated`` ones."""
    return without_keys(events, {key for _, key, _ in undated}) if undated else events


# By index: unpacked in a comprehension, an event would have to be put together again.


def with_keys(events: list[Event], keys: Collection[int]) -> list[Event]:
    """The events that have one of ``keys``."""
    return [event for event in events if event[1] in keys]


def without_keys(events: list[Event], keys: Collection[int]) -> list[Event]:
    """The events that have none of ``keys``."""
    return [event for event in events if event[1] not in keys]


def between(events: list[Event], oldest: int, latest: int) -> list[Event]:
    """The events whose second is one of ``oldest`` to ``latest``."""
    return [event for event in events if oldest <= event[0] <= latest]
