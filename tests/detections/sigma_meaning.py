# SPDX-License-Identifier: Apache-2.0
"""What a parsed Sigma rule says about entries of the audit log: a small evaluator for tests.

It knows what our rules use: and, or, not; text with wildcards (case does not matter), numbers,
truth values, null, `exists` and `fieldref`; correlations that count events or values within a
stretch of time, or want two rules one after the other. Anything else is a TypeError.

A path into a list means any of its members. Null, an empty list and a missing key are no value.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
)
from sigma.correlations import SigmaCorrelationRule
from sigma.rule import SigmaRule
from sigma.types import (
    SigmaBool,
    SigmaExists,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaString,
    SpecialChars,
)

from slack_audit_input.addon.rules import Rule

Entry = Mapping[str, Any]


def values(entry: Any, path: str) -> list[Any]:
    """All values at a path of keys; those of a list are its members."""
    found = [entry]
    for key in path.split("."):
        found = [
            value[key] for value in _members(found) if isinstance(value, dict) and key in value
        ]
    return [value for value in _members(found) if value is not None]


def fires(rule: Rule, entries: Sequence[Entry]) -> bool:
    """Whether a rule, or a correlation, finds what it looks for in these entries."""
    if isinstance(rule, SigmaCorrelationRule):
        return _correlation(rule, entries)
    return any(matches(rule, entry) for entry in entries)


def matches(rule: SigmaRule, entry: Entry) -> bool:
    """Whether a rule without correlation matches an entry."""
    return any(_holds(condition.parsed, entry) for condition in rule.detection.parsed_condition)


def _holds(node: Any, entry: Entry) -> bool:
    if isinstance(node, ConditionAND):
        return all(_holds(part, entry) for part in node.args)
    if isinstance(node, ConditionOR):
        return any(_holds(part, entry) for part in node.args)
    if isinstance(node, ConditionNOT):
        return not _holds(node.args[0], entry)
    if isinstance(node, ConditionFieldEqualsValueExpression):
        return _equals(entry, values(entry, node.field), node.value)
    raise TypeError(f"a condition of an unknown kind: {node!r}")


def _equals(entry: Entry, found: list[Any], wanted: Any) -> bool:
    if isinstance(wanted, SigmaNull):
        return not found
    if isinstance(wanted, SigmaExists):
        return bool(found) is bool(wanted)
    if isinstance(wanted, SigmaFieldReference):
        return bool({*map(str, found)} & {*map(str, values(entry, wanted.field))})
    return any(_equal(value, wanted) for value in found)


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, SigmaBool):
        return value is wanted.boolean
    if isinstance(wanted, SigmaNumber):
        return not isinstance(value, bool) and str(value) == str(wanted.number)
    if isinstance(wanted, SigmaString):
        return isinstance(value, (str, int, float)) and bool(_pattern(wanted).fullmatch(str(value)))
    raise TypeError(f"a value of an unknown kind: {wanted!r}")


def _pattern(wanted: SigmaString) -> re.Pattern[str]:
    wild = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
    parts = [re.escape(part) if isinstance(part, str) else wild[part] for part in wanted.s]  # type: ignore[index]
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def _members(found: list[Any]) -> Iterator[Any]:
    for value in found:
        if isinstance(value, list):
            yield from _members(value)
        else:
            yield value


def _correlation(rule: SigmaCorrelationRule, entries: Sequence[Entry]) -> bool:
    """Every group: rows of (second, which rule, entry), oldest first, are looked at by type."""
    groups: dict[tuple[str, ...], list[tuple[int, str, Entry]]] = defaultdict(list)
    ordered = sorted(entries, key=lambda entry: int(entry["date_create"]))
    for reference in rule.rules or ():
        part = reference.rule
        for entry in ordered:
            if matches(part, entry):  # type: ignore[arg-type]
                key = _key(rule, str(part.name), entry)
                if key:
                    groups[key].append((entry["date_create"], str(part.name), entry))
    kind = {"event_count": _events, "value_count": _values, "temporal_ordered": _sequence}
    look = kind.get(rule.type.name.lower())
    if look is None:
        raise TypeError(f"a correlation of an unknown type: {rule.type}")
    return any(look(rule, sorted(rows, key=lambda row: row[0])) for rows in groups.values())


def _key(rule: SigmaCorrelationRule, name: str, entry: Entry) -> tuple[str, ...]:
    found = []
    for path in rule.group_by or ():
        alias = rule.aliases.aliases.get(path)
        names = {ref.reference: to for ref, to in alias.mapping.items()} if alias else {}
        at = values(entry, names.get(name, path))
        if not at:
            return ()
        found.append(str(at[0]))
    return tuple(found)


def _windows(
    rule: SigmaCorrelationRule, rows: list[tuple[int, str, Entry]]
) -> Iterator[list[tuple[int, str, Entry]]]:
    for last in range(len(rows)):
        until = rows[last][0]
        yield [row for row in rows[: last + 1] if until - row[0] <= rule.timespan.seconds]


def _events(rule: SigmaCorrelationRule, rows: list[tuple[int, str, Entry]]) -> bool:
    return any(_enough(rule, len(window)) for window in _windows(rule, rows))


def _values(rule: SigmaCorrelationRule, rows: list[tuple[int, str, Entry]]) -> bool:
    path = rule.condition.fieldref  # type: ignore[union-attr]
    return any(
        _enough(rule, len({str(value) for row in window for value in values(row[2], str(path))}))
        for window in _windows(rule, rows)
    )


def _enough(rule: SigmaCorrelationRule, found: int) -> bool:
    if rule.condition.op.name != "GTE":  # type: ignore[union-attr]
        raise TypeError(f"a comparison of an unknown kind: {rule.condition}")
    return found >= rule.condition.count  # type: ignore[union-attr]


def _sequence(rule: SigmaCorrelationRule, rows: list[tuple[int, str, Entry]]) -> bool:
    wanted = [str(reference.rule.name) for reference in rule.rules or ()]
    for window in _windows(rule, rows):
        missing = list(wanted)
        for _, name, _ in window:
            if missing and name == missing[0]:
                missing.pop(0)
        if not missing:
            return True
    return False
