# SPDX-License-Identifier: Apache-2.0
"""Nothing in our conf files names what is not there, and nothing there is never named."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from slack_audit_input.catalogue import ours
from slack_audit_input.mapping import lookups
from tests.searchtime.app import DEFAULT, SOURCETYPE, App
from tests.searchtime.conf import read
from tests.searchtime.evaluating import FUNCTIONS
from tests.searchtime.extraction import extracted
from tests.searchtime.measuring import emulated_fields
from tests.searchtime.parsing import Call, Field, Node
from tests.searchtime.samples import emulated, published

#: Paths that no sample has, and where they were seen.
UNSEEN = {
    "actor.app.id": "apps as actors, in the tests of another collector",
    "actor.app.name": "the same",
    "details.ip_ranges{}": "team_authorized_ip_range_set, in a capture",
}
_MACRO = re.compile(r"`(\w+)(?:\([^`]*\))?`")


def nodes(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Call):
        for argument in node.arguments:
            yield from nodes(argument)


def all_nodes() -> list[Node]:
    return [one for tree in App.load().props.evals.values() for one in nodes(tree)]


def others() -> str:
    """The text of dashboards, searches and detections, as far as this checkout has them."""
    kinds = {".conf", ".xml", ".json", ".yml"}
    trees = (DEFAULT, DEFAULT.parent / "detections")
    paths = [path for tree in trees if tree.is_dir() for path in tree.rglob("*")]
    return "\n".join(path.read_text("utf-8") for path in paths if path.suffix in kinds)


def test_evals_read_fields_that_events_have() -> None:
    read_by_evals = {node.name for node in all_nodes() if isinstance(node, Field)}
    aliases = {alias for _, alias in App.load().props.aliases}
    seen = {name for one in (*emulated(), *published()) for name in extracted(one.text)}
    assert read_by_evals - aliases - seen <= set(UNSEEN)
    assert set(UNSEEN) <= read_by_evals
    assert {source for source, _ in App.load().props.aliases} <= seen


def test_evals_use_functions_that_the_evaluator_knows() -> None:
    used = {node.function for node in all_nodes() if isinstance(node, Call)}
    assert {name for name in used if name.isalpha() and name.islower()} <= FUNCTIONS


def test_lookups_are_there_with_their_columns_and_all_are_used() -> None:
    app = App.load()
    text = others()
    used = {lookup.table for lookup in app.props.lookups}
    used |= {name for name in app.tables if re.search(rf"lookup {name}\b", text)}
    assert used == set(app.tables)
    files = lookups.files()
    assert {stanza["filename"] for stanza in app.transforms.values()} == set(files)
    for lookup in app.props.lookups:
        columns = next(csv.reader(files[app.transforms[lookup.table]["filename"]].splitlines()))
        assert {lookup.column, *(column for column, _ in lookup.outputs)} <= set(columns)


def test_lookups_give_each_field_once_unless_they_leave_it_alone() -> None:
    given = [(field, one.new) for one in App.load().props.lookups for _, field in one.outputs]
    overwriting = [field for field, new in given if not new]
    assert len(overwriting) == len(set(overwriting))


def test_tags_are_of_event_types_that_some_event_has() -> None:
    app = App.load()
    tagged = {name.partition("=")[2] for name in app.tags}
    assert tagged <= set(app.eventtypes)


def test_every_event_type_has_events() -> None:
    seen = {kind for _, fields in emulated_fields() for kind in fields["eventtype"]}
    assert seen == set(App.load().eventtypes)


def test_names_of_actions_are_in_the_catalogue() -> None:
    conf = read(DEFAULT / "props.conf")[SOURCETYPE]
    text = "\n".join([*conf.values(), *(s["search"] for s in App.load().eventtypes.values())])
    # Whole names stand in a comparison, or as alternatives of a pattern that is anchored.
    names = set(re.findall(r'slack_action ?= ?"([^"]+)"', text))
    for listed in re.findall(r"slack_action IN \(([^)]+)\)", text):
        names |= set(re.findall(r'"([^"]+)"', listed))
    assert names
    assert names <= set(ours())
    for pattern in set(re.findall(r'match\(slack_action, "([^"]+)"\)', text)):
        assert any(re.search(pattern, name) for name in ours()), pattern


def test_macros_are_defined() -> None:
    macros = {name.partition("(")[0] for name in App.load().macros}
    conf = [path.read_text("utf-8") for path in DEFAULT.rglob("*") if path.is_file()]
    lines = [line for text in conf for line in text.splitlines() if not line.startswith("#")]
    assert set(_MACRO.findall("\n".join(lines))) <= macros


def test_every_file_can_be_read() -> None:
    names = {"props.conf", "transforms.conf", "eventtypes.conf", "tags.conf", "macros.conf"}
    assert names <= {path.name for path in Path(DEFAULT).glob("*.conf")}
