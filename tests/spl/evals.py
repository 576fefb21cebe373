# SPDX-License-Identifier: Apache-2.0
"""Expressions of `eval` and `where`: operators, and the functions that our searches use.

Values are None (null), a number, a text, a truth value, or a list of texts. Null makes what it
takes part in null, as in Splunk; `where` keeps what is true.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tests.spl.words import SplError, words

Row = Mapping[str, list[str]]
Evaluated = Callable[[Row], Any]
_COMPARISONS = ("=", "==", "!=", "<", "<=", ">", ">=")


class Expression(NamedTuple):
    """An expression: its value for a row, and which fields it looks at."""

    value: Evaluated
    fields: frozenset[str]


def expression(text: str) -> Expression:
    """The expression; raises SplError."""
    reader = _Reader(words(text))
    found = reader.either()
    if reader.words:
        raise SplError(f"left over: {reader.words[0]} of {text!r}")
    return Expression(found, frozenset(reader.fields))


def number(value: Any) -> float | None:
    """The value as a number, or None."""
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def text_of(value: Any) -> str:
    """A value as Splunk shows it: whole numbers without a fraction."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.10g}"
    return str(value)


def _field(row: Row, name: str) -> Any:
    found = row.get(name)
    if not found:
        return None
    return found[0] if len(found) == 1 else list(found)


def _compare(operator: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    a, b = number(left), number(right)
    if a is None or b is None:
        left, right = text_of(left), text_of(right)
    else:
        left, right = a, b
    results: dict[str, bool] = {
        "=": left == right,
        "==": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }
    return results[operator]


def _arithmetic(operator: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if operator == ".":
        return text_of(left) + text_of(right)
    a, b = number(left), number(right)
    if a is None or b is None:
        return text_of(left) + text_of(right) if operator == "+" else None
    if operator in "/%" and not b:
        return None
    return {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else 0, "%": a % b if b else 0}[
        operator
    ]


class _Reader:
    def __init__(self, found: list[tuple[str, str]]) -> None:
        self.words = found
        self.fields: set[str] = set()

    def _take(self, *texts: str) -> str:
        if self.words and self.words[0][0] in ("sign", "name") and self.words[0][1] in texts:
            return self.words.pop(0)[1]
        return ""

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise SplError(f"{text} is missing before {self.words[:3]}")

    def either(self) -> Evaluated:
        parts = [self.both()]
        while self._take("OR", "||"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) is True for part in parts)

    def both(self) -> Evaluated:
        parts = [self.negated()]
        while self._take("AND", "&&"):
            parts.append(self.negated())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) is True for part in parts)

    def negated(self) -> Evaluated:
        if self._take("NOT"):
            part = self.negated()

            def inverse(row: Row) -> bool | None:
                value = part(row)
                return None if value is None else not value

            return inverse
        return self.compared()

    def compared(self) -> Evaluated:
        left = self.joined()
        operator = self._take(*_COMPARISONS)
        if not operator:
            return left
        right = self.joined()
        return lambda row: _compare(operator, left(row), right(row))

    def joined(self) -> Evaluated:
        left = self.multiplied()
        while operator := self._take("+", "-", "."):
            left = _both(operator, left, self.multiplied())
        return left

    def multiplied(self) -> Evaluated:
        left = self.single()
        while operator := self._take("*", "/", "%"):
            left = _both(operator, left, self.single())
        return left

    def single(self) -> Evaluated:
        if self._take("("):
            inner = self.either()
            self._expect(")")
            return inner
        if self._take("-"):
            part = self.single()
            return lambda row: _arithmetic("-", 0, part(row))
        if not self.words:
            raise SplError("a value is missing")
        kind, text = self.words.pop(0)
        if kind == "string":
            return lambda row: text
        if kind == "number":
            value = float(text)
            return lambda row: value
        if kind == "name" and self._take("("):
            return self._call(text)
        if kind in ("name", "field"):
            self.fields.add(text)
            return lambda row: _field(row, text)
        raise SplError(f"unexpected {text!r}")

    def _call(self, name: str) -> Evaluated:
        arguments: list[Evaluated] = []
        while not self._take(")"):
            arguments.append(self.either())
            if not self._take(","):
                self._expect(")")
                break
        if name in _LAZY:
            lazy = _LAZY[name]
            return lambda row: lazy(row, arguments)
        if name not in _FUNCTIONS:
            raise SplError(f"the function {name} is not known")
        function = _FUNCTIONS[name]
        return lambda row: function(*[argument(row) for argument in arguments])


def _both(operator: str, left: Evaluated, right: Evaluated) -> Evaluated:
    return lambda row: _arithmetic(operator, left(row), right(row))


def _if(row: Row, arguments: Sequence[Evaluated]) -> Any:
    condition, yes, no = arguments
    return yes(row) if condition(row) is True else no(row)


def _case(row: Row, arguments: Sequence[Evaluated]) -> Any:
    for condition, value in zip(arguments[::2], arguments[1::2]):
        if condition(row) is True:
            return value(row)
    return None


def _coalesce(row: Row, arguments: Sequence[Evaluated]) -> Any:
    return next((value for value in (one(row) for one in arguments) if value is not None), None)


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [text_of(value)]


def _round(value: Any, digits: Any = 0) -> float | None:
    found = number(value)
    if found is None:
        return None
    # Half away from zero, as people round.
    factor = 10 ** int(digits)
    return math.copysign(math.floor(abs(found) * factor + 0.5) / factor, found)


def _floor(value: Any) -> float | None:
    found = number(value)
    return None if found is None else float(math.floor(found))


def _strftime(value: Any, form: str) -> str | None:
    found = number(value)
    if found is None:
        return None
    return dt.datetime.fromtimestamp(found, dt.timezone.utc).strftime(form)


def _tostring(value: Any, form: str = "") -> str | None:
    if value is None:
        return None
    if form == "duration":
        return str(dt.timedelta(seconds=int(number(value) or 0)))
    return f"{number(value):,.0f}" if form == "commas" else text_of(value)


def _match(value: Any, pattern: str) -> bool | None:
    return None if value is None else any(re.search(pattern, one) for one in _listed(value))


def _mvfind(value: Any, pattern: str) -> int | None:
    return next((n for n, one in enumerate(_listed(value)) if re.search(pattern, one)), None)


def _lower(value: Any) -> str | None:
    return None if value is None else text_of(value).lower()


def _relative_time(value: Any, back: str) -> float | None:
    match = re.fullmatch(r"-(\d+)([smhd])", back)
    if match is None:
        raise SplError(f"only times such as -15m are evaluated: {back}")
    found = number(value)
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    return None if found is None else found - int(match[1]) * units[match[2]]


_LAZY: dict[str, Callable[[Row, Sequence[Evaluated]], Any]] = {
    "if": _if,
    "case": _case,
    "coalesce": _coalesce,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "null": lambda: None,
    "true": lambda: True,
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
    "floor": _floor,
    "lower": _lower,
    "match": _match,
    "mvcount": lambda value: len(_listed(value)) or None,
    "mvfind": _mvfind,
    "mvjoin": lambda value, sign: sign.join(_listed(value)) if value is not None else None,
    "relative_time": _relative_time,
    "round": _round,
    "strftime": _strftime,
    "tostring": _tostring,
    "tonumber": number,
    "max": lambda *values: max((v for v in map(number, values) if v is not None), default=None),
    "min": lambda *values: min((v for v in map(number, values) if v is not None), default=None),
}
