# SPDX-License-Identifier: Apache-2.0
"""The line: two keys in front, then the entry byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.sinks.lines import FRONT, LINES
from tests.sinks.events import COLLECTOR, SECOND, lines

MARK = json.dumps(COLLECTOR, separators=(",", ":")).encode()
START = b'{"@timestamp":"2023-11-14T22:13:20Z","collector":' + MARK

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


def line_of(text: str, second: int = SECOND) -> bytes:
    """The one line of an entry."""
    (block,) = lines().encoded([(second, 1, text)])
    assert block.endswith(b"\n")
    assert block.count(b"\n") == 1
    return block[:-1]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ('{"id":"x"}', b',"id":"x"}'),
        ('{ "id" : "x" }', b', "id" : "x" }'),
        ("{}", b"}"),
        ("{ }", b" }"),
        ("{ \t }", b" \t }"),
        ("17", b',"entry":17}'),
        ("null", b',"entry":null}'),
        ('"{}"', b',"entry":"{}"}'),
        ('[{"id":1}]', b',"entry":[{"id":1}]}'),
        ('{"a":"\\ud800"}', b',"a":"\\ud800"}'),
        ('{"a":"\\/ \\u00e4"}', b',"a":"\\/ \\u00e4"}'),
        ('{"a":"\u00e4\U0001f600\u2028"}', ',"a":"\u00e4\U0001f600\u2028"}'.encode()),
        ('{"a":"\udcff\udc80"}', b',"a":"\xff\x80"}'),
        ('{"a":"\ud800\udfff"}', b',"a":"\\ud800\\udfff"}'),
        ('{"a":"\udc7f\udd00"}', b',"a":"\\udc7f\\udd00"}'),
        (
            '{"a":123456789012345678901234567890,"b":NaN}',
            b',"a":' + b"1234567890" * 3 + b',"b":NaN}',
        ),
    ],
)
def test_the_entry_stands_byte_for_byte_behind_two_keys(text: str, end: bytes) -> None:
    assert line_of(text) == START + end


@pytest.mark.parametrize(
    ("second", "shown"),
    [
        (0, b"1970-01-01T00:00:00Z"),
        (1, b"1970-01-01T00:00:01Z"),
        (951_782_400, b"2000-02-29T00:00:00Z"),
        (1_700_000_000, b"2023-11-14T22:13:20Z"),
        (64_060_588_799, b"3999-12-31T23:59:59Z"),
        (-62_135_596_800, b"0001-01-01T00:00:00Z"),
    ],
)
def test_the_time_is_rfc_3339_in_utc(second: int, shown: bytes) -> None:
    assert line_of("{}", second).startswith(FRONT + shown + b'"')


@given(st.dictionaries(st.text(), json_values, max_size=6), st.booleans(), st.booleans())
def test_any_object_comes_back(entry: dict[str, Any], ascii_only: bool, spaced: bool) -> None:
    text = json.dumps(
        entry, ensure_ascii=ascii_only, separators=(", ", ": ") if spaced else (",", ":")
    )
    line = line_of(text)
    assert line.startswith(START)
    assert line.endswith(text[1:].encode())
    found = json.loads(line)
    assert list(found)[:2] == ["@timestamp", "collector"]
    if not {"@timestamp", "collector"} & set(entry):
        del found["@timestamp"], found["collector"]
    assert json.dumps(found) == json.dumps({**found, **entry})


@given(json_values.filter(lambda value: not isinstance(value, dict)))
def test_any_other_value_comes_back(value: Any) -> None:
    text = json.dumps(value)
    found = json.loads(line_of(text))
    assert list(found) == ["@timestamp", "collector", "entry"]
    assert json.dumps(found["entry"]) == text


@given(st.text(st.characters(min_codepoint=0x20), max_size=50))
def test_any_characters_at_all_have_a_line(text: str) -> None:
    # What is no JSON stays none; but it is one line, and no line is ever refused.
    line = line_of('{"a":"' + text)
    assert line.startswith(START)


@given(st.binary(max_size=60).filter(lambda b: b"\n" not in b and b"\r" not in b))
def test_bytes_that_are_no_text_come_back(data: bytes) -> None:
    text = '{"a":"' + data.decode("utf-8", "surrogateescape") + '"}'
    assert line_of(text) == START + b',"a":"' + data + b'"}'


@given(st.text(st.characters(min_codepoint=0xD800, max_codepoint=0xDC7F), min_size=1, max_size=9))
def test_lone_surrogates_are_escapes_that_say_the_same(text: str) -> None:
    found = json.loads(line_of('{"a":"' + text + '"}'))
    assert found["a"] == json.loads(json.dumps(text))


def test_many_events_come_in_blocks_and_in_order() -> None:
    count = 2 * LINES + 17
    made = [(SECOND + n // 5, n, f'{{"n":{n}}}') for n in range(count)]
    blocks = list(lines().encoded(made))
    assert [block.count(b"\n") for block in blocks] == [LINES, LINES, 17]
    found = [json.loads(line) for line in b"".join(blocks).splitlines()]
    assert [one["n"] for one in found] == list(range(count))
    assert found[-1]["@timestamp"] > found[0]["@timestamp"]
    assert all(one["collector"] == COLLECTOR for one in found)
    assert list(lines().encoded([])) == []
