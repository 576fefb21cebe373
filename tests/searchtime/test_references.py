# SPDX-License-Identifier: Apache-2.0
"""Nothing in our conf files names what is not there, and nothing there is never named."""

from __future__ import annotations

import csv

import pytest

from slack_audit_input.mapping import lookups
from tests.searchtime import references
from tests.searchtime.app import COVERAGE, App
from tests.searchtime.evaluating import FUNCTIONS
from tests.searchtime.measuring import emulated_fields
from tests.searchtime.parsing import Call
from tests.searchtime.searches import SEARCHES, Search
from tests.spl.events import macros
from tests.spl.search import Spl


def test_names_of_actions_paths_lookups_and_macros() -> None:
    assert references.dead_names() == set()
    assert references.dead_paths() == set()
    assert references.unused_lookups() == set()
    assert references.undefined_macros() == set()


def test_evals_use_functions_that_the_evaluator_knows() -> None:
    used = {node.function for node in references.calls_and_fields() if isinstance(node, Call)}
    assert {name for name in used if name.isalpha() and name.islower()} <= FUNCTIONS


def test_lookups_have_their_columns() -> None:
    app = App.load()
    files = lookups.files()
    for lookup in app.props.lookups:
        columns = next(csv.reader(files[app.transforms[lookup.table]["filename"]].splitlines()))
        assert {lookup.column, *(column for column, _ in lookup.outputs)} <= set(columns)


def test_lookups_give_each_field_once_unless_they_leave_it_alone() -> None:
    given = [(field, one.new) for one in App.load().props.lookups for _, field in one.outputs]
    overwriting = [field for field, new in given if not new]
    assert len(overwriting) == len(set(overwriting))


def test_tags_are_of_event_types_and_every_event_type_has_events() -> None:
    app = App.load()
    tagged = {name.partition("=")[2] for name in app.tags}
    assert tagged <= set(app.eventtypes)
    seen = {kind for _, fields in emulated_fields() for kind in fields["eventtype"]}
    # Coverage records are nobody's entries.
    seen |= set(app.fields('{"id":"a/b/2026-11-24T03:00Z"}', COVERAGE)["eventtype"])
    assert seen == set(app.eventtypes)


@pytest.mark.parametrize("search", SEARCHES, ids=[search.question for search in SEARCHES])
def test_sample_searches_find_something(search: Search) -> None:
    given = [{**fields, "_time": fields["date_create"]} for _, fields in emulated_fields()]
    spl = Spl(search.spl, macros())
    assert spl.fields() <= {name for fields in given for name in fields}
    assert spl.run(given)
