# SPDX-License-Identifier: Apache-2.0
"""From an eval expression to a tree of calls, by the precedence that Splunk documents.

From the loosest: OR, AND, NOT, comparison, concatenation with a dot, + and -, * and /.
"""

from __future__ import annotations

from typing import NamedTuple, Union

from tests.searchtime.tokens import Token, tokens


class Field(NamedTuple):
    """The value of a field."""

    name: str


class Text(NamedTuple):
    """A text or number as it stands."""

    value: str | float


class Call(NamedTuple):
    """A function, or an operator, with what it is applied to."""

    function: str
    arguments: tuple[Node, ...]


Node = Union[Field, Text, Call]

_LEVELS = (
    ("OR",),
    ("AND",),
    ("=", "==", "!=", "<", ">", "<=", ">="),
    (".",),
    ("+", "-"),
    ("*", "/", "%"),
)
_NOT_ABOVE = 2


def parsed(text: str) -> Node:
    """The tree of one expression. Raises ValueError when it is none."""
    reader = _Reader(list(tokens(text)))
    node = reader.level(0)
    if not reader.at_end():
        raise ValueError(f"there is more after the expression: {text[:80]!r}")
    return node


class _Reader:
    def __init__(self, words: list[Token]) -> None:
        self._words = words
        self._at = 0

    def at_end(self) -> bool:
        return self._at == len(self._words)

    def level(self, depth: int) -> Node:
        if depth == len(_LEVELS):
            return self._operand()
        if depth == _NOT_ABOVE and self._take("NOT"):
            return Call("NOT", (self.level(depth),))
        node = self.level(depth + 1)
        while (operator := self._take(*_LEVELS[depth])) is not None:
            node = Call(operator, (node, self.level(depth + 1)))
        return node

    def _take(self, *values: str) -> str | None:
        if self.at_end():
            return None
        word = self._words[self._at]
        if word.kind not in ("sign", "name") or word.value.upper() not in values:
            return None
        self._at += 1
        return word.value.upper()

    def _operand(self) -> Node:
        if self._take("("):
            node = self.level(0)
            self._expect(")")
            return node
        if self.at_end():
            raise ValueError("the expression ends too early")
        word = self._words[self._at]
        self._at += 1
        if word.kind == "text":
            return Text(word.value)
        if word.kind == "number":
            return Text(float(word.value))
        if word.kind == "quoted":
            return Field(word.value)
        if word.kind == "name":
            return self._call(word.value) if self._take("(") else Field(word.value)
        raise ValueError(f"{word.value!r} does not belong here")

    def _call(self, function: str) -> Node:
        arguments: list[Node] = []
        if not self._take(")"):
            arguments.append(self.level(0))
            while self._take(","):
                arguments.append(self.level(0))
            self._expect(")")
        return Call(function.lower(), tuple(arguments))

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise ValueError(f"{sign} is missing")
