# SPDX-License-Identifier: Apache-2.0
"""Records: the entry unchanged, and what becomes of values that cannot travel."""

from __future__ import annotations

import json
import sys
from typing import Any

import msgpack
import pytest
from fluent.sender import EventTime
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.sinks.forward.records import LEVELS, Records
from slack_audit_input.sinks.forward.travel import DEPTH, PATHS, travelling
from tests.forward.events import COLLECTOR, batches, entries, event, record
from tests.strategies import entry_values

usual_text = st.text(st.characters(codec="utf-8"), max_size=12)
usual_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | usual_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(usual_text, inner, max_size=3),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types all through: 1 is not 1.0 and not True."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) and str(one) == str(other)


@given(st.dictionaries(usual_text.filter("collector".__ne__), usual_values, max_size=5))
def test_an_entry_arrives_unchanged_with_its_types_and_order(value: dict[str, Any]) -> None:
    found = record(json.dumps(value))
    assert found.pop("collector") == COLLECTOR
    assert same(found, value)


@given(st.dictionaries(usual_text.filter("collector".__ne__), usual_values, max_size=5))
def test_the_slow_way_makes_the_same_of_what_the_fast_one_can(value: dict[str, Any]) -> None:
    found, altered = travelling(json.dumps(value))
    assert same(found, value)
    assert altered == []


@given(entry_values(), st.booleans())
def test_whatever_the_entry_something_of_it_arrives(value: Any, ascii_: bool) -> None:
    found = record(json.dumps(value, ensure_ascii=ascii_))
    json.dumps(found, allow_nan=False).encode()
    marks = [key for key in found if key.startswith("collector")]
    assert marks
    if isinstance(value, dict):
        assert len(found) == len(value) + 1


@pytest.mark.parametrize(
    ("text", "wanted", "altered"),
    [
        ('{"a":18446744073709551615}', {"a": 2**64 - 1}, None),
        ('{"a":18446744073709551616}', {"a": "18446744073709551616"}, ["a"]),
        ('{"a":-9223372036854775808}', {"a": -(2**63)}, None),
        ('{"a":-9223372036854775809}', {"a": "-9223372036854775809"}, ["a"]),
        ('{"a":[1,%s]}' % ("9" * 5000), {"a": [1, "9" * 5000]}, ["a[1]"]),
        ('{"a":{"b":NaN}}', {"a": {"b": "NaN"}}, ["a.b"]),
        ('{"a":[Infinity,-Infinity]}', {"a": ["Infinity", "-Infinity"]}, ["a[0]", "a[1]"]),
        ('{"a":1e400,"b":-1e400}', {"a": "1e400", "b": "-1e400"}, ["a", "b"]),
        ('{"a":"x\\ud800y"}', {"a": "x\\ud800y"}, ["a"]),
        ('{"a":"x\udc80y"}', {"a": "x\\udc80y"}, ["a"]),
        ('{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}, None),
        ('{"\\ud800":1,"\\\\ud800":2}', {"\\ud800_": 1, "\\ud800": 2}, ["\\ud800"]),
        ('{"a":"tab\there"}', {"a": "tab\there"}, None),
        ('{"a":0.1,"b":-0.0,"c":1.0,"d":1E5}', {"a": 0.1, "b": -0.0, "c": 1.0, "d": 1e5}, None),
        ("[1,2]", {"entry": [1, 2]}, None),
        ('"x"', {"entry": "x"}, None),
        ("NaN", {"entry": "NaN"}, ["entry"]),
        ("null", {"entry": None}, None),
        ("{}", {}, None),
        ("{not json", {"entry": "{not json"}, ["entry"]),
    ],
)
def test_what_cannot_travel_travels_as_text_and_says_so(
    text: str, wanted: dict[str, Any], altered: list[str] | None
) -> None:
    found = record(text)
    mark = found.pop("collector")
    assert same(found, wanted)
    assert mark == ({**COLLECTOR, "altered": altered} if altered else COLLECTOR)


def test_the_quick_decoder_and_the_other_pack_the_same() -> None:
    """Entry by entry and all in one batch: nothing of one that is refused stays in the others."""
    values = [[], ["x"], {"a": [{}]}, 2**64 - 1, -(2**63), 1.5e300, True, None, "\xfc\U0001f600"]
    texts = [json.dumps({"a": value, "b": [value]}) for value in values]
    odd = [
        '{"a":NaN}',
        "[1]",
        '{"collector":1}',
        '{"a":1e999}',
        f'{{"a":{2**64}}}',
        '{"a":"\ud800"}',
    ]
    deep = ['{"a":' * levels + "1" + "}" * levels for levels in (LEVELS, LEVELS + 1, DEPTH + 1)]
    page = [event(text, second) for second, text in enumerate(texts + odd + deep)]
    page = [*page, *page[::-1], event("{}", 2**32), event("{}", -1), page[0]]
    one_by_one, ends = bytearray(), []
    for one in page:
        Records(COLLECTOR).add(one, one_by_one)
        ends.append(len(one_by_one))
    together = bytearray(b"before")
    records = Records(COLLECTOR)
    assert records.fill(together, page, 10**6) == [end + len(b"before") for end in ends]
    assert together == b"before" + one_by_one
    assert records.altered == 2 * 5


@pytest.mark.parametrize("levels", [2, LEVELS, LEVELS + 1, DEPTH])
@pytest.mark.parametrize("kind", ["[]", "{}"])
def test_levels_that_hosts_take_are_no_reason_to_alter_anything(levels: int, kind: str) -> None:
    head, tail = ("[", "]") if kind == "[]" else ('{"k":', "}")
    text = f'{{"deep":{head * (levels - 1)}1.0{tail * (levels - 1)}}}'
    found = record(text)
    assert found.pop("collector") == COLLECTOR
    assert same(found, json.loads(text))


def test_packing_leaves_no_copy_in_the_pages_text() -> None:
    text = json.dumps({"name": "S\xf6hne" * 50}, ensure_ascii=False)
    before = sys.getsizeof(text)
    Records(COLLECTOR).fill(bytearray(), [event(text)], 10**6)
    Records(COLLECTOR).add(event(text), bytearray())
    assert sys.getsizeof(text) == before


@pytest.mark.parametrize("levels", [DEPTH - 1, DEPTH, DEPTH + 1, 511, 2_000, 100_000])
@pytest.mark.parametrize("kind", ["[]", "{}"])
def test_what_lies_too_deep_travels_as_its_text(levels: int, kind: str) -> None:
    """The entry itself is a level too."""
    inner = '"NaN]}",NaN' if kind == "[]" else '"k":"NaN]}"'
    head = "[" if kind == "[]" else '{"k":'
    value = head * (levels - 2) + kind[0] + inner + kind[1] + kind[1] * (levels - 2)
    found = record(f'{{"id":"i","deep":{value},"nan":NaN}}')
    mark, there = found.pop("collector"), found["deep"]
    path = "deep"
    for _ in range(min(levels, DEPTH) - 2):
        there = there[0] if kind == "[]" else there["k"]
        path += "[0]" if kind == "[]" else ".k"
    assert (found["id"], found["nan"]) == ("i", "NaN")
    if levels <= DEPTH:
        nan = [f"{path}[1]"] if kind == "[]" else []
        assert there == (["NaN]}", "NaN"] if kind == "[]" else {"k": "NaN]}"})
        assert mark["altered"] == [*nan, "nan"]
    else:
        (text,) = there if kind == "[]" else there.values()
        beyond = levels - DEPTH
        assert text == value[len(head) * (DEPTH - 1) : len(value) - (DEPTH - 1)]
        assert text.endswith(kind[1] * beyond)
        assert mark["altered"] == [path + ("[0]" if kind == "[]" else ".k"), "nan"]


def test_no_more_paths_are_listed_than_are_of_use() -> None:
    found = record(json.dumps({"a": [float("nan")] * (PATHS + 7)}))
    altered = found["collector"]["altered"]
    assert len(altered) == PATHS + 1
    assert altered[-1] == "and 7 more"


def test_an_entrys_own_collector_stays() -> None:
    found = record('{"collector":"theirs","collector_":"too"}')
    assert found == {"collector": "theirs", "collector_": "too", "collector__": COLLECTOR}


def test_altered_records_are_counted() -> None:
    records = Records(COLLECTOR)
    for text in ('{"a":1}', '{"a":NaN}', '{"collector":1}', "[1e999]"):
        records.add(event(text), bytearray())
    assert records.altered == 2


@pytest.mark.parametrize("second", [-2, 0, 1_700_000_000, 2**32 - 1, 2**32, 64_060_588_799])
def test_the_time_is_that_of_the_event(second: int) -> None:
    (batch,) = batches().of([event("{}", second), event("{}", second + 1)])
    assert [entry[:2] for entry in entries(batch)] == [(second, 0), (second + 1, 0)]


@given(st.integers(0, 2**32 - 1))
def test_event_time_is_packed_as_fluent_logger_does(second: int) -> None:
    packed = bytearray()
    Records(COLLECTOR).add(event("{}", second), packed)
    assert packed[1:].startswith(msgpack.packb(EventTime(second, 0)))
