# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from tests.searchtime.eventtypes import fits

FIELDS = {"sourcetype": ["slack:audit"], "a": ["Failure"], "m": ["x", "y"]}


@pytest.mark.parametrize(
    ("search", "fitting"),
    [
        ('sourcetype="slack:audit"', True),
        ('sourcetype="slack:audit" a=failure', True),  # a blank is AND; values mind no case
        ("a=success", False),
        ("NOT a=success", True),
        ("a=fail*", True),
        ("m=y", True),  # one of several values
        ('a IN ("success", "failure")', True),
        ("a=success OR m=x", True),
        ("a=success OR (m=x AND a=success)", False),
        ("a=success m=z OR m=x", False),  # OR binds closer than AND
        ("(a=success OR a=failure) NOT m=z", True),
        ("missing=*", False),
    ],
)
def test_searches(search: str, fitting: bool) -> None:
    assert fits(search, FIELDS) is fitting


@pytest.mark.parametrize("search", ["a=b )", "(a=b", "a"])
def test_what_is_no_search(search: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        fits(search, FIELDS)
