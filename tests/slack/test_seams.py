# SPDX-License-Identifier: Apache-2.0
"""The quick ways and the thorough one make the same of every page."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.model.errors import Retryable
from slack_audit_input.slack import decode, seams
from slack_audit_input.slack.decode import decode_page, decode_text
from slack_audit_input.slack.entries import Entries, scan
from slack_audit_input.slack.seams import read_ahead
from slack_audit_input.slack.skim import skim
from slack_audit_input.slack.unpack import text_of

WINDOW_END = 1_600_000_000
#: What somebody may call a channel, or Slack may send one day, to be taken for a seam.
NASTY = ("},{", '},{"id":"', "{", "}", "[{", "\\", '"', '\\"},{\\"', "é", "\u2028", "a\nb", "")
words = st.one_of(st.sampled_from(NASTY), st.text(max_size=8))
ids = st.one_of(st.uuids().map(str), words)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)


@st.composite
def slack_entries(draw: st.DrawFn) -> dict[str, Any]:
    """An entry with its fields in one of Slack's orders, or in any."""
    entry: dict[str, Any] = {
        "id": draw(ids),
        "date_create": draw(st.one_of(st.integers(0, 2_000_000_000), values)),
        "action": draw(words),
        "actor": {"type": "user", "user": {"id": "W1", "name": draw(words)}},
        "entity": {"type": "channel", "channel": {"name": draw(words)}},
        "context": {"ua": draw(words), "location": {"name": draw(words)}},
        "details": draw(values),
    }
    for name in draw(st.sets(st.sampled_from(sorted(entry)), max_size=1)):
        del entry[name]
    order = draw(st.sampled_from(["usual", "sorted", "any"]))
    if order == "sorted":
        return dict(sorted(entry.items()))
    return entry if order == "usual" else dict(draw(st.permutations(list(entry.items()))))


def page_text(entries: Iterable[Any], cursor: str = "abc=") -> str:
    page = {"entries": list(entries), "response_metadata": {"next_cursor": cursor}}
    return json.dumps(page, separators=(",", ":"), ensure_ascii=False)


def nested(entry: dict[str, Any], *inside: Any) -> dict[str, Any]:
    return {**entry, "details": {"list": list(inside)}}


def usual(number: int, name: str = "general") -> dict[str, Any]:
    return {
        "id": f"9d9b76ce-47bb-4838-a96a-1b5fd4d1{number:04}",
        "date_create": 1_500_000_000 - number,
        "action": "user_login",
        "actor": {"type": "user", "user": {"id": "W1", "name": name}},
        "context": {"location": {"id": "T1"}},
    }


def assert_same(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    thorough = decode_text(text_of(body), WINDOW_END)
    assert decode_page(body, WINDOW_END) == thorough
    assert decode_page(gzip.compress(body), WINDOW_END, encoding="gzip") == thorough
    ahead = Entries(WINDOW_END, None)
    rest = read_ahead([text], ahead)
    assert rest is None or decode._page(rest, ahead, cursor=False) == thorough


@given(st.lists(slack_entries(), max_size=8), st.integers(1, 200))
def test_both_ways_agree(entries: list[dict[str, Any]], size: int) -> None:
    text = page_text(entries)
    assert_same(text)
    ahead = Entries(WINDOW_END, None)
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    rest = read_ahead(chunks, ahead)
    if rest is not None:
        # However the text is cut up, nothing of it goes astray.
        assert decode._page(rest, ahead, cursor=False) == decode_text(text, WINDOW_END)
    ahead = Entries(WINDOW_END, None)
    body = text.encode("utf-8", "surrogatepass")
    rest = skim([body[start : start + size] for start in range(0, len(body), size)], ahead)
    if rest is not None:
        assert decode._page(rest, ahead, cursor=False) == decode_text(text, WINDOW_END)


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_no_seam(name: str) -> None:
    entries = [usual(1, name), dict(sorted(usual(2, name).items())), usual(3), usual(4, name)]
    assert_same(page_text(entries))


@pytest.mark.parametrize("by_alphabet", [False, True])
def test_an_entry_inside_an_entry_is_part_of_it(by_alphabet: bool) -> None:
    entries = [usual(1), nested(usual(2), usual(7), usual(8), {"a": 1}, {"b": 2}), usual(3)]
    if by_alphabet:
        entries = [dict(sorted(entry.items())) for entry in entries]
    assert_same(page_text(entries))
    page = decode_page(page_text(entries).encode(), WINDOW_END)
    assert [second for second, _, _ in page.events] == [e["date_create"] for e in entries]


def test_usual_pages_take_the_quick_way() -> None:
    entries = [usual(1), dict(sorted(usual(2).items())), nested(usual(3), {"a": 1}, {"b": 2})]
    ahead = Entries(WINDOW_END, None)
    rest = read_ahead([page_text([*entries, usual(4)])], ahead)
    assert rest == page_text([usual(4)])
    assert ahead.page("", True).entries == 3
    ahead = Entries(WINDOW_END, None)
    assert skim([page_text([*entries, usual(4)]).encode()], ahead) == rest
    assert ahead.page("", True).entries == 3


@pytest.mark.parametrize(
    "odd",
    [
        {"date_create": 1.0},
        {"date_create": True},
        {"date_create": -1},
        {"date_create": 10**12},
        {"id": ""},
        {"id": None},
        {"action": None},
        {"details": float("nan")},
    ],
)
def test_a_page_with_an_odd_entry_is_not_skimmed(odd: dict[str, Any]) -> None:
    text = page_text([usual(1), {**usual(2), **odd}, usual(3), usual(4)])
    ahead = Entries(WINDOW_END, None)
    assert skim([text.encode()], ahead) is None
    assert ahead.page("", True).entries == 0
    assert_same(text)


def test_a_batch_that_ends_inside_an_entry_is_not_skimmed() -> None:
    text = page_text([usual(1), nested(usual(2), usual(7), usual(8)), usual(3)])
    head = page_text([usual(8)]).partition('"actor"')[0].removeprefix('{"entries":[')
    before, behind = text.encode().split(head.encode())
    ahead = Entries(WINDOW_END, None)
    assert skim([before + head.encode(), behind], ahead) is None
    assert_same(text)


def test_a_long_list_of_objects_is_read_once_or_twice_not_for_each_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = 0

    def counting(text: str, position: int) -> tuple[Any, int]:
        nonlocal read
        read += len(text) - position
        return scan(text, position)

    monkeypatch.setattr(seams, "scan", counting)
    monkeypatch.setattr(decode, "skim", None)
    # Braces in its strings make every object look like the end of the entry.
    teasing = [{"a": "}" * (n == 0), "n": n} for n in range(20_000)]
    text = page_text([usual(1), nested(usual(2), *teasing), usual(3), usual(4)])
    assert_same(text)
    assert read < 120 * len(text)


@pytest.mark.parametrize("cut", [1, 2, 20, 200, 400])
def test_a_cut_page_is_noticed(cut: int) -> None:
    body = page_text(usual(n) for n in range(5)).encode()[:-cut]
    with pytest.raises(Retryable, match=f"cut or not JSON \\({len(body)} characters"):
        decode_page(body, WINDOW_END)


def test_bytes_that_are_no_text_go_through() -> None:
    body = page_text([usual(1, "caf\xe9"), usual(2), usual(3)]).encode("latin-1")
    page = decode_page(body, WINDOW_END)
    assert page == decode_text(text_of(body), WINDOW_END)
    _, _, first = page.events[0]
    assert b"caf\xe9" in first.encode("utf-8", "surrogateescape")


def test_what_is_no_json_inside_a_usual_entry_is_delivered_as_it_came() -> None:
    text = page_text([usual(1), usual(2), usual(3)]).replace('"general"', '"general" oops', 1)
    assert skim([text.encode()], Entries(WINDOW_END, None)) is None
    page = decode_page(text.encode(), WINDOW_END)
    assert page.entries == 3
    _, _, first = page.events[0]
    assert '"general" oops' in first
