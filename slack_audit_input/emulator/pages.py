# SPDX-License-Identifier: Apache-2.0
"""A page: which entries one call of /logs gets, and where the next page begins.

Pure. The laws, from Slack's documentation and from clients that run against it: newest first;
both bounds inclusive; `limit` is optimistic: a page never splits one second, so it may be longer;
a cursor holds a place and forgets the window.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from slack_audit_input.emulator.blocks import EVERYTHING, Wanted
from slack_audit_input.emulator.organization import Organization


class Place(NamedTuple):
    """Where a page begins: a second, and how many of its visible entries came before."""

    second: int
    offset: int = 0


@dataclass(frozen=True)
class Query:
    """What a call asks for. `place`: from its cursor, if it has one."""

    oldest: int = 0
    latest: int | None = None
    limit: int = 200
    wanted: Wanted = EVERYTHING
    place: Place | None = None


class Page(NamedTuple):
    """Entries as JSON text, newest first; where the page began; where the next one begins."""

    texts: list[str]
    top: Place
    following: Place | None


def read_page(organization: Organization, query: Query, now: float, split: bool = False) -> Page:
    """The page that `query` gets at moment `now`.

    `split`: stop at exactly `limit` entries, in the middle of a second if need be.
    """
    top = _top(query, now)
    skip = top.offset
    texts: list[str] = []
    for piece in organization.pieces(top.second, query.oldest):
        seconds = piece.block.seconds
        found = piece.which(now, query.wanted)
        if skip:
            past = 0
            while past < min(skip, len(found)) and seconds[found[past]] == top.second:
                past += 1
            found, skip = found[past:], 0
        if not found:
            continue
        room = query.limit - len(texts)
        if room <= 0:
            return Page(texts, top, Place(seconds[found[0]]))
        cut = room if split else _end_of_second(seconds, found, room)
        every = piece.block.texts()
        if isinstance(found, range):
            texts += every[found.start : found.start + min(cut, len(found))]
        else:
            texts += [every[i] for i in found[:cut]]
        if cut < len(found):
            return Page(texts, top, _place(seconds, found, cut, top))
    return Page(texts, top, None)


def _top(query: Query, now: float) -> Place:
    """Where the page begins: at the cursor, at `latest` or now, whichever is oldest."""
    top = Place(math.floor(now))
    if query.latest is not None and query.latest < top.second:
        top = Place(query.latest)
    if query.place is not None and query.place.second <= top.second:
        top = query.place
    return top


def _end_of_second(seconds: Sequence[int], found: Sequence[int], room: int) -> int:
    if room >= len(found):
        return len(found)
    last = seconds[found[room - 1]]
    cut = room
    while cut < len(found) and seconds[found[cut]] == last:
        cut += 1
    return cut


def _place(seconds: Sequence[int], found: Sequence[int], cut: int, top: Place) -> Place:
    second = seconds[found[cut]]
    offset = 0
    while offset < cut and seconds[found[cut - 1 - offset]] == second:
        offset += 1
    if offset == cut and second == top.second:
        offset += top.offset
    return Place(second, offset)
