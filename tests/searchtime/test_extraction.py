# SPDX-License-Identifier: Apache-2.0
"""Facts from Splunk's documentation of spath, which extracts JSON as KV_MODE=json does."""

from __future__ import annotations

from tests.searchtime.extraction import extracted


def test_paths_are_dotted_and_elements_of_lists_have_braces() -> None:
    text = (
        '{"vendorProductSet":{"product":{"desc":"x"}},'
        '"commits":[{"id":"1","author":{"name":"a"}},{"id":"2","author":{"name":"b"}}]}'
    )
    assert extracted(text) == {
        "vendorProductSet.product.desc": ["x"],
        "commits{}.id": ["1", "2"],
        "commits{}.author.name": ["a", "b"],
    }


def test_values_are_text_as_written() -> None:
    text = '{"n":11895228719633,"f":1.50,"t":true,"f2":false,"z":null,"e":"","s":"a\\/b"}'
    assert extracted(text) == {
        "n": ["11895228719633"],
        "f": ["1.50"],
        "t": ["true"],
        "f2": ["false"],
        "z": ["null"],
        "e": [""],
        "s": ["a/b"],
    }


def test_nothing_in_it_gives_no_field() -> None:
    assert extracted('{"a":[],"b":{},"c":[[]]}') == {}
    assert extracted("no json") == {} == extracted("[1]")
