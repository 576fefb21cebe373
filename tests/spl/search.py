# SPDX-License-Identifier: Apache-2.0
"""Runs a search over rows, and says which fields it takes from the events.

    rows = Spl("eventtype=slack_audit | stats count by user", macros).run(events)

Events are rows of fields, each with all its values as texts, newest first, `_time` in seconds.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from tests.spl import terms
from tests.spl.evals import expression, number, text_of
from tests.spl.statistics import Figure, figures
from tests.spl.words import SplError, commands, expanded, split

Row = dict[str, list[str]]
Rows = list[Row]
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
#: Fields that every event has in Splunk, whatever its data.
DEFAULTS = frozenset(
    {"_time", "_indextime", "_raw", "index", "sourcetype", "source", "host", "eventtype", "tag"}
)


class Step(NamedTuple):
    """One command: what it does to rows, which fields it reads, which it makes.

    `keeps`: whether the fields from before are still there after it.
    """

    run: Callable[[Rows], Rows]
    reads: frozenset[str] = frozenset()
    makes: frozenset[str] = frozenset()
    keeps: bool = True


class Spl:
    """A search that can be run, after its macros are filled in; raises SplError when made."""

    def __init__(self, text: str, macros: Mapping[str, str] | None = None) -> None:
        self.steps = [_step(command) for command in _commands(expanded(text, macros or {}))]

    def run(self, events: Iterable[Mapping[str, list[str]]]) -> Rows:
        """The rows that come out at the end."""
        rows: Rows = [dict(event) for event in events]
        for step in self.steps:
            rows = step.run(rows)
        return rows

    def fields(self, given: Iterable[str] | None = None) -> set[str]:
        """Fields that have to be in the events.

        `given`: what a base search gives; then a field that is in neither is an SplError, and so
        is, always, one that a command before threw away.
        """
        wanted: set[str] = set()
        made: set[str] = set(given or ())
        closed = given is not None
        for step in self.steps:
            missing = step.reads - made
            if closed and missing - {"_time"}:
                raise SplError(f"no command before makes {', '.join(sorted(missing))}")
            wanted |= missing
            if not step.keeps:
                made, closed = set(), True
            made |= step.makes
        return wanted - DEFAULTS

    def made(self) -> set[str]:
        """Fields that come out, as far as commands name them."""
        made: set[str] = set()
        for step in self.steps:
            made = (made if step.keeps else set()) | step.makes
        return made


def _commands(text: str) -> list[str]:
    found = commands(text)
    if text.lstrip().startswith("|"):
        return [command for command in found if command]
    return [f"search {found[0]}", *found[1:]]


def _step(command: str) -> Step:
    name, _, rest = command.partition(" ")
    if name not in _STEPS:
        raise SplError(f"the command {name} is not known: {command}")
    return _STEPS[name](rest.strip())


def _search(text: str) -> Step:
    found = terms.parsed(text)
    return Step(lambda rows: [row for row in rows if found.passes(row)], found.fields)


def _where(text: str) -> Step:
    found = expression(text)
    return Step(lambda rows: [row for row in rows if found.value(row) is True], found.fields)


def _eval(text: str) -> Step:
    pairs = []
    for part in split(text):
        name, sign, right = part.partition("=")
        if not sign:
            raise SplError(f"eval without =: {part}")
        pairs.append((name.strip().strip("'\""), expression(right)))
    reads: set[str] = set()
    made: set[str] = set()
    for name, found in pairs:
        reads |= found.fields - made
        made.add(name)

    def run(rows: Rows) -> Rows:
        for row in rows:
            for name, found in pairs:
                value = found.value(row)
                if value is None:
                    row.pop(name, None)
                else:
                    row[name] = value if isinstance(value, list) else [text_of(value)]
        return rows

    return Step(run, frozenset(reads), frozenset(made))


def _by(text: str) -> tuple[str, list[str]]:
    before, _, after = re.sub(r"\s+BY\s+", " by ", f" {text}").partition(" by ")
    return before.strip(), [name.strip("'\"") for name in after.replace(",", " ").split()]


def _groups(rows: Rows, by: Sequence[str]) -> dict[tuple[str, ...], Rows]:
    """Rows by the values of fields; one with several values is in several groups."""
    groups: dict[tuple[str, ...], Rows] = {}
    for row in rows:
        for key in itertools.product(*(row.get(name, []) for name in by)):
            groups.setdefault(key, []).append(row)
    return groups


def _stats(text: str) -> Step:
    before, by = _by(text)
    wanted = figures(before)

    def run(rows: Rows) -> Rows:
        if not by:
            return [{one.name: one.compute(rows) for one in wanted}]
        found = []
        for key, group in sorted(_groups(rows, by).items(), key=_by_value):
            row = {name: [value] for name, value in zip(by, key)}
            row.update({one.name: one.compute(group) for one in wanted})
            found.append(row)
        return found

    reads = frozenset(by).union(*(one.fields for one in wanted))
    return Step(run, reads, frozenset(by) | {one.name for one in wanted}, keeps=False)


def _by_value(item: tuple[tuple[str, ...], Rows]) -> tuple[tuple[bool, float, str], ...]:
    return tuple(_order(value) for value in item[0])


def _order(value: str) -> tuple[bool, float, str]:
    found = number(value)
    return (found is None, found or 0.0, value)


def _options(text: str, names: Sequence[str]) -> tuple[dict[str, str], str]:
    found = {}
    for name in names:
        match = re.search(rf"\b{name}=(\S+)", text)
        if match:
            found[name] = match[1]
            text = text[: match.start()] + text[match.end() :]
    return found, " ".join(text.split())


def _streamstats(text: str) -> Step:
    options, rest = _options(text, ("window", "global", "time_window", "current"))
    if set(options) - {"window", "global", "time_window"} or options.get("global") == "true":
        raise SplError(f"streamstats with {options} is not evaluated")
    before, by = _by(rest)
    wanted = figures(before)
    size = int(options.get("window", 0))
    if size and options.get("global") != "false":
        raise SplError("a window that is not of its group is not evaluated")
    seconds = span(options["time_window"]) if "time_window" in options else 0

    def run(rows: Rows) -> Rows:
        seen: dict[tuple[str, ...], Rows] = {}
        for row in rows:
            for key in itertools.product(*(row.get(name, []) for name in by)):
                window = seen.setdefault(key, [])
                window.append(dict(row))
                if size:
                    del window[:-size]
                if seconds:
                    now = float(row["_time"][0])
                    window[:] = [one for one in window if now - float(one["_time"][0]) <= seconds]
                row.update({one.name: one.compute(window) for one in wanted})
        return rows

    reads = frozenset(by).union(*(one.fields for one in wanted))
    return Step(run, reads, frozenset(one.name for one in wanted))


def span(text: str) -> int:
    """A stretch of time, such as 5m, in seconds."""
    match = re.fullmatch(r"(\d+)([smhdw])", text)
    if match is None:
        raise SplError(f"no stretch of time: {text}")
    return int(match[1]) * _UNITS[match[2]]


def _bin(text: str) -> Step:
    options, field = _options(text, ("span",))
    width = span(options["span"])

    def run(rows: Rows) -> Rows:
        for row in rows:
            row[field] = [text_of(float(row[field][0]) // width * width)]
        return rows

    return Step(run, frozenset({field}), frozenset({field}))


def _timechart(text: str) -> Step:
    options, rest = _options(text, ("span", "limit", "useother", "usenull"))
    before, by = _by(rest)
    wanted = figures(before)
    width = span(options["span"])
    limit = int(options.get("limit", 10))

    def run(rows: Rows) -> Rows:
        slots: dict[float, Rows] = {}
        for row in rows:
            slots.setdefault(float(row["_time"][0]) // width * width, []).append(row)
        columns = _columns(rows, by[0], limit) if by else [""]
        found = []
        for step in range(int((max(slots) - min(slots)) / width) + 1 if slots else 0):
            slot = min(slots) + step * width
            made = {"_time": [text_of(slot)]}
            for column in columns:
                _fill(made, column, by, slots.get(slot, []), wanted)
            found.append(made)
        return found

    reads = frozenset({"_time", *by}).union(*(one.fields for one in wanted))
    return Step(run, reads, frozenset({"_time"} | {one.name for one in wanted}), keeps=False)


def _columns(rows: Rows, field: str, limit: int) -> list[str]:
    counts: dict[str, int] = {}
    for row in rows:
        for value in row.get(field, []):
            counts[value] = counts.get(value, 0) + 1
    return sorted(sorted(counts, key=lambda value: (-counts[value], value))[:limit])


def _fill(row: Row, column: str, by: list[str], inside: Rows, wanted: list[Figure]) -> None:
    if by:
        inside = [one for one in inside if column in one.get(by[0], [])]
    for one in wanted:
        value = one.compute(inside)
        if value:
            row[column if by else one.name] = value


def _table(text: str) -> Step:
    names = [name.strip("'\"") for name in text.replace(",", " ").split()]
    return Step(
        lambda rows: [{name: row[name] for name in names if name in row} for row in rows],
        frozenset(names),
        frozenset(names),
        keeps=False,
    )


def _rename(text: str) -> Step:
    found = re.finditer(r"(\"[^\"]+\"|\S+)\s+as\s+(\"[^\"]+\"|[^\s,]+)", text)
    pairs = [(match[1].strip('"'), match[2].strip('"')) for match in found]

    def run(rows: Rows) -> Rows:
        return [{dict(pairs).get(name, name): value for name, value in row.items()} for row in rows]

    return Step(run, frozenset(old for old, _ in pairs), frozenset(new for _, new in pairs))


def _sort(text: str) -> Step:
    parts = re.sub(r"([-+])\s+", r"\1", text.replace(",", " ")).split()
    limit = int(parts.pop(0)) if parts[0].isdigit() else 10_000
    keys = [(part.lstrip("-+"), part.startswith("-")) for part in parts]

    def run(rows: Rows) -> Rows:
        for name, falling in reversed(keys):
            rows = sorted(rows, key=lambda row: _order((row.get(name) or [""])[0]), reverse=falling)
        return rows[:limit] if limit else rows

    return Step(run, frozenset(name for name, _ in keys))


def _head(text: str) -> Step:
    return Step(lambda rows: rows[: int(text or 10)])


def _dedup(text: str) -> Step:
    names = text.replace(",", " ").split()

    def run(rows: Rows) -> Rows:
        seen = set()
        found = []
        for row in rows:
            key = tuple(tuple(row.get(name, ())) for name in names)
            if all(key) and key not in seen:
                seen.add(key)
                found.append(row)
        return found

    return Step(run, frozenset(names))


def _convert(text: str) -> Step:
    found = re.fullmatch(r"ctime\((\w+)\)", text)
    if found is None:
        raise SplError(f"convert {text} is not evaluated")
    name = found[1]

    def run(rows: Rows) -> Rows:
        for row in rows:
            if name in row:
                when = dt.datetime.fromtimestamp(float(row[name][0]), dt.timezone.utc)
                row[name] = [f"{when:%m/%d/%Y %H:%M:%S}"]
        return rows

    return Step(run, frozenset({name}), frozenset({name}))


def _multisearch(text: str) -> Step:
    inner = [Spl("| " + part[1:-1].strip()) for part in split(text, " ")]
    if len(inner) < 2:
        raise SplError("multisearch needs two searches")

    def run(rows: Rows) -> Rows:
        found = [row for one in inner for row in one.run([dict(row) for row in rows])]
        return sorted(found, key=lambda row: -float(row["_time"][0]))

    reads: set[str] = set().union(*(one.fields() for one in inner))
    made: set[str] = set.intersection(*(one.made() for one in inner))
    return Step(run, frozenset(reads), frozenset(made))


_STEPS: dict[str, Callable[[str], Step]] = {
    "bin": _bin,
    "convert": _convert,
    "dedup": _dedup,
    "eval": _eval,
    "head": _head,
    "multisearch": _multisearch,
    "rename": _rename,
    "search": _search,
    "sort": _sort,
    "stats": _stats,
    "streamstats": _streamstats,
    "table": _table,
    "timechart": _timechart,
    "where": _where,
}
