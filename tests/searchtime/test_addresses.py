# SPDX-License-Identifier: Apache-2.0
"""src is an address of version 4 or 6, or not there: the pattern in props.conf against Python."""

from __future__ import annotations

import ipaddress
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slack_audit_input.mapping.values import address
from tests.searchtime.app import App
from tests.searchtime.evaluating import evaluated, texts


def source(text: str) -> list[str] | None:
    node = App.load().props.evals["src"]
    return texts(evaluated(node, {"context.ip_address": [text]}))


@given(
    st.ip_addresses(v=4).map(str)
    | st.ip_addresses(v=6).map(str).filter(lambda text: not text.startswith("::ffff:"))
)
@example("255.255.255.255")
@example("2001:db8::1")
@example("1::2:3:4:5:6:7")
@example("::2:3:4:5:6:7:8")
@example("1:2:3:4:5:6:7::")
@example("fe80::")
@example("::ffff:198.51.100.9")
def test_every_address_is_one(text: str) -> None:
    own = ipaddress.ip_address(text).is_loopback or text.startswith("0.") or text == "::"
    assert (source(text) is None) == own
    assert (address(text) == "") == own


@given(st.text("0123456789abF:.", max_size=40))
@example("1.23.45.678")
@example("1:2:3:4:5:6:7:8:9")
@example("1::2::3")
@example(":::")
@example("1:2:3:4:5:6:7")
@example("12345::")
@example(":1::2")
@example("1::2:")
@example("1.2.3")
@example("1.2.3.4.")
@example("01.2.3.4")
def test_what_is_none_is_none(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        assert source(text) is None
        assert address(text) == ""


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1", "::1", "::", "0.0.0.0", "null", "1.23.45.678", "::ffff:127.0.0.1"]
)
def test_the_others_that_slack_sends(text: str) -> None:
    fields = App.load().fields(
        json.dumps({"action": "file_uploaded", "context": {"ip_address": text}})
    )
    assert "src" not in fields
    assert "src_ip" not in fields
    assert address(text) == ""
