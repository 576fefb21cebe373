# SPDX-License-Identifier: Apache-2.0
"""The table: one row a figure, in Markdown, its columns aligned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tests.bench.children import Cost

HEAD = ("what", "figure", "target", "CPU s", "wall s", "peak MB")


class Figure(NamedTuple):
    """A row. `name` and the bare `value` are for programs, `what` and `shown` for people.

    `cost`: of the process that the figure is about.
    """

    name: str
    what: str
    value: float
    shown: str
    target: str = ""
    cost: Cost | None = None

    def row(self) -> list[str]:
        """Its cells."""
        costs = ["", "", ""]
        if self.cost:
            costs = [f"{self.cost.cpu:.2f}", f"{self.cost.wall:.1f}", f"{self.cost.peak:.1f}"]
        return [self.what, self.shown, self.target, *costs]

    def data(self) -> dict[str, Any]:
        """For --json."""
        cost = self.cost._asdict() if self.cost else None
        return {**self._asdict(), "cost": cost}


def rendered(figures: Iterable[Figure]) -> str:
    """The table as text."""
    return aligned([HEAD, *(one.row() for one in figures)])


def described(machine: Mapping[str, str]) -> str:
    """The machine's details, above the table."""
    return "\n".join(f"- {name}: {words}" for name, words in machine.items())


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table; the first is its head, the first column is text."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(
        "| "
        + " | ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths))
        )
        + " |"
        for row in (rows[0], rule, *rows[1:])
    )
