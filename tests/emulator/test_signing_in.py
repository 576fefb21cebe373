# SPDX-License-Identifier: Apache-2.0
"""The consent page and the Web API: what Slack answers to somebody who signs in."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from slack_audit_input.emulator import Answer, Emulator
from slack_audit_input.emulator.accounts import ACCOUNTS
from slack_audit_input.emulator.grants import challenge_of
from tests.emulator.calls import NOW, emulator

ASKED = {
    "client_id": "1111111111.2222222222",
    "user_scope": "auditlogs:read",
    "redirect_uri": "http://localhost:8484/slack",
    "state": 'a"b<c>',
}


def page(slack: Emulator, **changed: str) -> Answer:
    asked = {**ASKED, **changed}
    return slack.serve({k: v for k, v in asked.items() if v}, {}, NOW, path="/oauth/v2/authorize")


def press(slack: Emulator, answer: str = "allow", **changed: str) -> dict[str, str]:
    """Where the page leads: its query."""
    body = urlencode({**ASKED, **changed, "answer": answer}).encode()
    given = slack.serve({}, {}, NOW, path="/oauth/v2/authorize", method="POST", body=body)
    assert given.status == 302
    query = parse_qs(urlsplit(given.headers["Location"]).query)
    return {key: values[0] for key, values in query.items()}


def post(slack: Emulator, method: str, now: float = NOW, token: str = "", **form: str) -> object:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = urlencode(form).encode()
    given = slack.serve({}, headers, now, path=f"/api/{method}", method="POST", body=body)
    assert given.status == 200
    return json.loads(given.body)


def exchange(slack: Emulator, code: str, now: float = NOW, **changed: str) -> dict[str, object]:
    form = {
        "client_id": ASKED["client_id"],
        "client_secret": "emulated-client-secret",
        "code": code,
        "redirect_uri": ASKED["redirect_uri"],
        **changed,
    }
    found = post(slack, "oauth.v2.access", now, **form)
    assert isinstance(found, dict)
    return found


def test_the_page_asks_and_leads_back() -> None:
    slack = emulator()
    given = page(slack)
    assert given.status == 200 and b"auditlogs:read" in given.body
    assert b'value="a&quot;b&lt;c&gt;"' in given.body, "what is foreign stays text"
    back = press(slack)
    assert back["state"] == ASKED["state"]
    found = exchange(slack, back["code"])
    assert found["ok"] is True and "access_token" not in found
    person = found["authed_user"]
    assert isinstance(person, dict) and person["scope"] == "identify,auditlogs:read"
    assert person["expires_in"] == 43_200 and person["access_token"].startswith("xoxe.xoxp-1-")
    assert press(slack, "cancel") == {"error": "access_denied", "state": ASKED["state"]}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_id": "3.4"}, b"invalid_client_id"),
        ({"redirect_uri": "http://elsewhere/"}, b"bad_redirect_uri"),
        ({"redirect_uri": ""}, b"bad_redirect_uri"),
        ({"user_scope": ""}, b"no_scopes"),
    ],
)
def test_a_request_that_is_wrong_leads_nowhere(changed: dict[str, str], code: bytes) -> None:
    slack = emulator(redirect_urls=("http://localhost:8484/",))
    given = page(slack, **changed)
    assert code in given.body and "Location" not in given.headers
    body = urlencode({**ASKED, **changed, "answer": "allow"}).encode()
    pressed = slack.serve({}, {}, NOW, path="/oauth/v2/authorize", method="POST", body=body)
    assert pressed.status == 400


def test_a_code_is_good_once_for_ten_minutes_and_its_redirect_url() -> None:
    slack = emulator()
    code = press(slack)["code"]
    assert exchange(slack, code)["ok"] is True
    assert exchange(slack, code)["error"] == "invalid_code"
    assert exchange(slack, press(slack)["code"], NOW + 601)["error"] == "invalid_code"
    other = exchange(slack, press(slack)["code"], redirect_uri="http://localhost/")
    assert other["error"] == "bad_redirect_uri"
    assert exchange(slack, "1", client_secret="no")["error"] == "bad_client_secret"
    assert exchange(slack, "1", grant_type="password")["error"] == "invalid_grant_type"


def test_a_public_client_has_a_challenge_instead_of_a_secret() -> None:
    slack = emulator(public_client=True)
    assert b"invalid_code_challenge" in page(slack).body
    asked = {"code_challenge": challenge_of("verifier"), "code_challenge_method": "S256"}
    code = press(slack, **asked)["code"]
    wrong = exchange(slack, code, client_secret="", code_verifier="another")
    assert wrong["error"] == "invalid_code_verifier"
    code = press(slack, **asked)["code"]
    assert exchange(slack, code, client_secret="", code_verifier="verifier")["ok"] is True


def test_a_scope_that_was_not_asked_for_is_missing() -> None:
    slack = emulator()
    found = exchange(slack, press(slack, user_scope="users:read")["code"])
    person = found["authed_user"]
    assert isinstance(person, dict)
    headers = {"Authorization": f"Bearer {person['access_token']}"}
    refused = slack.serve({}, headers, NOW)
    assert refused.status == 403 and json.loads(refused.body)["error"] == "missing_scope"


@pytest.mark.parametrize("account", [name for name in ACCOUNTS if name != "owner"])
def test_accounts_that_cannot_read(account: str) -> None:
    slack = emulator(account=account)
    token = slack.sign_in("identify,auditlogs:read", NOW).access
    refused = slack.serve({}, {"Authorization": f"Bearer {token}"}, NOW)
    assert refused.status in (401, 403)
    found = post(slack, "auth.test", token=token)
    assert isinstance(found, dict)
    assert found.get("error", "") == ACCOUNTS[account].test


def test_what_is_not_of_the_web_api_is_a_glitch_still() -> None:
    slack = emulator()
    assert b"glitch" in slack.serve({}, {}, NOW, path="/api/audit/v1/logs").body
    assert b"glitch" in slack.serve({}, {}, NOW, path="/api/chat.postMessage").body


def test_without_a_token_or_with_an_unknown_one() -> None:
    slack = emulator()
    assert post(slack, "auth.test") == {"ok": False, "error": "not_authed"}
    assert post(slack, "auth.test", token="xoxp-1") == {"ok": False, "error": "invalid_auth"}
    found = post(slack, "auth.test", token="xoxp-emulator")
    assert isinstance(found, dict) and found["ok"] is True


def test_an_account_of_no_kind() -> None:
    with pytest.raises(ValueError, match="an account is one of"):
        emulator(account="king")
    with pytest.raises(ValueError, match="at least one"):
        emulator(active_tokens=0)
