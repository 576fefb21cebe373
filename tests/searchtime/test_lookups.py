# SPDX-License-Identifier: Apache-2.0
"""The rules for lookups that Splunk documents: file order, how many matches, what overwrites."""

from __future__ import annotations

import pytest

from tests.searchtime.evaluating import Undocumented
from tests.searchtime.extraction import Fields
from tests.searchtime.lookups import Lookup, Table

FILES = {"t.csv": "host,kind,zone\nweb1,server,dmz\nweb*,host,lan\n*,thing,lan\nodd,,x\n"}


def table(**settings: str) -> Table:
    return Table.of({"filename": "t.csv", **settings}, FILES)


def given(text: str, found: Table, **fields: str) -> Fields:
    held = {name: [value] for name, value in fields.items()}
    Lookup.of(text).give(found, held)
    return held


@pytest.mark.parametrize(
    ("host", "kind"), [("web1", "server"), ("web7", "host"), ("mail", "thing")]
)
def test_the_first_row_in_the_files_order_counts(host: str, kind: str) -> None:
    found = table(match_type="WILDCARD(host)", max_matches="1")
    assert given("t host OUTPUT kind", found, host=host)["kind"] == [kind]


def test_a_pattern_that_stands_before_a_name_comes_first() -> None:
    files = {"t.csv": "host,kind\n*1,one\nweb1,server\n"}
    found = Table.of(
        {"filename": "t.csv", "match_type": "WILDCARD(host)", "max_matches": "1"}, files
    )
    assert given("t host OUTPUT kind", found, host="web1")["kind"] == ["one"]


def test_several_matches_are_several_values() -> None:
    found = table(match_type="WILDCARD(host)", max_matches="2")
    assert given("t host OUTPUT kind", found, host="web1")["kind"] == ["server", "host"]


def test_without_wildcards_a_star_is_a_star() -> None:
    assert "kind" not in given("t host OUTPUT kind", table(), host="web7")


def test_default_match_stands_in_for_rows_that_are_missing() -> None:
    found = table(min_matches="1", default_match="none")
    assert given("t host OUTPUT kind", found, host="mail")["kind"] == ["none"]
    assert given("t host OUTPUT kind", found, host="web1")["kind"] == ["server"]
    assert given("t host OUTPUT kind", found) == {}


def test_output_overwrites_and_outputnew_does_not() -> None:
    found = table()
    assert given("t host OUTPUT kind", found, host="web1", kind="x")["kind"] == ["server"]
    assert given("t host OUTPUTNEW kind", found, host="web1", kind="x")["kind"] == ["x"]
    assert given("t host OUTPUTNEW kind", found, host="web1")["kind"] == ["server"]


def test_names_of_columns_and_fields() -> None:
    text = "t host AS dest OUTPUT kind AS dest_type zone"
    found = given(text, table(), dest="web1")
    assert found == {"dest": ["web1"], "dest_type": ["server"], "zone": ["dmz"]}


def test_what_the_documentation_leaves_open_is_refused() -> None:
    with pytest.raises(Undocumented, match="empty cell"):
        given("t host OUTPUT kind", table(), host="odd")
    with pytest.raises(Undocumented, match="no row"):
        given("t host OUTPUT kind", table(), host="mail", kind="x")
    with pytest.raises(Undocumented, match="several fields"):
        Lookup.of("t host OUTPUTNEW kind zone")
    with pytest.raises(Undocumented, match="several values"):
        Lookup.of("t host OUTPUT kind").give(table(), {"host": ["a", "b"]})
