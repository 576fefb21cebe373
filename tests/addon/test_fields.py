# SPDX-License-Identifier: Apache-2.0
"""What the fields of an input mean, and how messages name them."""

from __future__ import annotations

import pytest

from slack_audit_input.engine.sweeps import DEFAULT_LEVELS
from slack_audit_input.hosts.splunk.fields import in_words, input_fields
from slack_audit_input.hosts.splunk.intervals import stays_up
from slack_audit_input.model.errors import ConfigError

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("text", "up"),
    [
        ("60", True),
        (" 0 ", True),
        ("0.5", True),
        ("299.9", True),
        ("300", False),
        ("86400", False),
        ("-1", False),
        ("*/15 * * * *", False),
        ("0 6,18 1-15 JAN-mar mon", False),
        ("5-59/10 0-23/2 * 1,2,3 7", False),
    ],
)
def test_what_an_interval_means(text: str, up: bool) -> None:
    assert stays_up(text) is up


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "-2", "-0.5", "inf", "nan", "1e999", "60s", "* * * *", "* * * * * *"),
        *("60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8"),
        *("*/0 * * * *", "9-3 * * * *", "a * * * *", "1,,2 * * * *", "1- * * * *", "* jan * * *"),
    ],
)
def test_nonsense_is_no_interval(text: str) -> None:
    with pytest.raises(ConfigError, match="Interval"):
        stays_up(text)


def test_two_fields_are_enough() -> None:
    fields = input_fields("one", {"account": "acme"}, NOW)
    assert fields.settings.levels == DEFAULT_LEVELS
    assert fields.settings.start == int(NOW) - 86400
    assert (fields.index, fields.stays_up) == ("default", True)
    assert (fields.settings.calls_per_minute, fields.settings.give_up_after) == (45, 0.0)


@pytest.mark.parametrize(
    ("text", "found"),
    [("", (True, True)), ("all", (True, True)), ("new", (True, False)), ("none", (False, False))],
)
def test_which_hours_get_a_coverage_record(text: str, found: tuple[bool, bool]) -> None:
    settings = input_fields("one", {"account": "acme", "coverage": text}, NOW).settings
    assert (settings.coverage, settings.coverage_history) == found


@pytest.mark.parametrize("between", [",", "|", "~", ", "])
def test_several_actions_however_the_form_joins_them(between: str) -> None:
    given = {"account": "a", "actions": f"x_1{between}y.z{between}x_1", "interval": "600"}
    fields = input_fields("one", given, NOW)
    assert fields.settings.filters.actions == ("x_1", "y.z")
    assert fields.settings.give_up_after == 600.0


def test_now_is_slacks_now_and_nothing_is_older_than_slacks_log() -> None:
    assert input_fields("one", {"account": "a", "start": "now"}, NOW).settings.start is None
    old = input_fields("one", {"account": "a", "start": "2001-01-01"}, NOW).settings.start
    assert old == 1519862400


def test_messages_speak_of_the_form_and_never_of_tokens() -> None:
    text = "--start: token xoxp-1234567890 and --max-calls-per-minute, --ca-file 'x'"
    said = in_words(ConfigError(text))
    assert said == (
        "Start: token [token] and Calls per minute, the CA bundle (Configuration, Proxy) 'x'"
    )
