# SPDX-License-Identifier: Apache-2.0
"""Against events that Panther publishes with its rules, and what it expects of them.

Only where the file is: it is not part of this repository.
"""

from __future__ import annotations

import csv
import json

import pytest
from sigma.rule import SigmaRule

from tests.detections.cases import FOLDER
from tests.detections.sigma_meaning import matches
from tests.detections.written import detections

DATA = FOLDER.parents[1] / "shared" / "data"
RULES = {one.name: one.main for one in detections() if isinstance(one.main, SigmaRule)}
#: What Panther alerts on and we do not, with the reason; by Panther's name of the test.
NOT_OURS = {
    "App Resources Added": "an app is given channels: everyday",
    "App Resources Granted": "everyday; with admin scopes ours fires",
    "Bot Token Upgraded": "everyday; with admin scopes ours fires",
    "Organization Created": "not an attack",
    "Role Changed to User": "rights are taken, not given",
    "Permissions Assigned": "comes in bursts whenever a role is edited",
    "User Session Reset By Admin": "ours counts people within an hour",
    "User Session Invalidated": "ours counts people within an hour",
}


def test_what_panther_expects() -> None:
    path = DATA / "events.panther_expected.csv"
    if not path.is_file():
        pytest.skip("the published events are not beside the checkout")
    events = (DATA / "events.panther.jsonl").read_text(encoding="utf-8").splitlines()
    missed = {}
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        entry = json.loads(events[int(row["line"]) - 1])
        fired = [name for name, rule in RULES.items() if matches(rule, entry)]
        if row["expected_match"] == "True" and not fired:
            missed[row["test_name"]] = entry["action"]
        if entry["action"] == "user_logout":
            assert not fired
    assert set(missed) == set(NOT_OURS)
