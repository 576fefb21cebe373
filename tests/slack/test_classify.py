# SPDX-License-Identifier: Apache-2.0
"""The table of errors, row by row: what each answer means, and the words that say what to do."""

from __future__ import annotations

import json
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.model.errors import (
    AuthError,
    CollectorError,
    ConfigError,
    CursorRejected,
    ProtocolError,
    RateLimited,
    Refused,
    Retryable,
)
from slack_audit_input.model.ledger import BACKLOG, Reading
from slack_audit_input.slack.answers import document_of, page_of
from slack_audit_input.slack.classify import (
    RETRY_AFTER_DEFAULT,
    RETRY_AFTER_MOST,
    error_of,
    raise_not_ok,
    seconds_of,
)
from slack_audit_input.slack.client import Answer
from tests import strategies

TOKEN = "xoxp-1234567890-abcdef-secret"
HTML = b"<html>found a glitch</html>"


def coded(code: str, **more: object) -> bytes:
    return json.dumps({"ok": False, "error": code, **more}).encode()


def reading(cursor: str) -> Reading:
    return Reading(0, 9, cursor, 10, BACKLOG, known=0, level=0, top=9, turn=0)


OWNER = ("Owner", "auditlogs:read", "organization")
TABLE: list[tuple[int, bytes, bool, type[CollectorError], tuple[str, ...]]] = [
    # Whatever the body: the status.
    (401, b"", False, AuthError, OWNER),
    (401, HTML, True, AuthError, OWNER),
    (401, coded("new_and_unknown"), False, AuthError, ("new_and_unknown", *OWNER)),
    (403, b"", False, AuthError, ("forbids", *OWNER, "proxy")),
    (403, HTML, False, AuthError, ("forbids", "proxy")),
    (400, b"", False, Refused, ("HTTP 400",)),
    (400, b"", True, CursorRejected, ("cursor", "HTTP 400")),
    (400, b"Bad Request", True, CursorRejected, ("cursor",)),
    (404, b"", False, ConfigError, ("--api-url", "https://api.slack.com/audit/v1/")),
    (404, coded("bad_endpoint"), False, ConfigError, ("bad_endpoint", "--api-url")),
    (405, HTML, False, ConfigError, ("--api-url",)),
    (407, b"", False, ConfigError, ("proxy", "user name and password")),
    (408, b"", False, Retryable, ("408",)),
    (425, b"", False, Retryable, ("425",)),
    (429, b"", False, RateLimited, ("rate limit", "429")),
    (429, HTML, True, RateLimited, ("rate limit",)),
    (429, coded("invalid_auth"), False, RateLimited, ("rate limit",)),
    (500, b"", False, Retryable, ("HTTP 500",)),
    (502, HTML, True, Retryable, ("HTTP 502",)),
    (503, coded("invalid_auth"), False, Retryable, ("HTTP 503",)),
    (504, b"", False, Retryable, ("HTTP 504",)),
    (599, b"", False, Retryable, ("HTTP 599",)),
    (301, b"", False, Retryable, ("redirect", "--api-url", "proxy")),
    (302, HTML, True, Retryable, ("redirect", "--api-url")),
    (307, b"{}", False, Retryable, ("redirect",)),
    (308, b"", False, Retryable, ("redirect",)),
    (204, b"", False, ProtocolError, ("HTTP 204", "checkpoint is kept")),
    (206, b"{}", False, ProtocolError, ("HTTP 206",)),
    (402, b"", False, ProtocolError, ("HTTP 402",)),
    (418, HTML, True, ProtocolError, ("HTTP 418",)),
    # What a code adds, with the status it is thought to come with, and with 200.
    (401, coded("missing_authentication"), False, AuthError, ("no token", *OWNER)),
    (401, coded("invalid_authentication"), False, AuthError, ("does not accept", *OWNER)),
    (403, coded("user_not_authorized"), False, AuthError, ("not an organization Owner", "Admin")),
    (403, coded("team_not_authorized"), False, AuthError, ("one workspace", "drop-down")),
    (403, coded("feature_not_enabled"), False, AuthError, ("no audit logs", "Enterprise")),
    (403, coded("invalid_workspace"), False, AuthError, ("workspace", "Enterprise organization")),
    (405, coded("method_not_allowed"), False, AuthError, OWNER),
    (403, coded("missing_scope"), False, AuthError, ("lacks the scope auditlogs:read", "install")),
    (401, coded("not_allowed_token_type"), False, AuthError, ("kind of token", *OWNER)),
    (401, coded("token_revoked"), False, AuthError, ("revoked", "Install the app again")),
    (401, coded("token_expired"), False, AuthError, ("expired", "rotation")),
    (403, coded("account_inactive"), False, AuthError, ("deactivated", "another organization")),
    (401, coded("not_authed"), False, AuthError, ("no token",)),
    (401, coded("invalid_auth"), True, AuthError, ("does not accept",)),
    (403, coded("paid_only"), False, AuthError, ("Enterprise plan",)),
    (403, coded("org_login_required"), False, Retryable, ("at the moment", "org_login_required")),
    (400, coded("invalid_action"), False, Refused, ("invalid_action",)),
    (400, coded("invalid_range"), False, Refused, ("invalid_range",)),
    (400, coded("invalid_cursor"), True, CursorRejected, ("invalid_cursor",)),
    (400, coded("ratelimited"), True, RateLimited, ("rate limit",)),
    (400, coded("invalid_auth"), False, AuthError, ("does not accept",)),
    (200, coded("invalid_auth"), False, AuthError, ("does not accept", *OWNER)),
    (200, coded("ratelimited"), False, RateLimited, ("rate limit",)),
    (200, coded("rate_limited"), True, RateLimited, ("rate limit",)),
    (200, coded("internal_error"), False, Retryable, ("internal_error",)),
    (200, coded("fatal_error"), True, Retryable, ("fatal_error",)),
    (200, coded("invalid_cursor"), True, CursorRejected, ("cursor",)),
    (200, coded("invalid_action"), False, Refused, ("invalid_action",)),
    (200, coded("new_and_unknown"), False, ProtocolError, ("new_and_unknown",)),
    (200, b'{"ok":false}', False, ProtocolError, ("checkpoint is kept",)),
    (200, b'{"ok":false,"error":7}', False, ProtocolError, ("checkpoint is kept",)),
    (200, HTML, False, Retryable, ("HTML",)),
    (200, b"", True, Retryable, ("empty",)),
    (200, b"{}", False, Retryable, ("no list of entries",)),
]


@pytest.mark.parametrize(("status", "body", "cursor", "kind", "words"), TABLE)
def test_the_table(
    status: int, body: bytes, cursor: bool, kind: type[CollectorError], words: tuple[str, ...]
) -> None:
    with pytest.raises(CollectorError) as caught:
        page_of(Answer(status, body), reading("c" if cursor else ""), None)
    assert type(caught.value) is kind
    assert [word for word in words if word not in str(caught.value)] == []
    if status != 200:
        with pytest.raises(kind if not cursor or status != 400 else CollectorError):
            document_of(Answer(status, body))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, HTML, "server"),
        (302, b"", "redirect"),
        (200, HTML, "body"),
        (200, b"{}", "shape"),
    ],
)
def test_retries_are_counted_by_kind(status: int, body: bytes, kind: str) -> None:
    with pytest.raises(Retryable) as caught:
        page_of(Answer(status, body), reading(""), None)
    assert caught.value.kind == kind


def test_refusals_carry_their_code() -> None:
    error = error_of(400, coded("invalid_action"), None, False)
    assert isinstance(error, Refused) and error.code == "invalid_action"
    error = error_of(400, b"", None, False)
    assert isinstance(error, Refused) and error.code == ""


def test_a_packed_error_body_is_read_and_a_damaged_one_is_passed_over() -> None:
    import gzip

    packed = gzip.compress(coded("token_revoked"))
    with pytest.raises(AuthError, match="revoked"):
        page_of(Answer(401, packed, "gzip"), reading(""), None)
    with pytest.raises(AuthError, match="does not accept"):
        page_of(Answer(401, packed[:20], "gzip"), reading(""), None)
    with pytest.raises(AuthError, match="does not accept"):
        page_of(Answer(401, packed, "br"), reading(""), None)


def test_an_unknown_answer_is_evidence() -> None:
    error = error_of(418, HTML, None, False)
    assert isinstance(error, ProtocolError) and error.evidence == HTML


def test_a_large_error_with_200_keeps_its_code() -> None:
    body = coded("ratelimited", trace="x" * 200_000)
    with pytest.raises(RateLimited):
        page_of(Answer(200, body), reading(""), None)


def test_the_scopes_there_are_are_told() -> None:
    said = str(error_of(403, coded("missing_scope", provided="identify, users:read"), None, False))
    assert "It has: identify, users:read." in said
    said = str(error_of(403, coded("missing_scope", provided=TOKEN), None, False))
    assert "It has: none." in said
    assert "It has" not in str(error_of(403, coded("missing_scope", provided=5), None, False))


@pytest.mark.parametrize("status", [200, 204, 302, 400, 401, 403, 404, 407, 418, 429, 500])
@pytest.mark.parametrize(
    "body",
    [
        coded(TOKEN),
        coded(f"bad token {TOKEN}"),
        coded("missing_scope", needed=TOKEN, provided=f"{TOKEN},identify,x {TOKEN}"),
        f"<html>Authorization: Bearer {TOKEN}</html>".encode(),
        f"{{{TOKEN}".encode(),
        coded("\x1b[31m\r\nforged=line"),
    ],
)
def test_no_message_repeats_what_may_be_the_token(status: int, body: bytes) -> None:
    for cursor in ("", TOKEN):
        with pytest.raises(CollectorError) as caught:
            page_of(Answer(status, body, retry_after=TOKEN), reading(cursor), None)
        for shown in (str(caught.value), repr(caught.value)):
            assert "secret" not in shown and "forged" not in shown and "\x1b" not in shown


NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("17", 17.0),
        (" 17 ", 17.0),
        ("0", 1.0),
        ("0.2", 1.0),
        ("2.5", 2.5),
        ("3600", 3600.0),
        ("3601", RETRY_AFTER_MOST),
        ("9" * 400, RETRY_AFTER_MOST),
        ("inf", RETRY_AFTER_MOST),
        ("1e3", 1000.0),
        ("-1", RETRY_AFTER_DEFAULT),
        ("-inf", RETRY_AFTER_DEFAULT),
        ("nan", RETRY_AFTER_DEFAULT),
        (None, RETRY_AFTER_DEFAULT),
        ("", RETRY_AFTER_DEFAULT),
        ("an hour", RETRY_AFTER_DEFAULT),
        ("17, 18", RETRY_AFTER_DEFAULT),
        ("\x00", RETRY_AFTER_DEFAULT),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW + 90_000, usegmt=True), RETRY_AFTER_MOST),
        (formatdate(NOW - 90, usegmt=True), RETRY_AFTER_DEFAULT),
        ("Fri, 99 Feb 99999999 99:99:99 GMT", RETRY_AFTER_DEFAULT),
        ("Sun, 06 Nov 0000000001 08:49:37 +9999999999", RETRY_AFTER_DEFAULT),
    ],
)
def test_retry_after_in_any_form(header: str | None, seconds: float) -> None:
    assert seconds_of(header, NOW) == seconds
    error = error_of(429, b"", header, False, NOW)
    assert isinstance(error, RateLimited) and error.retry_after == seconds


def test_a_date_is_read_against_slacks_clock_and_not_against_ours() -> None:
    later = formatdate(NOW + 90, usegmt=True)
    with pytest.raises(RateLimited) as caught:
        page_of(Answer(429, b"", date=NOW, retry_after=later), reading(""), None)
    assert caught.value.retry_after == 90.0


@given(st.text() | st.floats().map(str))
def test_any_retry_after_is_bounded(header: str) -> None:
    assert 1.0 <= seconds_of(header) <= RETRY_AFTER_MOST


@given(
    st.integers(100, 999),
    st.binary()
    | st.dictionaries(
        st.sampled_from(["ok", "error", "needed", "provided"]), strategies.json_values
    ).map(lambda document: json.dumps(document).encode()),
    st.none() | st.text(),
    st.booleans(),
)
def test_every_answer_stands_for_an_error(
    status: int, body: bytes, retry_after: str | None, cursor: bool
) -> None:
    assert str(error_of(status, body, retry_after, cursor))


@given(st.dictionaries(st.sampled_from(["ok", "error"]), strategies.json_values), st.booleans())
def test_every_document_without_entries_stands_for_one(
    document: dict[str, object], cursor: bool
) -> None:
    with pytest.raises(CollectorError):
        raise_not_ok(document, b"", cursor)
