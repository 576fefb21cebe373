# SPDX-License-Identifier: Apache-2.0
"""What Slack, or whoever answers in its place, may send: pages, cursors, headers, errors."""

from __future__ import annotations

import contextlib
import gzip
import json
import zlib

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.catalogue.listed import parse_actions, parse_schemas
from slack_audit_input.model.errors import CollectorError, Retryable
from slack_audit_input.model.event import Event, Page
from slack_audit_input.model.ledger import Reading
from slack_audit_input.sinks.ecs import EcsLines
from slack_audit_input.slack.answers import document_of, page_of, params_of
from slack_audit_input.slack.classify import RETRY_AFTER_MOST, error_of, seconds_of
from slack_audit_input.slack.client import Answer
from slack_audit_input.slack.clock import SlackClock, date_of
from slack_audit_input.slack.decode import decode_page
from slack_audit_input.slack.filters import Filters
from tests.fuzz.damage import check_words, damaged, fuzzed, hangs, odd_json, value_or_error
from tests.strategies import any_text, bodies, json_values

pytestmark = hangs

END = 1_500_000_300
ENTRY = {
    "id": "0123a45b-6c7d-8900-e12f-3456789abcde",
    "date_create": END - 5,
    "action": "user_login",
    "actor": {"type": "user", "user": {"id": "W1", "name": "n", "email": "a@b.c", "team": "T1"}},
    "entity": {"type": "user", "user": {"id": "W1", "name": "n", "email": "a@b.c", "team": "T1"}},
    "context": {
        "location": {"type": "enterprise", "id": "E1", "name": "Acme", "domain": "acme"},
        "ua": "UA",
        "ip_address": "1.23.45.67",
        "session_id": 5,
    },
    "details": {"reason": ["asn"], "new_value": {"type": ["x"]}, "name": "n", "md5": "0" * 32},
}
PAGE = {
    "entries": [ENTRY, {**ENTRY, "action": "anomaly"}],
    "response_metadata": {"next_cursor": "a="},
}
READING = Reading(END - 300, END, "a=", 1000, "live", 0, 0, END, 0)
#: With a filter that is ours an entry is read the thorough way.
THOROUGH = Filters(exclude=("a.b",)).accept()
COLLECTOR = {"name": "c", "version": "1", "account": "a", "input": "i"}

some_bodies = damaged(bodies().map(lambda body: body.raw)) | odd_json(PAGE)


@fuzzed
@given(some_bodies)
def test_pages_the_quick_and_the_thorough_way(body: bytes) -> None:
    quick = value_or_error(decode_page, body, END)
    thorough = value_or_error(decode_page, body, END, THOROUGH)
    if quick is not None:
        _check_page(quick, len(body))
    if thorough is not None:
        _check_page(thorough, len(body))
    if quick is not None and thorough is not None:
        assert quick.entries == thorough.entries


def _check_page(page: Page, size: int) -> None:
    """What is on it can go on: keys of 64 bits, seconds in range, no more text than came in."""
    events = [*page.events, *page.undated]
    assert len(events) <= page.entries
    assert sum(len(text) for _, _, text in events) <= size * 2  # escapes of raw line breaks
    for event in events:
        _, key, text = event
        assert 0 <= key < 1 << 64
        assert "\n" not in text
        _check_line(event)


def _check_line(event: Event) -> None:
    """The mapping to ECS takes whatever an entry is."""
    _, _, text = event
    line = EcsLines(COLLECTOR).text(event)
    assert json.loads(line)["event"]["original"] == text


packed = st.one_of(
    st.tuples(damaged(some_bodies.map(gzip.compress)), st.sampled_from(["gzip", "x-gzip", "GZIP"])),
    st.tuples(damaged(some_bodies.map(zlib.compress)), st.just("deflate")),
    st.tuples(some_bodies.map(lambda body: gzip.compress(body) * 3), st.just("gzip")),
    st.tuples(st.binary(max_size=20), st.text(max_size=60)),
)


@fuzzed
@given(packed, st.sampled_from([200, 200, 200, 400, 429, 503]), st.text(max_size=20))
def test_packed_answers(body: tuple[bytes, str], status: int, retry_after: str) -> None:
    raw, encoding = body
    answer = Answer(status, raw, encoding, None, retry_after)
    value_or_error(page_of, answer, READING, None)
    value_or_error(document_of, answer)


@fuzzed
@given(st.one_of(any_text, st.text(max_size=200), st.just("9" * 5000)))
def test_cursors(cursor: str) -> None:
    """A cursor that came in JSON is sent back as it came, or refused as no text."""
    body = json.dumps({"entries": [], "response_metadata": {"next_cursor": cursor}}).encode()
    try:
        page = decode_page(body, END)
    except Retryable:
        with pytest.raises(UnicodeEncodeError):
            cursor.encode()
        return
    assert page.next_cursor == cursor
    params = params_of(READING._replace(cursor=cursor), Filters())
    url = requests.Request("GET", "https://api.slack.com/audit/v1/logs", params=params)
    sent = url.prepare().url
    assert sent is not None
    assert sent.startswith("https://api.slack.com/audit/v1/logs?oldest=")
    assert "\r" not in sent and "\n" not in sent and " " not in sent


_numbers = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["9" * 400, "9" * 5000, "1e400", "²", "1_0", "-0", "nan", "+5 ", "\x00"]),
)
_date_parts = st.sampled_from(
    [
        *("Tue,", "Tue", "15", "0", "99", "Nov", "november", "2026", "26", "99999", "-1", "GMT"),
        *("08:12:31", "25:61:61", "8.12.31", "+9999", "-0000", "EST", "(x)", ",", ":", "-", "²"),
        *("9" * 320 + ":00:00", "9" * 5000 + ":0", "+" + "9" * 330, "00:00:" + "9" * 400),
    ]
)
headers = st.one_of(
    _numbers,
    st.text(max_size=40),
    st.lists(_date_parts, max_size=7).map(" ".join),
    st.permutations(["Tue,", "15", "Nov", "2026", "9" * 320 + ":00:00", "GMT"]).map(" ".join),
    st.just("Tue, 15 Nov 2026 " + "9" * 320 + ":00:00 GMT"),
    st.just("Tue, 15 Nov 2026 99999999999:00:00 GMT"),
)


@fuzzed
@given(st.none() | headers, st.none() | st.integers(0, 1 << 33))
def test_retry_after(header: str | None, now: int | None) -> None:
    assert 0.0 <= seconds_of(header, now) <= RETRY_AFTER_MOST


@fuzzed
@given(st.none() | headers)
def test_dates(header: str | None) -> None:
    clock = SlackClock(1_500_000_000.0, 10.0)
    found = date_of(header)
    # Up to the last second that has four digits of a year.
    assert found is None or 0 <= found < 253_402_300_800
    clock.observe(found, 12.0)
    assert 0 <= clock.now(13.0) < 253_402_300_900


ERROR = {"ok": False, "error": "missing_scope", "provided": "a,b", "needed": "auditlogs:read"}


@fuzzed
@given(
    damaged(odd_json(ERROR)),
    st.integers(100, 599) | st.integers(),
    st.none() | headers,
    st.booleans(),
)
def test_error_bodies(body: bytes, status: int, retry_after: str | None, cursor: bool) -> None:
    error = error_of(status, body, retry_after, cursor, END)
    assert isinstance(error, CollectorError)
    check_words(error)


@fuzzed
@given(odd_json({**ERROR, "entries": []}))
def test_errors_with_status_200(body: bytes) -> None:
    value_or_error(decode_page, body, END)


@fuzzed
@given(
    json_values,
    odd_json({"actions": {"user": ["user_login"]}}),
    odd_json({"schemas": [{"type": "user", "user": {"id": "string"}}]}),
)
def test_lists_of_actions_and_schemas(value: object, actions: bytes, schemas: bytes) -> None:
    """These two document ValueError."""
    for document in (
        value,
        *(value_or_error(document_of, Answer(200, b)) for b in (actions, schemas)),
    ):
        for parse in (parse_actions, parse_schemas):
            with contextlib.suppress(ValueError):
                parse(document)
