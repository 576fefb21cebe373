# SPDX-License-Identifier: Apache-2.0
"""Batches: what goes together, how much of it, and its halves."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.model.errors import ConfigError
from slack_audit_input.sinks.forward.addresses import Address, parse_address
from slack_audit_input.sinks.forward.batches import Batch
from tests.forward.events import batches, entries, event, events, tags


def ids(batch: Batch, packed: bool = False) -> list[int]:
    """Of the records in it, and of the events beside them."""
    found = [record["id"] for _, _, record in entries(batch, packed)]
    assert found == [json.loads(text)["id"] for _, _, text in batch.events]
    return found


@pytest.mark.parametrize("packed", [False, True])
def test_batches_are_cut_by_count(packed: bool) -> None:
    found = list(batches(count=500).of(events(1234)))
    assert [len(batch) for batch in found] == [500, 500, 234]
    assert [n for batch in found for n in ids(batch, packed)] == list(range(1234))
    assert len({batch.chunk for batch in found}) == 3


@given(st.lists(st.integers(0, 3000), max_size=30), st.integers(1, 10), st.integers(1, 6000))
def test_batches_keep_to_their_limits(sizes: list[int], count: int, size: int) -> None:
    page = [event(json.dumps({"id": n, "pad": "x" * pad})) for n, pad in enumerate(sizes)]
    found = list(batches(count, size).of(page))
    assert [n for batch in found for n in ids(batch)] == list(range(len(page)))
    for batch in found:
        assert len(batch) == 1 or (len(batch) <= count and len(batch.body) <= size)
        assert batch.ends[-1] == len(batch.body)


@given(st.integers(2, 40), st.data())
def test_parts_hold_what_the_whole_holds(count: int, data: st.DataObject) -> None:
    (batch,) = batches().of(events(count))
    left, right = batch.halves()
    assert ids(left) + ids(right) == list(range(count))
    assert abs(len(left) - len(right)) <= 1
    assert len({batch.chunk, left.chunk, right.chunk}) == 3
    first = data.draw(st.integers(0, count - 1))
    end = data.draw(st.integers(first + 1, count))
    assert ids(batch.part(first, end)) == list(range(first, end))


def test_each_tag_has_batches_of_its_own() -> None:
    page = [
        event(json.dumps({"id": n, "action": ["user_login", "news", None][n % 3]}))
        for n in range(10)
    ]
    found = list(batches(count=3, tag="s.{category}.{account}").of(page))
    by_tag = [(batch.tag, ids(batch)) for batch in found]
    assert by_tag == [
        ("s.unknown.Lumen___S_hne", [1, 2, 4]),
        ("s.user.Lumen___S_hne", [0, 3, 6]),
        ("s.unknown.Lumen___S_hne", [5, 7, 8]),
        ("s.user.Lumen___S_hne", [9]),
    ]


def test_each_tag_keeps_to_the_bytes() -> None:
    page = [event(json.dumps({"id": n, "pad": "x" * 400})) for n in range(5)]
    found = list(batches(size=1000, tag="s.{category}").of(page))
    assert [len(batch) for batch in found] == [2, 2, 1]
    assert [n for batch in found for n in ids(batch)] == list(range(5))


def test_a_fixed_tag_is_filled_in_once() -> None:
    assert tags("slack.{account}.{input}").fixed == "slack.Lumen___S_hne.main"
    assert tags("slack.{category}").fixed == ""


@pytest.mark.parametrize(
    "pattern",
    ["", "a..b", ".a", "a.", "a b", "{user}", "slack.{actor}", "{", "a}", "\u00e4", "a/b"],
)
def test_other_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="--forward-tag"):
        tags(pattern)


@pytest.mark.parametrize(
    ("text", "wanted", "shown"),
    [
        ("logs", Address("logs", 24224), "logs:24224"),
        ("logs:1", Address("logs", 1), "logs:1"),
        ("127.0.0.1:65535", Address("127.0.0.1", 65535), "127.0.0.1:65535"),
        ("[::1]:24225", Address("::1", 24225), "[::1]:24225"),
        ("[::1]", Address("::1", 24224), "[::1]:24224"),
        ("::1", Address("::1", 24224), "[::1]:24224"),
        ("unix:///run/f.sock", Address("unix:///run/f.sock", 0), "unix:///run/f.sock"),
    ],
)
def test_addresses(text: str, wanted: Address, shown: str) -> None:
    assert parse_address(text) == wanted
    assert str(wanted) == shown
    assert wanted.path == ("/run/f.sock" if "unix" in text else "")


NO_ADDRESS = "|:1|a:0|a:65536|a:x|a:|[::1|[::1]x|[]:1|unix://x|http://a:1|a b:1"


@pytest.mark.parametrize("text", NO_ADDRESS.split("|"))
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--forward-host"):
        parse_address(text)
