# SPDX-License-Identifier: Apache-2.0
"""What Slack filters and what we do together are what was asked for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.model.errors import ConfigError
from slack_audit_input.model.ledger import BACKLOG, Reading
from slack_audit_input.slack.answers import params_of
from slack_audit_input.slack.filters import ACTIONS_MOST, Filters

names = st.sampled_from([f"action_{n}" for n in range(60)])
name_lists = st.lists(names, unique=True, max_size=50).map(tuple)
entries = st.lists(
    st.fixed_dictionaries({"action": names}) | st.just({}) | st.just({"action": None})
)


def slack_would(params: dict[str, str], entry: dict[str, Any]) -> bool:
    """Slack's own part: only the actions named."""
    return "action" not in params or entry.get("action") in params["action"].split(",")


@given(name_lists, name_lists, entries)
def test_both_parts_make_the_whole(
    actions: tuple[str, ...], exclude: tuple[str, ...], found: list[dict[str, Any]]
) -> None:
    filters = Filters(actions, exclude)
    params, accept = filters.params(), filters.accept()
    assert len(params.get("action", "").split(",")) <= ACTIONS_MOST
    for entry in found:
        got = slack_would(params, entry) and (accept is None or accept(entry))
        action = entry.get("action")
        assert got == ((not actions or action in actions) and action not in exclude)


def test_nothing_is_asked_where_nothing_is_filtered() -> None:
    assert Filters().params() == {}
    assert Filters().accept() is None
    everything = {"action": "a", "actor": "W1", "entity": "C1"}
    assert Filters(("a",), (), "W1", "C1").params() == everything
    assert Filters(("a",)).accept() is None


@given(name_lists, name_lists)
def test_refused_names_go_and_never_all_of_them(
    actions: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    filters = Filters(actions, ("x",), "W1")
    left = tuple(name for name in actions if name not in refused)
    if left:
        assert filters.without(refused) == Filters(left, ("x",), "W1")
    else:
        # Without any name the request would be for every action.
        with pytest.raises(ConfigError, match="actions"):
            filters.without(refused)


@given(st.permutations([f"a{n}" for n in range(5)]), st.permutations(["x", "y", "z"]))
def test_the_text_is_the_same_for_the_same_filters(actions: list[str], exclude: list[str]) -> None:
    text = Filters(tuple(actions), tuple(exclude), "W1", "C1").text()
    assert text == "action=a0,a1,a2,a3,a4;exclude=x,y,z;actor=W1;entity=C1"


def test_everything_is_sent_again_with_a_cursor() -> None:
    reading = Reading(1, 9, "abc=", 50, BACKLOG, known=0, level=0, top=5, turn=0)
    wanted = {"oldest": 1, "latest": 9, "limit": 50, "action": "a,b", "actor": "W1"}
    filters = Filters(("a", "b"), actor="W1")
    assert params_of(reading, filters) == {**wanted, "cursor": "abc="}
    assert params_of(reading._replace(cursor=""), filters) == wanted
    assert all(type(params_of(reading, filters)[k]) is int for k in ("oldest", "latest", "limit"))
