# SPDX-License-Identifier: Apache-2.0
"""Examples of eval expressions from Splunk's documentation, and the rules it states."""

from __future__ import annotations

import pytest

from tests.searchtime.evaluating import Undocumented, Value, evaluated, texts
from tests.searchtime.parsing import parsed


def value(expression: str, **fields: str | list[str]) -> Value:
    held = {k.replace("__", "."): [v] if isinstance(v, str) else v for k, v in fields.items()}
    return evaluated(parsed(expression), held)


QUAKES = (
    'case(Depth<=70, "Shallow", Depth>70 AND Depth<=300, "Mid", Depth>300 AND Depth<=700, "Deep")'
)


@pytest.mark.parametrize(
    ("depth", "words"),
    [("70", "Shallow"), ("9", "Shallow"), ("300", "Mid"), ("301", "Deep"), ("900", None)],
)
def test_quakes(depth: str, words: str | None) -> None:
    # "9" is less than "70": numbers in text are compared as numbers.
    assert value(QUAKES, Depth=depth) == words


@pytest.mark.parametrize(
    ("status", "words"), [("200", "OK"), ("404", "Not found"), ("500", "Other")]
)
def test_true_is_the_default_of_case(status: str, words: str) -> None:
    expression = 'case(status == 200, "OK", status ==404, "Not found", true(), "Other")'
    assert value(expression, status=status) == words


def test_if() -> None:
    expression = 'if(error == 200, "OK", "Error")'
    assert value(expression, error="200") == "OK"
    assert value(expression, error="500") == "Error"
    assert value(expression) == "Error"


def test_coalesce_takes_the_first_that_is_not_null() -> None:
    assert value("coalesce(clientip, ipaddress)", ipaddress="1.2.3.4") == "1.2.3.4"
    assert value("coalesce(clientip, ipaddress)", clientip="5", ipaddress="6") == "5"
    assert value("coalesce(clientip, ipaddress)") is None
    # An empty text is not null.
    assert value("coalesce(a, b)", a="", b="x") == ""


def test_match_looks_anywhere_unless_anchored() -> None:
    pattern = r'match(ip, "^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$")'
    assert value(pattern, ip="10.0.0.1") is True
    assert value(pattern, ip="10.0.0.1x") is False
    assert value('match(a, "b")', a="abc") is True
    assert value('match(a, "b")') is None


def test_replace_swaps_month_and_day() -> None:
    expression = r'replace(date, "^(\d{1,2})/(\d{1,2})/", "\2/\1/")'
    assert value(expression, date="1/14/2023") == "14/1/2023"


def test_mvappend_nests() -> None:
    expression = 'mvappend(mvappend("localhost", srcip), destip, "192.168.1.1")'
    assert value(expression, srcip="10.0.0.1", destip=["a", "b"]) == [
        *("localhost", "10.0.0.1", "a", "b", "192.168.1.1")
    ]
    assert value("mvappend(a, b)", b="x") == "x"


def test_split() -> None:
    assert value('split("a;b;c;d;e;f;g", ";")') == [*"abcdefg"]
    assert value('split(missing, ";")') is None


def test_mvjoin() -> None:
    assert value('mvjoin(foo, ";")', foo=["a", "b"]) == "a;b"
    assert value('mvjoin(foo, ";")', foo="a") == "a"


def test_a_dot_concatenates_also_numbers_and_null_stays_null() -> None:
    assert value('name . "server"', name="web") == "webserver"
    assert value('"a" . 5') == "a5"
    assert value('"a" . b') is None


def test_names_with_dots_and_braces_stand_in_single_quotes() -> None:
    assert value("lower('actor.user.name')", actor__user__name="ADA") == "ada"
    assert evaluated(parsed("'a{}.b'"), {"a{}.b": ["1", "2"]}) == ["1", "2"]


def test_precedence() -> None:
    assert value('NOT a="1" AND b="2"', a="x", b="2") is True
    assert value('a="1" OR b="2" AND c="3"', a="1", b="x", c="x") is True
    assert value("2 + 3 * 4") == 14
    assert value('tonumber("1644428253989994") / 1000000') == 1644428253.989994


def test_null_is_neither_true_nor_false() -> None:
    assert value('if(missing = "1", "yes", "no")') == "no"
    assert value('if(NOT missing = "1", "yes", "no")') == "no"
    assert value('if(missing = "1" OR a = "1", "yes", "no")', a="1") == "yes"


def test_a_backslash_escapes_only_itself_and_the_quotation_mark() -> None:
    assert value(r'replace(a, "\"", "\'")', a='say "x"') == r"say \'x\'"
    # Two in a text are one in the expression, which takes the one after it for itself.
    assert value(r'match(a, "^\d\\d$")', a=r"1\d") is False
    assert value(r'match(a, "^\d\\\\d$")', a=r"1\d") is True


@pytest.mark.parametrize("expression", ["a b", "if(a, b", "(a", "'a", "a +", "@"])
def test_what_is_no_expression(expression: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says it in its own words
        parsed(expression)


@pytest.mark.parametrize(
    "expression", ["lower(m)", 'm . "x"', 'match(m, "a")', 'frob("a")', 'if("a", 1, 2)']
)
def test_what_the_documentation_leaves_open_is_refused(expression: str) -> None:
    with pytest.raises(Undocumented):
        value(expression, m=["a", "b"])


def test_what_a_field_holds() -> None:
    assert texts(None) is None
    assert texts(5.0) == ["5"]
    assert texts(["a"]) == ["a"]
    with pytest.raises(Undocumented):
        texts(True)
