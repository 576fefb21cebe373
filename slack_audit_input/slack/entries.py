# SPDX-License-Identifier: Apache-2.0
"""The list of entries of a page: each entry's second, key and own text, each parsed once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from slack_audit_input.model.event import Event, Page
from slack_audit_input.slack.keys import hash_of, keys_of
from slack_audit_input.slack.scan import one_line, scan_hard

#: Seconds beyond this are no date: the year 4000.
SECOND_MOST = 64_060_588_800

#: The C scanner itself: (text, position) -> (value, end). typeshed does not know it.
scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(strict=False).scan_once  # type: ignore[attr-defined]

_blanks = re.compile(r"[ \t\n\r]*").match
_columns = itemgetter("id", "date_create", "action")


def skip(text: str, position: int) -> int:
    """Where the white space at ``position`` ends."""
    return _blanks(text, position).end()  # type: ignore[union-attr]


def second_of(value: Any) -> int | None:
    """``date_create`` as whole unix seconds, or None where it is no usable date."""
    if (type(value) is float and 0 <= value < SECOND_MOST) or (
        type(value) is str and value.isascii() and value.isdigit() and len(value) < 12
    ):
        value = int(value)
    if type(value) is int and 0 <= value < SECOND_MOST:
        return value
    return None


def _name_of(fields: dict[str, Any]) -> str:
    name = fields.get("id")
    return name if type(name) is str else ""


class Entries:
    """The entries of one page, gathered column by column: cheaper than object by object.

    ``window_end``: the second of entries without a date. ``accept``: the local filters.
    """

    def __init__(self, window_end: int, accept: Callable[[dict[str, Any]], bool] | None) -> None:
        self.found = False
        self._window_end = window_end
        self._accept = accept
        self._texts: list[str] = []
        self._ids: list[str] = []
        self._seconds: list[int] = []
        self._dates: list[int] = []  # of all dated entries, filtered away or not
        self._actions: set[str] = set()
        self._undated: list[Event] = []
        self._count = 0
        self._odd = 0
        self._hashed: list[tuple[int, int]] = []  # (place, key) of dated entries without an id

    def read(self, text: str, position: int) -> int:
        """Read the list whose first element (or end) is at ``position``; returns what follows."""
        self.found = True
        position = skip(text, position)
        if text[position] == "]":
            return position + 1
        if self._accept is None and "\n" not in text and "\r" not in text:
            end = self._read_usual(text, position)
            if end is not None:
                return end
        return self._read_any(text, position)

    def _read_usual(self, text: str, position: int) -> int | None:
        """Entries as Slack sends them, all of them usual; None at the first sign of another.

        Nothing is looked at entry by entry: types and bounds are checked for the whole page
        afterwards. That is a third faster than ``_read_any``, which sees to everything else.
        """
        texts: list[str] = []
        rows: list[tuple[Any, Any, Any]] = []
        try:
            while True:
                entry, end = scan(text, position)
                rows.append(_columns(entry))
                texts.append(text[position:end])
                if text[end] != ",":
                    break
                position = end + 1
        except (KeyError, TypeError, ValueError, StopIteration, RecursionError, IndexError):
            return None
        ids, seconds, actions = zip(*rows)
        if text[end] != "]" or not self.take_usual(ids, seconds, actions, texts):
            return None
        return end + 1

    def take_usual(
        self,
        ids: Sequence[Any],
        seconds: Sequence[Any],
        actions: Sequence[Any],
        texts: Sequence[str],
    ) -> bool:
        """Take entries, at least one, by their columns; False and none, if any is not usual."""
        typed = (
            set(map(type, ids)) == {str}
            and set(map(type, seconds)) == {int}
            and set(map(type, actions)) == {str}
        )
        return typed and self.take_typed(ids, seconds, actions, texts)

    def take_typed(
        self,
        ids: Sequence[str],
        seconds: Sequence[int],
        actions: Sequence[str],
        texts: Sequence[str],
    ) -> bool:
        """The same, of columns whose types somebody else has seen to."""
        if "" in ids or min(seconds) < 0 or max(seconds) >= SECOND_MOST:
            return False
        self._texts += texts
        self._ids += ids
        self._seconds += seconds
        self._dates += seconds
        self._actions.update(actions)
        self._count += len(texts)
        return True

    def _read_any(self, text: str, position: int) -> int:
        """Any list of JSON values, with filters. Raises ValueError and its like on other text."""
        while True:
            try:
                entry, end = scan(text, position)
            except (RecursionError, ValueError):
                entry, end = scan_hard(text, position)
            self._take(entry, one_line(text[position:end]))
            end = skip(text, end)
            if text[end] == "]":
                return end + 1
            if text[end] != ",":
                raise ValueError("no comma between two entries")
            position = skip(text, end + 1)

    def _take(self, entry: Any, raw: str) -> None:
        """One value of the list, whatever it is, with its text."""
        self._count += 1
        fields = entry if type(entry) is dict else {}
        action = fields.get("action")
        if type(action) is str:
            self._actions.add(action)
        name, second = _name_of(fields), second_of(fields.get("date_create"))
        if second is not None:
            self._dates.append(second)
        if self._accept is not None and not self._accept(fields):
            return
        if not name or type(fields.get("date_create")) is not int or second is None:
            self._odd += 1
        # Without an id its text stands for it: an entry without one is delivered all the same.
        if second is None:
            key = keys_of([name])[0] if name else hash_of(raw)
            self._undated.append((self._window_end, key, raw))
            return
        if not name:
            self._hashed.append((len(self._texts), hash_of(raw)))
        else:
            self._ids.append(name)
        self._seconds.append(second)
        self._texts.append(raw)

    def page(self, next_cursor: str, stated: bool) -> Page:
        """All of it as a page."""
        keys = keys_of(self._ids)
        for place, key in self._hashed:
            keys.insert(place, key)
        dates = self._dates
        return Page(
            events=list(zip(self._seconds, keys, self._texts)),
            undated=self._undated,
            entries=self._count,
            newest=max(dates) if dates else None,
            oldest=min(dates) if dates else None,
            ordered=dates == sorted(dates, reverse=True),
            next_cursor=next_cursor,
            end_stated=stated,
            actions=frozenset(self._actions),
            odd=self._odd,
        )
