# SPDX-License-Identifier: Apache-2.0
"""The expression of the `search` command: terms joined by NOT, OR, AND, binding in that order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.spl.words import SplError

Row = Mapping[str, list[str]]
_TERM = re.compile(
    r"""\s*(?:
    (?P<bracket>[()])
    |(?P<key>"(?:[^"\\]|\\.)+"|[\w.:*{}-]+)\s*(?P<operator>!=|<=|>=|=|<|>)\s*
        (?P<value>"(?:[^"\\]|\\.)*"|[^\s()]+)
    |(?P<within>"(?:[^"\\]|\\.)+"|[\w.:*{}-]+)\s+IN\s*\((?P<list>[^()]*)\)
    |(?P<word>"(?:[^"\\]|\\.)*"|[^\s()]+)
    )""",
    re.VERBOSE,
)
# Modifiers of time: the rows that the evaluator is given are all in time.
_TIMES = ("earliest", "latest", "_index_earliest", "_index_latest")


class Search(NamedTuple):
    """What a search expression says: whether a row passes, and which fields it looks at."""

    passes: Callable[[Row], bool]
    fields: frozenset[str]


def parsed(text: str) -> Search:
    """The expression; raises SplError."""
    tokens = []
    at = 0
    text = text.strip()
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise SplError(f"cannot read {text[at:]!r}")
        tokens.append(match)
        at = match.end()
    reader = _Reader(tokens)
    found = reader.both()
    if reader.tokens:
        raise SplError(f"left over: {reader.tokens[0][0]!r} of {text!r}")
    return Search(found, frozenset(reader.fields))


def wildcard(text: str) -> re.Pattern[str]:
    """A pattern for a value in which * stands for anything; case does not matter."""
    parts = [re.escape(part) for part in text.split("*")]
    return re.compile(".*".join(parts), re.IGNORECASE | re.DOTALL)


class _Reader:
    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self.tokens = tokens
        self.fields: set[str] = set()

    def _next_is(self, *words: str) -> bool:
        return bool(self.tokens) and self.tokens[0][0].strip() in words

    def both(self) -> Callable[[Row], bool]:
        parts = [self.either()]
        while self.tokens and not self._next_is(")"):
            if self._next_is("AND"):
                self.tokens.pop(0)
            parts.append(self.either())
        return lambda row: all(part(row) for part in parts)

    def either(self) -> Callable[[Row], bool]:
        parts = [self.negated()]
        while self._next_is("OR"):
            self.tokens.pop(0)
            parts.append(self.negated())
        return lambda row: any(part(row) for part in parts)

    def negated(self) -> Callable[[Row], bool]:
        if self._next_is("NOT"):
            self.tokens.pop(0)
            part = self.negated()
            return lambda row: not part(row)
        return self.term()

    def term(self) -> Callable[[Row], bool]:
        if not self.tokens:
            raise SplError("a term is missing")
        token = self.tokens.pop(0)
        if token["bracket"] == "(":
            inner = self.both()
            if not self._next_is(")"):
                raise SplError("a bracket is open")
            self.tokens.pop(0)
            return inner
        if token["key"]:
            return self._compared(_plain(token["key"]), token["operator"], _plain(token["value"]))
        if token["within"]:
            return self._within(_plain(token["within"]), token["list"])
        if token["word"] == "*":
            return lambda row: True
        raise SplError(f"free text is not evaluated: {token[0]!r}")

    def _compared(self, field: str, operator: str, value: str) -> Callable[[Row], bool]:
        if field in _TIMES:
            return lambda row: True
        self.fields.add(field)
        if operator in ("=", "!="):
            pattern = wildcard(value)
            if operator == "=":
                return lambda row: any(map(pattern.fullmatch, row.get(field, ())))
            return lambda row: bool(row.get(field)) and not any(map(pattern.fullmatch, row[field]))
        limit = float(value)
        compare: dict[str, Callable[[float], bool]] = {
            "<": lambda x: x < limit,
            "<=": lambda x: x <= limit,
            ">": lambda x: x > limit,
            ">=": lambda x: x >= limit,
        }
        return lambda row: any(compare[operator](float(one)) for one in row.get(field, ()))

    def _within(self, field: str, text: str) -> Callable[[Row], bool]:
        self.fields.add(field)
        values = re.findall(r'"((?:[^"\\]|\\.)*)"|([^\s,]+)', text)
        patterns = [wildcard(quoted or plain) for quoted, plain in values]
        return lambda row: any(
            pattern.fullmatch(one) for pattern in patterns for one in row.get(field, ())
        )


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
