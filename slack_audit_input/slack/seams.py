# SPDX-License-Identifier: Apache-2.0
"""Entries as Slack writes them, told apart at the seams between them: a page's quick way.

Parsing an entry costs several times what it costs to find where it ends, and three fields are
all that is needed of it. Slack writes entries without white space, and their fields in one of
two orders (reference section 8): ``{"id":…,"date_create":…,"action":…,`` and what it is about,
or by the alphabet. So a page is cut at every ``},{"``, and each piece is looked at:

* it begins in one of these ways: then its seam is a real one, for in JSON ``{"id":"`` cannot
  stand inside a string, whatever somebody calls a channel;
* it has as many ``{`` as ``}``: then no seam was missed or made up in it by a list of objects.

A piece that is not like that goes through the C scanner, with those after it until they make
whole values. What comes out is what ``slack.entries`` makes of the same page (a test compares
the two), with one difference: the inside of a usual entry is not parsed, so one that were no
JSON would be delivered as it came. That a page is whole is checked all the same: its last
entry and all around the list are parsed, and the client has checked the body's length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from slack_audit_input.slack.entries import Entries, scan

#: How every page begins that this can read.
_HEAD = '{"entries":[{"'
_SEAM = '},{"'
#: The rest of an entry's beginning, after its ``{"``. No escapes: those the scanner resolves.
_usual = re.compile(r'id":"([^"\\]+)","date_create":([0-9]{1,11}),"action":"([^"\\]*)"[,}]').match
#: The same for fields in the order of the alphabet: how such an entry begins, and its other two
#: fields, behind the object before ``date_create`` and at its very end.
_sorted = re.compile(r'action":"([^"\\]*)","actor":\{').match
_sorted_date = re.compile(r'\},"date_create":([0-9]{1,11}),"').search
_sorted_id = re.compile(r',"id":"([^"\\]+)"\Z').search
#: Longest id that is looked for at the end of an entry; Slack's have 36 characters.
_ID_MOST = 80
#: Characters without a seam, which are looked through with every chunk: one entry of 50 MB, or
#: an attack, is for the other way.
_REST_MOST = 4 << 20
#: Times that the pieces of one value are given to the scanner, before the page is read the other
#: way: there the cost of a value is never more than its length.
_TRIES = 50


class _OtherWay(Exception):
    """This page is for ``slack.entries`` alone."""


def read_ahead(chunks: Iterable[str], entries: Entries) -> str | None:
    """Take the entries of a page but for the last; what is left, as the text of a page.

    ``chunks``: the page's text, some at a time. None: this page must be read the other way;
    ``entries`` has taken nothing then. Raises what ``chunks`` raises.
    """
    rest = ""
    seams = _Seams()
    began = False
    try:
        for chunk in chunks:
            # A raw line break would break the sink's lines: `slack.entries` takes it out.
            if "\n" in chunk or "\r" in chunk:
                return None
            rest += chunk
            if not began:
                if not rest.startswith(_HEAD):
                    return None
                began = True
                rest = rest[len(_HEAD) :]
            rest = seams.take(rest)
            if len(rest) > _REST_MOST:
                return None
    except _OtherWay:
        return None
    if not began:
        return None
    if seams.heads:
        ids, dates, actions = zip(*seams.heads)
        if not entries.take_usual(ids, list(map(int, dates)), actions, seams.texts):
            return None
    return _HEAD + rest


class _Seams:
    """Entries found so far: (id, date_create, action) of each, and its text."""

    def __init__(self) -> None:
        self.heads: list[tuple[Any, ...]] = []
        self.texts: list[str] = []
        self._tries = 0

    def take(self, text: str) -> str:
        """Take the entries in ``text``, which begins after an entry's ``{"``; what is left.

        That is, from behind its ``{"``, the first entry that does not end before a seam.
        """
        pieces = text.split(_SEAM)
        last = pieces.pop()
        waiting, open_braces = "", 0
        for piece, found in zip(pieces, map(_usual, pieces)):
            opened = piece.count("{") - piece.count("}")
            head = found.groups() if found else _by_alphabet(piece)
            if head:
                # Whatever waits is over by now, even with a brace in one of its strings.
                if waiting:
                    waiting, open_braces = self._parse(waiting), 0
                if not waiting and not opened:
                    self.heads.append(head)
                    self.texts.append(f'{{"{piece}}}')
                    continue
            waiting = f"{waiting}{_SEAM}{piece}" if waiting else piece
            open_braces += opened
            if not open_braces:
                waiting = self._parse(waiting)
        return f"{waiting}{_SEAM}{last}" if waiting else last

    def _parse(self, text: str) -> str:
        """Take the values in ``text``, which begins after a ``{"``; what is left of it."""
        whole = f'{{"{text}}}'
        here = 0
        while here < len(whole):
            try:
                entry, end = scan(whole, here)
            except (ValueError, StopIteration):
                self._tries += 1
                if self._tries > _TRIES:
                    raise _OtherWay from None
                return whole[here + 2 : -1]
            except RecursionError:
                raise _OtherWay from None
            if end < len(whole) and not whole.startswith(',{"', end):
                raise _OtherWay
            self.heads.append(_head(entry))
            self.texts.append(whole[here:end])
            self._tries = 0
            here = end + 1
        return ""


def _by_alphabet(piece: str) -> tuple[str | Any, ...] | None:
    """The first three fields of a piece whose fields are sorted, None of any other."""
    action = _sorted(piece)
    if action is None:
        return None
    date, name = _sorted_date(piece), _sorted_id(piece, max(0, len(piece) - _ID_MOST))
    if date is None or name is None:
        return None
    before = date.end()
    # Only between the entry's own fields have all objects been closed that were opened.
    if piece.count("{", 0, before) != piece.count("}", 0, before):
        return None
    return name[1], date[1], action[1]


def _head(entry: dict[str, Any]) -> tuple[str, int, str]:
    """An entry's first three fields; raises _OtherWay for one that lacks any."""
    name, second, action = entry.get("id"), entry.get("date_create"), entry.get("action")
    if type(name) is str and type(second) is int and type(action) is str:
        return name, second, action
    raise _OtherWay
