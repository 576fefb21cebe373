# SPDX-License-Identifier: Apache-2.0
"""Every sample event, through all steps: the models it is in get what they require."""

from __future__ import annotations

import json

import pytest

from slack_audit_input.mapping.parties import parties
from slack_audit_input.mapping.table import MODELS, row_of
from tests.searchtime.app import App
from tests.searchtime.measuring import emulated_fields, measured, processed
from tests.searchtime.models import MODELS as CIM
from tests.searchtime.models import faults, missing, models_of
from tests.searchtime.samples import EACH, PUBLISHED, emulated, published


def test_emulated_events_of_every_action() -> None:
    found = measured(emulated_fields())
    assert found.events == EACH * 779  # 776 and three that are new
    assert found.mapped > EACH * 700
    assert found.unfilled == []
    assert found.faulty == []
    # What Slack does not say, and nothing else.
    assert set(found.silent) <= {
        *("Authentication.src", "Change.src", "Data_Access.src", "Alerts.src"),
        *("Data_Access.object_size", "Malware_Attacks.file_path", "DLP.object_path"),
    }


def test_published_events() -> None:
    if not PUBLISHED.is_dir():
        pytest.skip("no published events beside this checkout (../shared/data)")
    found = measured(processed(published()))
    assert found.events >= 100
    assert found.unfilled == []
    assert found.faulty == []


def test_tags_are_the_tables() -> None:
    seen = set()
    for sample, fields in emulated_fields():
        row, _ = row_of(sample.action)
        assert set(fields.get("tag", ())) == set(MODELS[row.model]), sample.action
        seen.add(row.model)
    assert seen == set(MODELS)


def test_users_are_the_tables() -> None:
    # props.conf tells accounts from actors by the action's name, ECS by the table: both agree.
    for sample, fields in emulated_fields():
        entry = json.loads(sample.text)
        row, _ = row_of(sample.action)
        doer, account = parties(entry, row)
        assert fields.get("user") == [account.known_as], sample
        assert fields["user_type"] == [account.kind], sample
        if "src_user" in fields:
            assert fields["src_user"] == [doer.known_as], sample
            assert fields["src_user_type"] == [doer.kind], sample
        else:
            assert row.model in ("authentication", "none"), sample
        assert fields["slack_action"] == [sample.action]
        assert fields["object_category"] == [row.object_category]


@pytest.mark.parametrize("field", ["user", "src_user", "object", "object_attrs", "status"])
def test_the_check_can_fail(field: str) -> None:
    sample = next(one for one in emulated() if one.action == "user_deactivated")
    fields = App.load().fields(sample.text)
    del fields[field]
    gone = [name for model in models_of(fields) for name in missing(model, fields)]
    assert gone == [field]


def test_the_check_of_values_can_fail() -> None:
    sample = next(one for one in emulated() if one.action == "user_login")
    fields = App.load().fields(sample.text)
    assert [model.name for model in models_of(fields)] == ["Authentication"]
    fields["action"] = ["user_login"]
    assert list(faults(CIM[0], fields)) == ["action=user_login"]
    # An account's change in a category that is no user.
    sample = next(one for one in emulated() if one.action == "user_deactivated")
    fields = App.load().fields(sample.text)
    fields["object_category"] = ["channel"]
    assert [fault for model in models_of(fields) for fault in faults(model, fields)]
