# SPDX-License-Identifier: Apache-2.0
"""Slack's answers are untrusted: right ones are kept whole, wrong ones refused by place."""

from __future__ import annotations

import json

import pytest

from slack_audit_input.catalogue import (
    Action,
    Listing,
    compare,
    ours,
    parse_actions,
    parse_schemas,
    search,
)
from tests.catalogue.slack_double import ACTIONS, SCHEMAS, recorded


def test_actions_keep_every_category_of_a_name() -> None:
    assert dict(parse_actions(ACTIONS).actions) == {
        "user_login": ("user", "invented_group"),
        "user_brand_new": ("user",),
        "file_downloaded": ("file",),
    }


def test_further_keys_and_repeats_are_tolerated() -> None:
    document = {"ok": True, "response_metadata": {}, "actions": {"a": ["x", "x"], "empty": []}}
    assert dict(parse_actions(document).actions) == {"x": ("a",)}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (None, "the answer is null or missing, not an object"),
        ([], "the answer is a list"),
        ("x", "the answer is text"),
        ({}, "no key actions"),
        ({"ok": False, "error": "feature_not_enabled"}, "'feature_not_enabled'"),
        ({"actions": None}, "actions is null"),
        ({"actions": ["user_login"]}, "actions is a list, not an object"),
        ({"actions": {}}, "no action at all"),
        ({"actions": {"user": "user_login"}}, "actions.user is text, not a list"),
        ({"actions": {"user": {"user_login": "signed in"}}}, "actions.user is an object"),
        ({"actions": {"user": ["user_login", 7]}}, "actions.user[1] is a number"),
        ({"actions": {"user": [True]}}, "actions.user[0] is a boolean"),
        ({"actions": {"user": [""]}}, "actions.user[0] is the unusable text"),
        ({"actions": {"user": ["\x1b[2J"]}}, r"'\x1b[2J'"),
        ({"actions": {"user": ["\ud800"]}}, r"'\ud800'"),
        ({"actions": {"\u202egroup": ["x"]}}, "a category of actions"),
    ],
)
def test_wrong_actions_are_refused_with_the_place(document: object, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_actions(document)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_schemas_of_one_type_are_merged_and_nothing_is_dropped() -> None:
    role, app = parse_schemas(SCHEMAS)
    assert (role.type, dict(role.fields)) == ("role", {"id": ("string",), "name": ("string",)})
    assert app.type == "app"
    assert dict(app.fields) == {
        "id": ("string", "int"),
        "scopes": ("array",),
        "bot_scopes": ("array",),
    }


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (7, "the answer is a number"),
        ({"actions": {}}, "no key schemas"),
        ({"schemas": {}}, "schemas is an object, not a list"),
        ({"schemas": []}, "no type at all"),
        ({"schemas": [None]}, "schemas[0] is null"),
        ({"schemas": [{}]}, "schemas[0].type is null or missing"),
        ({"schemas": [{"type": ["a"]}]}, "schemas[0].type is a list"),
        ({"schemas": [{"type": "user"}]}, "schemas[0].user is null or missing"),
        ({"schemas": [{"type": "user", "user": "string"}]}, "schemas[0].user is text"),
        ({"schemas": [{"type": "user", "user": {"id": {}}}]}, "schemas[0].user.id is an object"),
        ({"schemas": [{"type": "user", "user": {"id": "a\nb"}}]}, r"'a\nb'"),
    ],
)
def test_wrong_schemas_are_refused_with_the_place(document: object, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_schemas(document)
    assert words in str(caught.value)


def test_compare_sorts_each_name_into_one_group() -> None:
    mine = {name: Action(name, ("user",), "") for name in ("c", "b", "a")}
    result = compare(Listing({"z": ("user",), "b": ("file",), "y": ("user",)}), mine)
    assert (result.only_listed, result.only_ours, result.both) == (("y", "z"), ("a", "c"), ("b",))


def test_search_wants_every_word_in_name_or_description() -> None:
    actions = [
        Action("file_shared", ("file",), "A file was shared."),
        Action("record_shared", ("message",), "A Record was shared."),
    ]
    assert search(actions) == tuple(actions)
    assert [a.name for a in search(actions, ["SHARED", "record"])] == ["record_shared"]
    assert [a.name for a in search(actions, ["shared"], "file")] == ["file_shared"]
    assert search(actions, ["shared", "deleted"]) == ()
    assert search(actions, [], "fil") == ()


def test_recorded_actions_are_all_known() -> None:
    listing = parse_actions(json.loads(recorded("actions.response.json")))
    result = compare(listing, ours())
    assert result.only_listed == ()
    assert len(result.both) == 762
    assert len(result.only_ours) == 14
    # Our table claims to hold Slack's categories; the order of two may differ.
    for name in result.both:
        assert set(listing.actions[name]) == set(ours()[name].categories), name


def test_what_slack_does_not_list_is_said_in_the_description() -> None:
    listing = parse_actions(json.loads(recorded("actions.response.json")))
    for name in compare(listing, ours()).only_ours:
        assert "list" in ours()[name].description, name


def test_recorded_schemas_merge_to_sixteen_types() -> None:
    schemas = {s.type: s for s in parse_schemas(json.loads(recorded("schemas.response.json")))}
    assert len(schemas) == 16
    assert set(schemas["app"].fields) >= {"name", "scopes", "bot_scopes", "app_id", "user_ids"}
    assert schemas["channel"].fields["teams_shared_with"] == ("Optional: vec<string>",)
