# SPDX-License-Identifier: Apache-2.0
"""Event and Page: what one answer of ``/logs`` is to us."""

from __future__ import annotations

from typing import NamedTuple

#: Key of the bucket of entries without a usable ``date_create`` in the delivered index.
#: They belong to no minute, so no minute can hold their keys.
UNDATED = -1


class Event(NamedTuple):
    """One entry as we carry it.

    ``second``: ``date_create`` in unix seconds (for an entry without one, the window's end).
    ``key``: 64 bits that stand for its id (``slack.keys.keys_of``).
    ``text``: the entry's own JSON text, character for character as Slack sent it.
    """

    second: int
    key: int
    text: str


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
