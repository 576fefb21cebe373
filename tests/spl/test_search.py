# SPDX-License-Identifier: Apache-2.0
"""The evaluator of SPL against what Splunk's documentation says of the commands."""

from __future__ import annotations

import pytest

from tests.spl.search import Spl
from tests.spl.words import SplError

EVENTS = [
    {"_time": ["130"], "user": ["ana"], "kind": ["b"], "tags": ["x", "y"], "size": ["9"]},
    {"_time": ["70"], "user": ["ben"], "kind": ["a"], "tags": ["y"], "size": ["10"]},
    {"_time": ["10"], "user": ["ana"], "kind": ["a"], "size": ["2"]},
]


def run(text: str) -> list[dict[str, list[str]]]:
    return Spl(text).run(EVENTS)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("user=ANA", ["130", "10"]),
        ("user=a* kind=b", ["130"]),
        # OR binds closer than the AND between two terms.
        ("user=ana kind=b OR kind=a", ["130", "10"]),
        ("NOT user=ana", ["70"]),
        ("tags=x", ["130"]),
        ("tags!=x", ["70"]),
        ("NOT tags=x", ["70", "10"]),
        ("tags=*", ["130", "70"]),
        ("size>=9", ["130", "70"]),
        ('kind IN (b, "c*")', ["130"]),
        ('user=* ("kind"="b" OR size<3)', ["130", "10"]),
        ("_index_earliest=-5m@m user=ben", ["70"]),
    ],
)
def test_search_terms(text: str, times: list[str]) -> None:
    assert [row["_time"][0] for row in run(text)] == times


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('if(user="ana", 1, 2)', "1"),
        ('case(kind="a", "one", kind="b", "two")', "two"),
        ("coalesce(missing, user)", "ana"),
        ("size/2", "4.5"),
        ("round(size/2)", "5"),
        ('"a" . size', "a9"),
        ("mvcount(tags)", "2"),
        ('mvjoin(tags, "+")', "x+y"),
        ('strftime(_time, "%H:%M:%S")', "00:02:10"),
        ("1+2*3", "7"),
        ('if(NOT missing="x", "yes", "null is not false")', "null is not false"),
    ],
)
def test_eval(text: str, value: str) -> None:
    assert run(f"user=* | eval found={text}")[0]["found"] == [value]


def test_stats_by_a_field_with_several_values_counts_each() -> None:
    rows = run("user=* | stats count dc(user) as users values(kind) as kinds by tags")
    assert [(row["tags"][0], row["count"][0], row["users"][0]) for row in rows] == [
        ("x", "1", "1"),
        ("y", "2", "2"),
    ]
    assert rows[1]["kinds"] == ["a", "b"]


def test_timechart_fills_gaps() -> None:
    rows = run("user=* | timechart span=1m count by user")
    assert [row["_time"][0] for row in rows] == ["0", "60", "120"]
    assert [row["ana"][0] for row in rows] == ["1", "0", "1"]


def test_streamstats_windows_slide_by_events_and_by_time() -> None:
    by_count = "user=* | sort 0 _time | streamstats window=2 global=false first(_time) as a by user"
    assert [row["a"][0] for row in run(by_count)] == ["10", "70", "10"]
    by_time = "user=* | sort 0 _time | streamstats time_window=60s dc(user) as users by kind"
    assert [row["users"][0] for row in run(by_time)] == ["1", "2", "1"]


def test_fields_that_have_to_be_there() -> None:
    spl = Spl("eventtype=x | eval a=b+1 | stats sum(a) as total by user | where total>5")
    assert spl.fields() == {"b", "user"}
    with pytest.raises(SplError, match="no command before makes usr"):
        Spl("* | stats count by user | sort usr").fields()


@pytest.mark.parametrize(
    "text",
    [
        "user=ana | stats cout",
        "* | foo",
        "* | eval x=nofunction(1)",
        "(user=ana",
        "`nothing`",
        "word",
    ],
)
def test_what_it_does_not_know_is_an_error(text: str) -> None:
    with pytest.raises(SplError):
        Spl(text)
