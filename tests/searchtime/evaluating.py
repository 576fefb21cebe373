# SPDX-License-Identifier: Apache-2.0
"""The value of an eval expression for one event.

A value is text, a number, a truth value, several texts, or None for null. What the documentation
says nothing about raises `Undocumented`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Callable, Union

from tests.searchtime.parsing import Call, Field, Node, Text

Value = Union[str, float, bool, list[str], None]
Fields = Mapping[str, list[str]]


class Undocumented(Exception):
    """The documentation of Splunk does not say what this gives."""


def evaluated(node: Node, fields: Fields) -> Value:
    """The value of the expression `node` for an event with `fields`."""
    if isinstance(node, Field):
        return _of_field(fields.get(node.name))
    if isinstance(node, Text):
        return node.value
    special = _LAZY.get(node.function)
    if special is not None:
        return special(node, fields)
    function = _FUNCTIONS.get(node.function)
    if function is None:
        raise Undocumented(f"no function {node.function}")
    return function(*(evaluated(argument, fields) for argument in node.arguments))


def texts(value: Value) -> list[str] | None:
    """What a field holds that got this value; None for no field at all."""
    if value is None:
        return None
    if isinstance(value, list):
        return value
    if isinstance(value, bool):
        raise Undocumented("a field cannot hold a truth value")
    return [_text(value)]


def _of_field(values: list[str] | None) -> Value:
    if values is None:
        return None
    return values[0] if len(values) == 1 else values


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    raise Undocumented(f"{value!r} as one text")


def _number(value: Value) -> float | None:
    if isinstance(value, (bool, list)) or value is None:
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _true(value: Value) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise Undocumented(f"{value!r} as a truth value")


def _case(node: Call, fields: Fields) -> Value:
    if len(node.arguments) % 2:
        raise Undocumented("case with a condition that has no value")
    pairs = zip(node.arguments[::2], node.arguments[1::2])
    for condition, value in pairs:
        if _true(evaluated(condition, fields)):
            return evaluated(value, fields)
    return None


def _if(node: Call, fields: Fields) -> Value:
    condition, yes, no = node.arguments
    return evaluated(yes if _true(evaluated(condition, fields)) else no, fields)


def _coalesce(node: Call, fields: Fields) -> Value:
    values = (evaluated(argument, fields) for argument in node.arguments)
    return next((value for value in values if value is not None), None)


def _and(left: Value, right: Value) -> Value:
    both = (_true(left), _true(right))
    return False if False in both else None if None in both else True


def _or(left: Value, right: Value) -> Value:
    both = (_true(left), _true(right))
    return True if True in both else None if None in both else False


def _not(value: Value) -> Value:
    found = _true(value)
    return None if found is None else not found


def _compared(
    compare: Callable[[Any, Any], bool],
) -> Callable[..., Value]:
    def function(left: Value, right: Value) -> Value:
        if left is None or right is None:
            return None
        numbers = (_number(left), _number(right))
        if numbers[0] is not None and numbers[1] is not None:
            return compare(numbers[0], numbers[1])
        return compare(_text(left), _text(right))

    return function


def _calculated(calculate: Callable[[float, float], float]) -> Callable[..., Value]:
    def function(left: Value, right: Value) -> Value:
        numbers = (_number(left), _number(right))
        if numbers[0] is None or numbers[1] is None:
            return None
        return calculate(numbers[0], numbers[1])

    return function


def _concatenated(left: Value, right: Value) -> Value:
    return None if left is None or right is None else _text(left) + _text(right)


def _match(subject: Value, pattern: Value) -> Value:
    if subject is None:
        return None
    return re.search(_text(pattern), _text(subject)) is not None


def _replace(subject: Value, pattern: Value, replacement: Value) -> Value:
    if subject is None:
        return None
    return re.sub(_text(pattern), _text(replacement), _text(subject))


def _mvappend(*values: Value) -> Value:
    found: list[str] = []
    for value in values:
        found += texts(value) or []
    return (found if len(found) > 1 else found[0]) if found else None


def _mvjoin(value: Value, between: Value) -> Value:
    found = texts(value)
    return None if found is None else _text(between).join(found)


def _split(value: Value, between: Value) -> Value:
    if value is None:
        return None
    found: list[str] = _text(value).split(_text(between))
    return found if len(found) > 1 else found[0]


def _lower(value: Value) -> Value:
    return None if value is None else _text(value).lower()


_LAZY: dict[str, Callable[[Call, Fields], Value]] = {
    "case": _case,
    "if": _if,
    "coalesce": _coalesce,
}
_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "AND": _and,
    "OR": _or,
    "NOT": _not,
    "=": _compared(lambda a, b: a == b),
    "==": _compared(lambda a, b: a == b),
    "!=": _compared(lambda a, b: a != b),
    "<": _compared(lambda a, b: a < b),
    ">": _compared(lambda a, b: a > b),
    "<=": _compared(lambda a, b: a <= b),
    ">=": _compared(lambda a, b: a >= b),
    "+": _calculated(lambda a, b: a + b),
    "-": _calculated(lambda a, b: a - b),
    "*": _calculated(lambda a, b: a * b),
    "/": _calculated(lambda a, b: a / b),
    "%": _calculated(lambda a, b: a % b),
    ".": _concatenated,
    "true": lambda: True,
    "false": lambda: False,
    "null": lambda: None,
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
    "lower": _lower,
    "match": _match,
    "mvappend": _mvappend,
    "mvjoin": _mvjoin,
    "replace": _replace,
    "split": _split,
    "tonumber": _number,
}
FUNCTIONS = frozenset(name for name in (*_LAZY, *_FUNCTIONS) if name.islower())
"""All that this evaluator knows, and all that the conf files may use."""
