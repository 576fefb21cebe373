# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json

import pytest

from slack_audit_input.emulator.answers import FORBIDDEN
from tests.emulator.calls import GOOD, NOW, emulator, page

NOON = int(NOW)


def code(body: bytes) -> object:
    document = json.loads(body)
    assert document["ok"] is False
    return document["error"]


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": ""}, {"Authorization": "Basic eDp5"}, {"authorization": "x"}]
)
def test_no_token_is_missing_authentication(headers: dict[str, str]) -> None:
    status, _, body, *_ = emulator().serve({"token": "xoxp-emulator"}, headers, NOW)
    assert (status, code(body)) == (401, "missing_authentication")


def test_a_bad_token_gets_401_with_an_empty_body() -> None:
    status, _, body, *_ = emulator().serve({}, {"authorization": "bearer xoxp-dummy"}, NOW)
    assert (status, body) == (401, b"")


@pytest.mark.parametrize("name", FORBIDDEN)
def test_the_403_family_by_token_and_by_option(name: str) -> None:
    slack = emulator()
    status, _, body, *_ = slack.serve({}, {"Authorization": f"Bearer xoxp-error-{name}"}, NOW)
    assert (status, code(body)) == (403, name)
    slack.change(refuse_with=name)
    status, _, body, *_ = slack.serve({}, GOOD, NOW)
    assert (status, code(body)) == (403, name)
    slack.change(refuse_with="", more_tokens=("xoxp-another",))
    assert slack.serve({}, GOOD, NOW).status == 200
    assert slack.serve({}, {"Authorization": "Bearer xoxp-another"}, NOW).status == 200


def test_missing_scope_names_the_scopes() -> None:
    slack = emulator(refuse_with="missing_scope")
    document = json.loads(slack.serve({}, GOOD, NOW).body)
    assert document["needed"] == "auditlogs:read"
    assert "auditlogs:read" not in document["provided"]


def test_one_bad_action_fails_the_whole_request_whatever_the_size_of_the_list() -> None:
    slack = emulator(refused_actions=frozenset({"emoji_added"}))
    good = sorted(slack._known - {"emoji_added", ""})[:30]
    for names in (["no_such_action"], ["message_deleted"], [*good[:29], "x"], ["emoji_added"]):
        status, _, body, *_ = slack.serve({"action": ",".join(names)}, GOOD, NOW)
        assert (status, code(body)) == (400, "invalid_action")
    assert slack.serve({"action": ",".join(good)}, GOOD, NOW).status == 200
    status, _, body, *_ = slack.serve({"action": ",".join([*good, "user_login"])}, GOOD, NOW)
    assert (status, code(body)) == (400, "invalid_action")


def test_a_400_may_come_without_a_code() -> None:
    status, _, body, *_ = emulator(error_codes=False).serve({"action": "x"}, GOOD, NOW)
    assert (status, body) == (400, b"Bad Request")


def test_cursors_age_and_gibberish_is_refused() -> None:
    slack = emulator(cursor_lifetime=60)
    _, cursor = page(slack, limit=5)
    assert slack.serve({"cursor": cursor}, GOOD, NOW + 60).status == 200
    status, _, body, *_ = slack.serve({"cursor": cursor}, GOOD, NOW + 61)
    assert (status, code(body)) == (400, "invalid_cursor")
    slack.change(cursor_lifetime=10**6)
    assert slack.serve({"cursor": cursor}, GOOD, NOW + 61).status == 200
    forged = base64.b64encode(base64.b64decode(cursor).replace(b"1", b"2", 1)).decode()
    another = page(emulator(seed=9), limit=5)[1]
    for bad in ("x", "%%%", "dXNlcjpVMA==", cursor[:-1], cursor[:-4], forged, another, "é", "\0"):
        status, _, body, *_ = slack.serve({"cursor": bad}, GOOD, NOW)
        assert (status, code(body)) == (400, "invalid_cursor"), bad


def test_the_future_is_an_invalid_range() -> None:
    slack = emulator()
    for params in ({"latest": NOON + 2}, {"oldest": NOON + 60}):
        given = {key: str(value) for key, value in params.items()}
        status, _, body, *_ = slack.serve(given, GOOD, NOW)
        assert (status, code(body)) == (400, "invalid_range")
    assert page(slack, latest=NOON + 1) == page(slack, latest=NOON) == page(slack)
    status, _, body, *_ = slack.serve({"oldest": "yesterday"}, GOOD, NOW)
    assert (status, code(body)) == (400, "invalid_arguments")
    assert slack.serve({"latest": "nan"}, GOOD, NOW).status == 400


def test_other_endpoints_methods_and_hosts() -> None:
    slack = emulator()
    for path in ("/audit/v1/log", "/audit/v1", "/audit/v2/logs", "/", "/audit/v1/logs/x"):
        status, _, body, *_ = slack.serve({}, GOOD, NOW, path=path)
        assert (status, code(body)) == (404, "bad_endpoint")
    for method in ("POST", "PUT", "DELETE", "HEAD"):
        assert slack.serve({}, GOOD, NOW, method=method).status == 405
    # The Web API's path: a page of HTML, with a status that says all is well.
    status, headers, body, *_ = slack.serve({}, GOOD, NOW, path="/api/audit/v1/logs")
    assert (status, headers["Content-Type"][:9]) == (200, "text/html")
    assert b"glitch" in body


def test_every_answer_has_the_emulators_date() -> None:
    slack = emulator()
    for params, path, headers in (
        ({}, "/audit/v1/logs", GOOD),
        ({}, "/audit/v1/logs", {}),
        ({"cursor": "x"}, "/audit/v1/logs", GOOD),
        ({}, "/nowhere", GOOD),
        ({}, "/audit/v1/actions", {}),
    ):
        given = slack.serve(params, headers, NOW, path=path)
        assert given.headers["Date"] == "Mon, 21 Sep 2026 12:00:00 GMT"
