# SPDX-License-Identifier: Apache-2.0
"""The rules themselves: well-formed, told apart, and about actions that exist."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sigma.conditions import ConditionFieldEqualsValueExpression
from sigma.rule import SigmaRule

from slack_audit_input.addon.rules import Detection, Rule, detection
from slack_audit_input.catalogue import ours
from tests.detections.cases import cases
from tests.detections.sigma_meaning import _pattern
from tests.detections.written import detections

ACTIONS = frozenset(ours())


def comparisons(node: Any) -> Iterator[ConditionFieldEqualsValueExpression]:
    """All comparisons of a field with a value in a parsed condition."""
    if isinstance(node, ConditionFieldEqualsValueExpression):
        yield node
    else:
        for part in node.args:
            yield from comparisons(part)


def rules(of: Detection) -> Iterator[SigmaRule]:
    return (rule for rule in of.collection.rules if isinstance(rule, SigmaRule))


def test_there_are_enough_and_many_that_nobody_publishes() -> None:
    assert len(detections()) >= 40
    assert sum(not one.published_by for one in detections()) >= 10


def test_every_detection_has_events_that_fire_and_events_that_do_not() -> None:
    count = Counter((case.detection, case.fires) for case in cases())
    names = [one.name for one in detections()]
    assert {name for name, _ in count} == set(names)
    assert not [name for name in names if not (count[name, True] and count[name, False])]


def test_ids_titles_and_names_are_told_apart() -> None:
    everything: list[Rule] = [rule for one in detections() for rule in one.collection.rules]
    assert len({rule.id for rule in everything}) == len(everything)
    assert len({one.main.title for one in detections()}) == len(detections())
    names = [rule.name for rule in everything if rule.name]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("one", detections(), ids=lambda one: one.name)
def test_each_says_what_a_person_needs(one: Detection) -> None:
    assert one.description.endswith(".") and one.response and one.main.falsepositives
    assert one.level in ("low", "medium", "high", "critical")
    assert one.tactics and all(re.fullmatch(r"[a-z-]+", name) for name in one.tactics)
    assert one.techniques
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", name) for name in one.techniques)


@pytest.mark.parametrize("one", detections(), ids=lambda one: one.name)
def test_actions_are_in_the_catalogue(one: Detection) -> None:
    for rule in rules(one):
        for condition in rule.detection.parsed_condition:
            for comparison in comparisons(condition.parsed):
                if comparison.field == "action":
                    pattern = _pattern(comparison.value)  # type: ignore[arg-type]
                    assert any(map(pattern.fullmatch, ACTIONS)), comparison.value


def test_the_events_are_about_actions_in_the_catalogue_and_each_is_there_once() -> None:
    entries = [entry for case in cases() for entry in case.entries]
    assert {entry["action"] for entry in entries} <= ACTIONS
    assert len({entry["id"] for entry in entries}) == len(entries)


RULE = """title: x
logsource: {product: slack}
detection: {selection: {action: a}, condition: selection}
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title: x\n", "x.yml"),
        (RULE, "no published_by and no response"),
        (f"{RULE}---\n{RULE}", "2 rules that alert"),
    ],
)
def test_a_file_that_is_no_detection_is_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "x.yml").write_text(text)
    with pytest.raises(ValueError, match=says):
        detection(tmp_path / "x.yml")
