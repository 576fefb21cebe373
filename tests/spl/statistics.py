# SPDX-License-Identifier: Apache-2.0
"""The functions of stats, streamstats and timechart: `count`, `dc(user) as users`, and others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tests.spl.evals import expression, number, text_of
from tests.spl.words import SplError, split

Row = Mapping[str, list[str]]
_ONE = re.compile(r"(?P<name>\w+)(?:\((?P<of>.*)\))?(?:\s+as\s+(?P<as>\"[^\"]+\"|\S+))?", re.DOTALL)


class Figure(NamedTuple):
    """One figure: the field it goes to, how it is computed, and which fields it looks at."""

    name: str
    compute: Callable[[Sequence[Row]], list[str]]
    fields: frozenset[str]


def figures(text: str) -> list[Figure]:
    """All figures of a command, before its `by`."""
    parts: list[str] = []
    for part in (part for chunk in split(text) for part in split(chunk, " ")):
        # `dc(x) as y` is three words of one figure.
        if parts and (part == "as" or parts[-1].endswith(" as")):
            parts[-1] += f" {part}"
        else:
            parts.append(part)
    return [_figure(part) for part in parts]


def _figure(text: str) -> Figure:
    match = _ONE.fullmatch(text)
    if match is None:
        raise SplError(f"no figure: {text!r}")
    of = match["of"] or ""
    name = (match["as"] or text).strip('"')
    if of.startswith("eval(") and of.endswith(")"):
        inner = expression(of[5:-1])

        def values(rows: Sequence[Row]) -> list[str]:
            found = [inner.value(row) for row in rows]
            # A condition counts where it is true.
            return [text_of(one) for one in found if one is not None and one is not False]

        fields = inner.fields
    elif of:
        field = of.strip("'\"")

        def values(rows: Sequence[Row]) -> list[str]:
            return [one for row in rows for one in row.get(field, ())]

        fields = frozenset({field})
    else:

        def values(rows: Sequence[Row]) -> list[str]:
            return ["1"] * len(rows)

        fields = frozenset()
    function = _FUNCTIONS.get(match["name"])
    percentile = re.fullmatch(r"p(?:erc)?(\d+)", match["name"])
    if percentile:
        return Figure(name, lambda rows: _percentile(values(rows), int(percentile[1])), fields)
    if function is None:
        raise SplError(f"the figure {match['name']} is not known")
    return Figure(name, lambda rows: function(values(rows)), fields)


def _numbers(values: Sequence[str]) -> list[float]:
    return [found for found in map(number, values) if found is not None]


def _of_numbers(function: Callable[[list[float]], float]) -> Callable[[Sequence[str]], list[str]]:
    def compute(values: Sequence[str]) -> list[str]:
        found = _numbers(values)
        return [text_of(function(found))] if found else []

    return compute


def _extreme(function: Callable[..., str]) -> Callable[[Sequence[str]], list[str]]:
    # Numbers compare as numbers, texts by the alphabet, numbers before texts.
    def key(value: str) -> tuple[bool, float, str]:
        found = number(value)
        return (found is None, found or 0.0, value)

    return lambda values: [function(values, key=key)] if values else []


def _percentile(values: Sequence[str], rank: int) -> list[str]:
    found = sorted(_numbers(values))
    return [text_of(found[min(len(found) - 1, len(found) * rank // 100)])] if found else []


_FUNCTIONS: dict[str, Callable[[Sequence[str]], list[str]]] = {
    "count": lambda values: [str(len(values))],
    "dc": lambda values: [str(len(set(values)))],
    "values": lambda values: sorted(set(values)),
    "list": lambda values: list(values[:100]),
    "first": lambda values: list(values[:1]),
    "last": lambda values: list(values[-1:]),
    # Rows come newest first, as a search gives them.
    "latest": lambda values: list(values[:1]),
    "earliest": lambda values: list(values[-1:]),
    "sum": _of_numbers(sum),
    "avg": _of_numbers(lambda found: sum(found) / len(found)),
    "max": _extreme(max),
    "min": _extreme(min),
    "median": lambda values: _percentile(values, 50),
}
