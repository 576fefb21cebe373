# SPDX-License-Identifier: Apache-2.0
"""Searches of event types: comparisons, IN, AND (also unwritten), OR, NOT, parentheses.

As in Splunk's search language OR binds closer than AND, values mind no case, `*` stands for
anything, and a field with several values fits when one of them does.
"""

from __future__ import annotations

import re

from tests.searchtime.extraction import Fields

_WORD = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^\s()=,"]+|[()=,])')


def fits(search: str, fields: Fields) -> bool:
    """Whether an event with `fields` is of that kind. Raises ValueError for another form."""
    reader = _Reader(_WORD.findall(search), fields)
    found = reader.all()
    if reader.words:
        raise ValueError(f"cannot read {search!r}")
    return found


class _Reader:
    def __init__(self, words: list[str], fields: Fields) -> None:
        self.words = words
        self._fields = fields

    def all(self) -> bool:
        found = self._either()
        while self.words and self.words[0] != ")":
            self._take("AND")
            found = self._either() and found
        return found

    def _either(self) -> bool:
        found = self._one()
        while self._take("OR"):
            found = self._one() or found
        return found

    def _one(self) -> bool:
        if self._take("NOT"):
            return not self._one()
        if self._take("("):
            found = self.all()
            self._expect(")")
            return found
        field = self.words.pop(0)
        if self._take("IN"):
            self._expect("(")
            values = [self._value()]
            while self._take(","):
                values.append(self._value())
            self._expect(")")
        else:
            self._expect("=")
            values = [self._value()]
        return any(self._has(field, value) for value in values)

    def _has(self, field: str, value: str) -> bool:
        pattern = ".*".join(re.escape(part) for part in value.split("*"))
        regex = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        return any(regex.fullmatch(found) for found in self._fields.get(field, []))

    def _value(self) -> str:
        return self.words.pop(0).strip('"')

    def _take(self, word: str) -> bool:
        if self.words and self.words[0] == word:
            self.words.pop(0)
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise ValueError(f"{word} is missing")
