# SPDX-License-Identifier: Apache-2.0
"""Every way in which a token reads no audit log, told apart, with a sentence of its own."""

from __future__ import annotations

import itertools

import pytest
from pytest_httpserver import HTTPServer

from slack_audit_input.emulator import RunningEmulator, start
from slack_audit_input.emulator.accounts import ACCOUNTS
from slack_audit_input.model.errors import AuthError, ConfigError, RateLimited, Retryable
from slack_audit_input.slack.diagnosis import WORDS, Diagnosis, diagnose, kind_of
from slack_audit_input.slack.oauth import Identity
from slack_audit_input.slack.settings import Settings
from slack_audit_input.slack.token import Token
from tests.tokens.conftest import SMALL

KINDS = {
    "owner": "ok",
    "not_enterprise": "not_enterprise",
    "workspace": "workspace",
    "not_owner": "not_owner",
    "wrong_scope": "wrong_scope",
    "revoked": "revoked",
    "expired": "expired",
    "deactivated": "deactivated",
    "elsewhere": "not_accepted",
}


def found(slack: RunningEmulator, settings: Settings) -> Diagnosis:
    token = Token(slack.control.sign_in().access)
    return diagnose(settings, token, slack.web_api_url)


@pytest.mark.parametrize("bare", [False, True], ids=["with a code", "an empty 401"])
@pytest.mark.parametrize("account", ACCOUNTS)
def test_every_kind_of_account(
    slack: RunningEmulator, settings: Settings, account: str, bare: bool
) -> None:
    slack.control.change(account=account, bare_refusals=bare)
    diagnosis = found(slack, settings)
    assert diagnosis.kind == KINDS[account]
    if account == "owner":
        assert diagnosis.well
        return
    assert WORDS[diagnosis.kind] in diagnosis.words
    assert isinstance(diagnosis.error(), AuthError)
    if not ACCOUNTS[account].test:
        assert "W012A3CDE" in diagnosis.words, "whose token it is"
    if account == "wrong_scope":
        assert "It has: identify, users:read" in diagnosis.words


def test_every_kind_has_a_sentence_of_its_own_that_says_what_to_do() -> None:
    for one, other in itertools.combinations(WORDS, 2):
        assert WORDS[one] != WORDS[other]
    assert all(
        any(word in words for word in ("Use ", "Let ", "Add ", "ign in", "Is it", "not known"))
        for words in WORDS.values()
    )


def test_a_token_of_another_region(slack: RunningEmulator, settings: Settings) -> None:
    with start(SMALL) as other:
        token = Token(other.control.sign_in().access)
        diagnosis = diagnose(
            settings,
            token,
            slack.web_api_url,
            {"commercial": slack.web_api_url, "GovSlack": other.web_api_url},
        )
        assert diagnosis.kind == "wrong_region" and "GovSlack" in diagnosis.words
        assert isinstance(diagnosis.error(), ConfigError)
        calls = [call["endpoint"] for call in other.control.calls()]
        assert calls == ["auth.test"]


def test_another_region_is_not_shown_a_token_that_this_one_knows(
    slack: RunningEmulator, settings: Settings
) -> None:
    with start(SMALL) as other:
        slack.control.change(account="not_owner")
        token = Token(slack.control.sign_in().access)
        regions = {"GovSlack": other.web_api_url}
        assert diagnose(settings, token, slack.web_api_url, regions).kind == "not_owner"
        assert not other.control.calls()


@pytest.mark.parametrize(
    ("code", "identity", "test_code", "bare", "kind"),
    [
        ("invalid_workspace", True, "", False, "workspace"),
        ("invalid_workspace", None, "", False, "not_enterprise"),
        ("invalid_refresh_token", None, "", False, "lost"),
        ("not_allowed_token_type", True, "", False, "wrong_token"),
        ("", None, "token_revoked", False, "revoked"),
        ("", None, "", False, "not_accepted"),
        ("brand_new_code", None, "", False, "unknown"),
        ("brand_new_code", True, "", False, "unknown"),
        ("", None, "brand_new_code", False, "unknown"),
        ("", True, "", False, "not_owner"),
        ("", True, "", True, "unknown"),
    ],
)
def test_what_two_answers_say_together(
    code: str, identity: bool | None, test_code: str, bare: bool, kind: str
) -> None:
    whose = Identity("W1", "E1", "E1", True, ("auditlogs:read",), "") if identity else None
    assert kind_of(code, whose, test_code, bare) == kind


def test_an_unknown_code_is_shown_as_it_is(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/audit/v1/logs").respond_with_json(
        {"ok": False, "error": "brand_new_code"}, status=403
    )
    httpserver.expect_request("/api/auth.test").respond_with_json({"ok": False, "error": "odd_one"})
    settings = Settings(httpserver.url_for("/audit/v1/"))
    diagnosis = diagnose(settings, Token("xoxp-1-secret"), httpserver.url_for("/api/"))
    assert diagnosis.kind == "unknown" and "brand_new_code" in diagnosis.words
    assert "xoxp" not in diagnosis.words


def test_a_web_api_that_is_not_reached_leaves_what_logs_said(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/audit/v1/logs").respond_with_json(
        {"ok": False, "error": "team_not_authorized"}, status=403
    )
    settings = Settings(httpserver.url_for("/audit/v1/"))
    diagnosis = diagnose(settings, Token("xoxp-1-secret"), httpserver.url_for("/nothing/"))
    assert diagnosis.kind == "workspace" and diagnosis.identity is None


@pytest.mark.parametrize(
    ("status", "error"), [(500, Retryable), (429, RateLimited), (404, ConfigError)]
)
def test_what_is_no_refusal_of_the_token_is_raised(
    httpserver: HTTPServer, status: int, error: type[Exception]
) -> None:
    httpserver.expect_request("/audit/v1/logs").respond_with_data("", status=status)
    settings = Settings(httpserver.url_for("/audit/v1/"))
    with pytest.raises(error):
        diagnose(settings, Token("xoxp-1-secret"), httpserver.url_for("/api/"))
