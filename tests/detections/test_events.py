# SPDX-License-Identifier: Apache-2.0
"""Each detection fires on the events that it must fire on, and on no others."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
import yaml
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule

from tests.detections.cases import FOLDER, Case, cases
from tests.detections.sigma_meaning import fires
from tests.detections.written import detections

MAIN = {one.name: one.main for one in detections()}


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.detection}: {case.name}")
def test_fires_or_does_not(case: Case) -> None:
    assert fires(MAIN[case.detection], case.entries) is case.fires


def weakened() -> list[Any]:
    """Every detection with one exception of its condition left out: (name, what, documents)."""
    found = []
    for one in detections():
        documents = list(yaml.safe_load_all((FOLDER / f"{one.name}.yml").read_text("utf-8")))
        for number, document in enumerate(documents):
            condition = document.get("detection", {}).get("condition", "")
            for exception in re.findall(r" and not (\w+)", condition):
                changed = copy.deepcopy(documents)
                changed[number]["detection"]["condition"] = condition.replace(
                    f" and not {exception}", ""
                )
                found.append(pytest.param(one.name, changed, id=f"{one.name} {exception}"))
    return found


@pytest.mark.parametrize(("name", "documents"), weakened())
def test_an_exception_that_is_left_out_is_noticed(name: str, documents: list[Any]) -> None:
    collection = SigmaCollection.from_dicts(documents)
    collection.resolve_rule_references()
    rules = list(collection.rules)
    main = next((rule for rule in rules if isinstance(rule, SigmaCorrelationRule)), rules[0])
    mine = [case for case in cases() if case.detection == name]
    assert any(fires(main, case.entries) is not case.fires for case in mine)
