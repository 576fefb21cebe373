# SPDX-License-Identifier: Apache-2.0
"""Automatic lookups: a table, how fields match it, and what its rows give to an event."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.searchtime.evaluating import Undocumented
from tests.searchtime.extraction import Fields


@dataclass
class Table:
    """A lookup of transforms.conf: the rows of its file, and the rules by which they match."""

    rows: list[dict[str, str]]
    wildcard: frozenset[str]
    most: int
    least: int
    default: str
    _indexes: dict[str, tuple[dict[str, list[int]], list[tuple[int, re.Pattern[str]]]]] = field(
        default_factory=dict
    )

    @classmethod
    def of(cls, stanza: Mapping[str, str], files: Mapping[str, str]) -> Table:
        """From its stanza and the app's lookup files. Raises KeyError for a file not there."""
        if stanza.get("case_sensitive_match", "true") != "true":
            raise Undocumented("lookups that mind no case are not among what is used here")
        found = re.fullmatch(r"WILDCARD\((\w+)\)", stanza.get("match_type", "WILDCARD(_)"))
        if found is None:
            raise Undocumented(f"match_type {stanza['match_type']}")
        return cls(
            list(csv.DictReader(files[stanza["filename"]].splitlines())),
            frozenset({found.group(1)}),
            int(stanza.get("max_matches", "100")),
            int(stanza.get("min_matches", "0")),
            stanza.get("default_match", ""),
        )

    def matches(self, column: str, value: str) -> list[dict[str, str]]:
        """The first rows, in the file's order, whose `column` fits `value`."""
        return [self.rows[number] for number in self._numbers(column, value)[: self.most]]

    def _numbers(self, column: str, value: str) -> list[int]:
        if column not in self._indexes:
            self._index(column)
        exact, patterns = self._indexes[column]
        found = list(exact.get(value, ()))
        # A row that names the value itself, and stands before all patterns, decides alone.
        if len(found) < self.most or (patterns and patterns[0][0] < found[-1]):
            found += [number for number, pattern in patterns if pattern.fullmatch(value)]
        return sorted(found)

    def _index(self, column: str) -> None:
        exact: dict[str, list[int]] = {}
        patterns: list[tuple[int, re.Pattern[str]]] = []
        for number, row in enumerate(self.rows):
            cell = row[column]
            if column in self.wildcard and "*" in cell:
                parts = ".*".join(re.escape(part) for part in cell.split("*"))
                patterns.append((number, re.compile(parts, re.DOTALL)))
            else:
                exact.setdefault(cell, []).append(number)
        self._indexes[column] = (exact, patterns)


class Lookup(NamedTuple):
    """A LOOKUP-<class> of props.conf."""

    table: str
    column: str
    field: str
    new: bool
    outputs: tuple[tuple[str, str], ...]
    """Column of the table, field of the event."""

    @classmethod
    def of(cls, text: str) -> Lookup:
        """From the setting's value. Raises ValueError for a form that is not used here."""
        words = text.split()
        at = next((i for i, word in enumerate(words) if word in ("OUTPUT", "OUTPUTNEW")), 0)
        inputs, outputs = _pairs(words[1:at]), _pairs(words[at + 1 :])
        if not at or len(inputs) != 1 or not outputs:
            raise ValueError(f"a lookup of another form: {text}")
        new = words[at] == "OUTPUTNEW"
        if new and len(outputs) > 1:
            raise Undocumented("OUTPUTNEW with several fields of which an event has some")
        return cls(words[0], *inputs[0], new, tuple(outputs))

    def give(self, table: Table, fields: Fields) -> None:
        """Put what the table says into the event."""
        values = fields.get(self.field)
        if values is None:
            return
        if len(values) > 1:
            raise Undocumented(f"a lookup by {self.field}, which has several values")
        rows = table.matches(self.column, values[0])
        for column, output in self.outputs:
            found = [row[column] for row in rows]
            found += [table.default] * (table.least - len(found))
            if not found:
                if not self.new and output in fields:
                    raise Undocumented(f"OUTPUT {output} for an event that no row fits")
                continue
            if "" in found:
                raise Undocumented("what an empty cell gives")
            if not (self.new and output in fields):
                fields[output] = found


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(words):
        if words[at + 1 : at + 2] == ["AS"]:
            found.append((words[at], words[at + 2]))
            at += 3
        else:
            found.append((words[at], words[at]))
            at += 1
    return found
