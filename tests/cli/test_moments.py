# SPDX-License-Identifier: Apache-2.0
"""Moments as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.hosts.moments import second_of, shown
from slack_audit_input.model.errors import ConfigError

NOW = 1_700_000_000.9


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("now", 1_700_000_000),
        (" now ", 1_700_000_000),
        ("-0s", 1_700_000_000),
        ("-90s", 1_699_999_910),
        ("-2m", 1_699_999_880),
        ("-1h", 1_699_996_400),
        ("-7d", 1_699_395_200),
        ("-1w", 1_699_395_200),
        ("1700000000", 1_700_000_000),
        ("999999999", 999_999_999),
        ("2023-11-14", 1_699_920_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000),
        ("2023-11-14t22:13:20z", 1_700_000_000),
        ("2023-11-14 22:13:20", 1_700_000_000),
        ("2023-11-14T22:13", 1_699_999_980),
        ("2023-11-14T22:13Z", 1_699_999_980),
        ("2023-11-14T22:13:20.999Z", 1_700_000_000),
        ("2023-11-14T22:13:20,5+00:00", 1_700_000_000),
        ("2023-11-15T00:13:20+02:00", 1_700_000_000),
        ("2023-11-14T17:13:20-0500", 1_700_000_000),
        ("2024-02-29", 1_709_164_800),
    ],
)
def test_a_moment(text: str, second: int) -> None:
    assert second_of(text, NOW, "--start") == second


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "yesterday", "-", "-7", "-7y", "7d", "--7d", "-1.5h", "-\u0663d", "-7D"),
        *("2023-02-29", "2023-13-01", "2023-1-1", "20231114", "2023-W01", "2023-11-14T25:00"),
        *("2023-11-14T", "2023-11-14T22", "2023-11-14T22:13:20+99:99", "2023-11-14Z"),
        *("12345678", "12345678901", "\u00b2" * 9, "\u0661" * 10, "1e9", "nan", "0x1000000000"),
        *(
            "2023-11-14T22:13:20ZZ",
            "2023-11-14\n2023-11-15",
            "-99999999999999999999d",
            "-999999999999w",
        ),
        *("1969-12-31", "0001-01-01", "-60000d"),
    ],
)
def test_no_moment(text: str) -> None:
    with pytest.raises(ConfigError, match="--from"):
        second_of(text, NOW, "--from")


@given(st.integers(0, 253_402_300_799))
def test_what_is_shown_is_understood(second: int) -> None:
    assert second_of(shown(second), NOW, "--to") == second


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_a_config_error(text: str) -> None:
    try:
        second = second_of(text, NOW, "--to")
    except ConfigError:
        return
    assert second >= 0
