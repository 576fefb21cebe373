# SPDX-License-Identifier: Apache-2.0
"""What splunkd says, read by Splunk's SDK: the XML on stdin, and REST's JSON and XML."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.damage import damaged, fuzzed, hangs, odd_json

pytestmark = [hangs, pytest.mark.filterwarnings("ignore")]

Targets = dict[str, Callable[[bytes], None]]

STANZA = (
    b'<stanza name="slack_audit://one" app="a"><param name="account">acme</param>'
    b'<param name="interval">60</param><param name="sweeps">60:180</param>'
    b'<param_list name="x"><value>1</value></param_list></stanza>'
)
FRONT = b"<server_uri>https://h:1</server_uri><session_key>k</session_key>"
INPUT = b"<input>" + FRONT + b"<configuration>" + STANZA + b"</configuration></input>"
ITEMS = b"<items>" + FRONT + b'<item name="one"><param name="account">acme</param></item></items>'
ENTITIES = b"".join(
    b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10 if n else b"x" * 10) for n in range(10)
)
BOMB = b"<!DOCTYPE input [" + ENTITIES + b"]>" + INPUT.replace(b"acme", b"&e9;")
FILE = b'<!DOCTYPE input [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
REMOTE = b'<!DOCTYPE input SYSTEM "http://127.0.0.1:9/x.dtd">' + INPUT
XML = st.sampled_from(
    [
        *(INPUT, ITEMS, BOMB, FILE + INPUT.replace(b"acme", b"&e;"), REMOTE),
        *(b"<a>" * 3000, b"<input>" * 3000 + b"</input>" * 3000, INPUT.replace(b"param", b"p")),
        *(INPUT.replace(b"one", b"x" * 100_000), INPUT.decode().encode("utf-16")),
    ]
)
FEED = (
    b'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:s="http://dev.splunk.com/ns/rest"><entry>'
    b'<title>x</title><content type="text/xml"><s:dict><s:key name="clear_password">{"token":"x"}'
    b'</s:key><s:key name="username">acme``splunk_cred_sep``1</s:key><s:key name="realm">r</s:key>'
    b"</s:dict></content></entry></feed>"
)
MESSAGES = b'<response><messages><msg type="ERROR">no</msg></messages></response>'
CONTENT = odd_json({"entry": [{"name": "y", "content": {"token": "x", "n": None}}]})


@fuzzed
@given(XML | damaged(st.sampled_from([INPUT, ITEMS])))
def test_what_a_run_is_told(of_splunk: Targets, raw: bytes) -> None:
    """An exit code, and at most a line of splunkd's log."""
    of_splunk["stdin"](raw)


@pytest.mark.parametrize("raw", [BOMB, FILE + INPUT.replace(b"acme", b"&e;"), REMOTE])
def test_entities_cost_nothing_and_read_no_file(of_splunk: Targets, raw: bytes) -> None:
    began = time.monotonic()
    of_splunk["stdin"](raw)
    assert time.monotonic() - began < 5


@fuzzed
@given(
    st.sampled_from([0, 0, 0, 3, 4, 5, 6, 7, 8, 9]).map(lambda n: bytes([n])),
    CONTENT | damaged(st.sampled_from([FEED, MESSAGES])) | XML,
)
def test_what_rest_answers(of_splunk: Targets, status: bytes, body: bytes) -> None:
    """What was asked for, or an error of ours: Splunk tries again by itself."""
    of_splunk["answers"](status + body)
