# SPDX-License-Identifier: Apache-2.0
"""Whatever Slack puts into a page comes out of it: every entry, in order, byte for byte."""

from __future__ import annotations

import itertools
import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.model.errors import CollectorError, ProtocolError, Retryable
from slack_audit_input.model.event import Event, Page
from slack_audit_input.slack.decode import decode_page
from slack_audit_input.slack.entries import SECOND_MOST
from slack_audit_input.slack.keys import hash_of, keys_of
from tests import strategies
from tests.strategies import Body

WINDOW_END = 1_600_000_000
PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data"


def body_of(*entries: str | bytes, rest: bytes = b"") -> bytes:
    raw = [e.encode("utf-8", "surrogatepass") if isinstance(e, str) else e for e in entries]
    return b'{"entries":[' + b",".join(raw) + b"]" + rest + b"}"


def events_of(page: Page) -> list[Event]:
    return [*page.events, *page.undated]


def only(body: bytes) -> Event:
    page = decode_page(body, WINDOW_END)
    [event] = events_of(page)
    assert page.entries == 1
    return event


def expected_second(value: Any) -> int | None:
    """The rule in other words than the code's."""
    date = value.get("date_create") if isinstance(value, dict) else None
    if isinstance(date, bool) or date is None:
        return None
    if isinstance(date, str):
        date = int(date) if set(date) <= set("0123456789") and 0 < len(date) < 12 else -1
    if not isinstance(date, (int, float)) or (isinstance(date, float) and not math.isfinite(date)):
        return None
    return int(date) if 0 <= date < SECOND_MOST else None


def same(first: Any, second: Any) -> bool:
    """JSON-equal, with NaN equal to itself and -0.0 unlike 0."""
    return json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)


@given(strategies.bodies())
def test_every_entry_comes_out_as_it_was_sent(body: Body) -> None:
    page = decode_page(body.raw, WINDOW_END)
    assert page.entries == len(body.entries)
    assert (page.next_cursor, page.end_stated) == (body.next_cursor, body.end_stated)

    wanted: dict[bool, list[Any]] = {True: [], False: []}
    for entry in body.entries:
        wanted[expected_second(entry.value) is not None].append(entry)
    for dated, events in ((True, page.events), (False, page.undated)):
        assert len(events) == len(wanted[dated])
        for (second, key, text), entry in zip(events, wanted[dated]):
            got = text.encode("utf-8", "surrogateescape")
            assert b"\n" not in got and b"\r" not in got
            if entry.pretty:
                assert same(json.loads(text), json.loads(body_text(entry.raw)))
            else:
                assert got == entry.raw
            value = entry.value
            name = value.get("id") if isinstance(value, dict) else None
            usable = isinstance(name, str) and name
            if b"\xed" not in entry.raw:  # where a surrogate came raw, the id is its bytes
                assert key == (keys_of([str(name)])[0] if usable else hash_of(text))
            wanted_second = expected_second(value)
            assert second == (WINDOW_END if wanted_second is None else wanted_second)
    dates = [s for s in (expected_second(e.value) for e in body.entries) if s is not None]
    assert page.newest == max(dates, default=None)
    assert page.oldest == min(dates, default=None)
    assert page.ordered == (dates == sorted(dates, reverse=True))
    assert page.odd == sum(is_odd(e.value) for e in body.entries)


def body_text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def is_odd(value: Any) -> bool:
    if not isinstance(value, dict):
        return True
    name, date = value.get("id"), value.get("date_create")
    usual = isinstance(date, int) and not isinstance(date, bool) and 0 <= date < SECOND_MOST
    return not (isinstance(name, str) and name and usual)


@given(strategies.bodies(strategies.entry_values(usual=True)))
def test_usual_entries_are_never_odd(body: Body) -> None:
    page = decode_page(body.raw, WINDOW_END)
    assert page.odd == 0 and not page.undated
    assert len(page.events) == len(body.entries)


@given(strategies.bodies(), st.sampled_from(["user_login", "a.b"]))
def test_filters_drop_entries_but_not_their_dates(body: Body, action: str) -> None:
    everything = decode_page(body.raw, WINDOW_END)
    some = decode_page(body.raw, WINDOW_END, lambda entry: entry.get("action") == action)
    wanted = [e.raw for e in body.entries if isinstance(e.value, dict)]
    wanted = [raw for raw in wanted if json.loads(body_text(raw)).get("action") == action]
    assert len(events_of(some)) == len(wanted)
    assert (some.entries, some.newest, some.oldest, some.ordered) == (
        everything.entries,
        everything.newest,
        everything.oldest,
        everything.ordered,
    )


@pytest.mark.parametrize("entry", ['""', '"x"', "0", "-1.5e3", "null", "true", "[]", "[[]]", "NaN"])
def test_entries_that_are_no_objects_are_delivered(entry: str) -> None:
    page = decode_page(body_of(entry, '{"id":"a","date_create":7}', entry), WINDOW_END)
    assert [text for _, _, text in page.undated] == [entry, entry]
    assert page.undated[0] == (WINDOW_END, hash_of(entry), entry)
    assert [second for second, _, _ in page.events] == [7]
    assert page.odd == 2


@pytest.mark.parametrize(
    ("date", "second"),
    [
        ("1700000000", 1700000000),
        ("1700000000.9", 1700000000),
        ('"1700000000"', 1700000000),
        ("0", 0),
        (str(SECOND_MOST - 1), SECOND_MOST - 1),
        (str(SECOND_MOST), None),
        ("-1", None),
        ("true", None),
        ("1e999", None),
        ("NaN", None),
        ("-Infinity", None),
        ("null", None),
        ('"2023-11-14 22:13:20"', None),
        ('"-5"', None),
        ('"²"', None),
        ("1700000000000", None),
        ("9" * 10_000, None),
        ("[1700000000]", None),
    ],
)
def test_dates_in_any_form(date: str, second: int | None) -> None:
    entry = f'{{"id":"x","date_create":{date}}}'
    page = decode_page(body_of(entry), WINDOW_END)
    [event] = events_of(page)
    assert event == (WINDOW_END if second is None else second, keys_of(["x"])[0], entry)
    assert bool(page.undated) == (second is None)


@pytest.mark.parametrize(
    "details",
    [
        '"\\ud800 alone"',
        '"\\u0000"',
        '"\u2028\u2029\x85\ufeff\ufffe\uffff"',
        '"raw \t\x01\x1f\x7f control"',
        "NaN",
        "[Infinity,-Infinity,-0.0,1E400]",
        "1" * 10_000,
        "-" + "1" * 4_300,
        '{"a":1,"a":2,"id":"not this one","date_create":3}',
        '"https:\\/\\/x.example\\/😀"',
        '{"": {"": [null, {}, []]}}',
        '"' + "\\" * 2000 + '"',
        '"' + '\\"' * 2000 + '"',
    ],
    ids=lambda text: repr(text[:12]),
)
def test_details_that_other_parsers_stumble_over(details: str) -> None:
    entry = f'{{"details":{details},"id":"x","date_create":7,"more":{details}}}'
    assert only(body_of(entry)) == (7, keys_of(["x"])[0], entry)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"":'])
def test_nesting_of_100_000_levels(opening: str) -> None:
    closing = "".join("]" if c == "[" else "}" for c in reversed(opening) if c in "[{")
    inner = '"]}\\"{["'
    deep = opening * 100_000 + inner + closing * 100_000
    inside = f'{{"a":[{deep},1,{{"b":{deep}}}],"details":{deep},"id":"x","date_create":7}}'
    after = '{"id":"y","date_create":6}'
    page = decode_page(body_of(deep, inside, after), WINDOW_END)
    assert page.events == [(7, keys_of(["x"])[0], inside), (6, keys_of(["y"])[0], after)]
    assert page.undated == [(WINDOW_END, hash_of(deep), deep)]
    for cut in (deep[:-1], deep[: len(deep) // 2], inside[:-1]):
        with pytest.raises(Retryable):
            decode_page(body_of(after, cut), WINDOW_END)
    rest = f',"extra":{deep}'.encode()
    _, _, text = only(body_of(after, rest=rest))
    assert text == after


def test_a_key_twice_counts_as_the_last() -> None:
    entry = '{"id":"x","id":"y","date_create":1,"date_create":2}'
    assert only(body_of(entry)) == (2, keys_of(["y"])[0], entry)


@pytest.mark.parametrize("indent", [None, 2])
def test_an_entry_of_50_megabytes(indent: int | None) -> None:
    # A string of escapes is the dearest to look through; one of plain letters is the longest.
    value = {"id": "x", "date_create": 7, "details": ["\n" * 12_500_000, "x" * 25_000_000]}
    entry = json.dumps(value, indent=indent)
    began = time.process_time()
    second, _, text = only(body_of(entry))
    assert time.process_time() - began < 10
    assert (second, len(text)) == (7, len(entry))
    assert text == entry.replace("\n", " ")


def test_bytes_that_are_no_utf_8_come_out_again() -> None:
    bad = b'{"id":"x","date_create":7,"details":"\xff\xfe \xed\xa0\x80 \xc3\xa9 \xc3"}'
    good = '{"id":"é","date_create":6}'.encode()
    page = decode_page(body_of(bad, good), WINDOW_END)
    assert [text.encode("utf-8", "surrogateescape") for _, _, text in page.events] == [bad, good]
    _, key, _ = page.events[1]
    assert key == keys_of(["é"])[0]


@pytest.mark.parametrize("rest", [b"", b',"ok":true', b',"response_metadata":null'])
def test_a_byte_order_mark_is_passed_over(rest: bytes) -> None:
    body = body_of('{"id":"x","date_create":7}', rest=rest)
    second, _, _ = only(b"\xef\xbb\xbf" + body)
    assert second == 7


def test_line_breaks_within_strings_are_escaped_and_between_tokens_go() -> None:
    entry = '{\r\n "id": "x",\n "date_create": 7, "details": "a\nb\r\\n\\\\"\n}'
    _, _, text = only(body_of(entry))
    assert text == '{   "id": "x",  "date_create": 7, "details": "a\\nb\\r\\n\\\\" }'
    assert json.loads(text)["details"] == "a\nb\r\n\\"


ENTRIES = (
    '{"id":"0c4f9d6e-1f1b-4b6e-9d0a-2d9a7c1f6f11","date_create":7,"details":{"a":["\\u00e9\\/",1]}}',
    '{"id":"é😀","date_create":6,"n":-1.5e-3}',
    "[]",
)


def test_a_cut_body_is_never_a_page() -> None:
    body = body_of(*ENTRIES, rest=b',"response_metadata":{"next_cursor":"abc="}')
    assert decode_page(body, WINDOW_END).next_cursor == "abc="
    for length in range(len(body)):
        with pytest.raises(Retryable) as caught:
            decode_page(body[:length], WINDOW_END)
        assert "empty" in str(caught.value) if length == 0 else "cut" in str(caught.value)


@pytest.mark.parametrize("body", [b"", b" \n", b"\xef\xbb\xbf"])
def test_an_empty_body_is_called_empty(body: bytes) -> None:
    with pytest.raises(Retryable, match="empty"):
        decode_page(body, WINDOW_END)


@pytest.mark.parametrize("body", [b"<html>", b"\n<!DOCTYPE html><p>{}", b"<" * 100_000])
def test_html_is_called_html(body: bytes) -> None:
    with pytest.raises(Retryable, match="HTML"):
        decode_page(body, WINDOW_END)


@pytest.mark.parametrize(
    "body",
    [
        b'{"ok":true}',
        b"{}",
        b'{"entries":null}',
        b'{"entries":{}}',
        b'{"entries":"[]"}',
        b'{"entries":[],"entries":[]}',
        b'{"entries":[],"entries":null}',
        b'{"entries":[],"response_metadata":"abc"}',
        b'{"entries":[],"response_metadata":["abc"]}',
        b'{"entries":[],"response_metadata":0}',
        b'{"entries":[],"response_metadata":{"next_cursor":5}}',
        b'{"entries":[],"response_metadata":{"next_cursor":false}}',
        b'{"entries":[],"response_metadata":{"next_cursor":"half a pair: \\udc41"}}',
    ],
)
def test_other_shapes_are_asked_for_again(body: bytes) -> None:
    with pytest.raises(Retryable) as caught:
        decode_page(body, WINDOW_END)
    assert caught.value.kind == "shape"


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b'{"entries":[]}{}',
        b'{"entries":[]} x',
        b'{"entries":[{}{}]}',
        b'{"entries":[,]}',
        b'{"entries":[{},]}',
        b'{"entries":[{} "a"]}',
        b'{"entries":[] "a":1}',
        b'{"entries" []}',
        b"{'entries':[]}",
        b'{"entries":[{"a":tru}]}',
        b'{"entries":[{"a":"\\x"}]}',
        b"{entries:[]}",
        b'{"a":1 "entries":[]}',
    ],
)
def test_what_is_not_json_is_asked_for_again(body: bytes) -> None:
    with pytest.raises(Retryable) as caught:
        decode_page(body, WINDOW_END)
    assert caught.value.kind == "body"


@pytest.mark.parametrize("entries", [b"[]", b'[{"id":"x","date_create":7}]'])
def test_an_error_with_entries_is_still_an_error(entries: bytes) -> None:
    for said in (b'"ok":false', b'"error":"internal_error"', b'"ok":false,"error":"no_such"'):
        with pytest.raises(CollectorError):
            decode_page(b'{"entries":%s,%s}' % (entries, said), WINDOW_END)
    with pytest.raises(ProtocolError) as caught:
        decode_page(b'{"ok":false,"entries":[]}', WINDOW_END)
    assert caught.value.evidence == b'{"ok":false,"entries":[]}'


def page_or_error(body: bytes) -> Page | None:
    try:
        return decode_page(body, WINDOW_END)
    except CollectorError:
        return None


@given(st.binary())
def test_garbage_is_an_error_and_nothing_else(garbage: bytes) -> None:
    page_or_error(garbage)
    page_or_error(b'{"entries":[' + garbage)


@given(st.text('{}[]",:\\ entris0e-1.\n', max_size=40))
def test_nearly_json_is_a_page_only_if_it_is_json(text: str) -> None:
    for body in (text, '{"entries":[' + text, '{"entries":[' + text + "]}"):
        page = page_or_error(body.encode())
        if page is not None:
            assert page.entries == len(json.loads(body, strict=False)["entries"])


@given(strategies.bodies(), st.data())
def test_a_damaged_body_is_a_page_only_if_it_is_json(body: Body, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(body.raw)))
    until = data.draw(st.integers(place, min(len(body.raw), place + 3)))
    damaged = body.raw[:place] + data.draw(st.binary(max_size=2)) + body.raw[until:]
    page = page_or_error(damaged)
    if page is not None:
        text = damaged.decode("utf-8", "surrogateescape").lstrip("\ufeff")
        assert page.entries == len(json.loads(text, strict=False)["entries"])


@given(
    st.dictionaries(
        st.sampled_from(["ok", "error", "entries", "response_metadata", "next_cursor"]),
        strategies.json_values,
    )
)
def test_any_envelope_is_a_page_or_an_error(envelope: dict[str, Any]) -> None:
    page = page_or_error(json.dumps(envelope).encode())
    if page is not None:
        assert page.entries == len(envelope["entries"])


def published() -> list[Path]:
    return sorted(PUBLISHED.glob("events.*.jsonl"))


@pytest.mark.parametrize("newlines", [False, True])
def test_published_entries(newlines: bool) -> None:
    files = published()
    if not files:
        pytest.skip(f"no published entries at {PUBLISHED} (it lies outside the repository)")
    lines = list(
        itertools.chain.from_iterable(f.read_text(encoding="utf-8").splitlines() for f in files)
    )
    body = (",\n" if newlines else ",").join(lines).join(['{"entries":[', "]}"])
    page = decode_page(body.encode(), WINDOW_END)
    assert page.entries == len(lines) > 50
    dated = [line for line in lines if expected_second(json.loads(line)) is not None]
    assert [text for _, _, text in page.events] == dated
    assert len(page.undated) == len(lines) - len(dated)
    names = [json.loads(line).get("id") for line in dated]
    with_id = {n for n in names if n}
    assert len({key for (_, key, _), n in zip(page.events, names) if n}) == len(with_id)
