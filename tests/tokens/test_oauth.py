# SPDX-License-Identifier: Apache-2.0
"""oauth.v2.access, auth.test and auth.revoke over HTTP: what is sent, comes back, and fails."""

from __future__ import annotations

import json

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from slack_audit_input.emulator import RunningEmulator
from slack_audit_input.model.errors import (
    AuthError,
    CollectorError,
    ConfigError,
    RateLimited,
    Retryable,
)
from slack_audit_input.slack.credentials import App
from slack_audit_input.slack.oauth import (
    WebApi,
    authorize_url,
    challenge_of,
    refresher,
    web_api_url,
)
from slack_audit_input.slack.settings import Settings
from slack_audit_input.slack.token import Token

APP = App("1111111111.2222222222", Token("emulated-client-secret"))
REFRESH = "xoxe-1-refresh-secret"


@pytest.fixture
def api(httpserver: HTTPServer) -> WebApi:
    return WebApi(Settings(timeouts=(2.0, 2.0)), httpserver.url_for("/api/"))


def answers(httpserver: HTTPServer, document: object, status: int = 200, **headers: str) -> None:
    httpserver.expect_request("/api/oauth.v2.access", method="POST").respond_with_json(
        document, status=status, headers=headers
    )


# -- what is sent ----------------------------------------------------------------------------


def test_the_apps_secret_goes_by_basic_authentication_and_nothing_in_the_address(
    httpserver: HTTPServer, api: WebApi
) -> None:
    seen: list[Request] = []

    def reply(request: Request) -> Response:
        request.get_data()
        seen.append(request)
        return Response('{"ok":false,"error":"invalid_refresh_token"}', 200)

    httpserver.expect_request("/api/oauth.v2.access").respond_with_handler(reply)
    with pytest.raises(AuthError):
        api.refresh(APP, Token(REFRESH))
    with pytest.raises(AuthError):
        api.refresh(App(APP.client_id, None), Token(REFRESH))
    first, second = seen
    assert first.authorization is not None
    assert first.authorization.username == APP.client_id
    assert first.form.to_dict() == {"grant_type": "refresh_token", "refresh_token": REFRESH}
    assert "Authorization" not in second.headers
    assert second.form["client_id"] == APP.client_id and "client_secret" not in second.form
    assert not any(request.query_string for request in seen)


# -- what comes back -------------------------------------------------------------------------


def test_a_code_grant_and_a_refresh_grant_have_the_user_token_in_different_places(
    httpserver: HTTPServer, api: WebApi
) -> None:
    token = {"access_token": "xoxe.xoxp-1-a", "refresh_token": "xoxe-1-b", "expires_in": 43200}
    answers(
        httpserver,
        {
            "ok": True,
            "access_token": "xoxb-of-a-bot",
            "token_type": "bot",
            "authed_user": {"id": "W1", "scope": "auditlogs:read", "token_type": "user", **token},
            "enterprise": {"id": "E1", "name": "One"},
            "team": None,
            "is_enterprise_install": True,
        },
    )
    found = api.exchange(APP, "code", "http://localhost:1/")
    assert found.access.same_as(Token("xoxe.xoxp-1-a")) and found.life == 43200
    assert (found.user, found.team, found.whole) == ("W1", "E1", True)
    assert found.scopes == ("auditlogs:read",)
    httpserver.clear()
    answers(httpserver, {"ok": True, "token_type": "user", **token})
    again = api.refresh(APP, Token(REFRESH))
    assert again.access.same_as(found.access) and again.pair(100.0).expires_at == 43300


@pytest.mark.parametrize(
    "document",
    [
        {"ok": True},
        {"ok": True, "access_token": "xoxb-1", "token_type": "bot"},
        {"ok": True, "authed_user": {"id": "W1"}},
        {"ok": True, "authed_user": [], "access_token": 7},
    ],
)
def test_no_user_token_in_the_answer(httpserver: HTTPServer, api: WebApi, document: object) -> None:
    answers(httpserver, document)
    with pytest.raises(AuthError, match="no user token"):
        api.exchange(APP, "code", "http://localhost:1/")


def test_numbers_that_are_no_life(httpserver: HTTPServer, api: WebApi) -> None:
    for life in (0, -1, True, "43200", 1e300, None):
        httpserver.clear()
        answers(
            httpserver,
            {"ok": True, "access_token": "a", "refresh_token": "b", "expires_in": life},
        )
        assert api.refresh(APP, Token(REFRESH)).life is None


def test_auth_test_says_whose_token_it_is(slack: RunningEmulator, settings: Settings) -> None:
    api = WebApi(settings, slack.web_api_url)
    token = Token(slack.control.sign_in().access)
    found = api.test(token)
    assert (found.user, found.team, found.whole) == ("W012A3CDE", "E0EMULATED", True)
    assert found.scopes == ("identify", "auditlogs:read")
    api.revoke(token)
    for call in (api.test, api.revoke):
        with pytest.raises(AuthError) as raised:
            call(token)
        assert raised.value.code == "token_revoked"
    api.close()


# -- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "document", "error", "words"),
    [
        (200, {"ok": False, "error": "invalid_refresh_token"}, AuthError, "Sign in again"),
        (200, {"ok": False, "error": "token_revoked"}, AuthError, "revoked"),
        (200, {"ok": False, "error": "invalid_client_id"}, ConfigError, "no app with this client"),
        (200, {"ok": False, "error": "bad_client_secret"}, ConfigError, "not this app's"),
        (200, {"ok": False, "error": "bad_redirect_uri"}, ConfigError, "to the letter"),
        (200, {"ok": False, "error": "brand_new_code"}, AuthError, "brand_new_code"),
        (200, {"ok": False, "error": "internal_error"}, Retryable, "fault"),
        (200, {"ok": False, "error": "ratelimited"}, RateLimited, "rate limit"),
        (429, {"ok": False, "error": "ratelimited"}, RateLimited, "rate limit"),
        (503, {}, Retryable, "HTTP 503"),
        (200, {}, Retryable, "--web-api-url"),
        (404, {}, ConfigError, "--web-api-url"),
        (302, {}, Retryable, "redirect"),
        (403, {}, AuthError, "refuses"),
        (400, {"error": "invalid_grant"}, AuthError, "invalid_grant"),
    ],
)
def test_every_answer_is_an_error_in_words(
    httpserver: HTTPServer,
    api: WebApi,
    status: int,
    document: object,
    error: type[CollectorError],
    words: str,
) -> None:
    answers(httpserver, document, status)
    with pytest.raises(error, match=words) as raised:
        api.refresh(APP, Token(REFRESH))
    assert "xoxe" not in str(raised.value) and "emulated" not in str(raised.value)


def test_retry_after_is_heard(httpserver: HTTPServer, api: WebApi) -> None:
    answers(httpserver, {"ok": False, "error": "ratelimited"}, 429, **{"Retry-After": "77"})
    with pytest.raises(RateLimited) as raised:
        api.refresh(APP, Token(REFRESH))
    assert raised.value.retry_after == 77


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"ok":true', b"\xff" * 100])
def test_what_is_no_json_of_slacks(httpserver: HTTPServer, api: WebApi, body: bytes) -> None:
    httpserver.expect_request("/api/oauth.v2.access").respond_with_data(body)
    with pytest.raises(Retryable, match="not JSON"):
        api.refresh(APP, Token(REFRESH))


def test_no_answer_at_all_may_be_asked_for_again() -> None:
    api = WebApi(Settings(timeouts=(1.0, 1.0)), "http://127.0.0.1:1/api/")
    with pytest.raises(Retryable):
        api.refresh(APP, Token(REFRESH))


def test_an_echo_of_the_token_is_not_repeated(httpserver: HTTPServer, api: WebApi) -> None:
    answers(httpserver, {"ok": False, "error": REFRESH})
    with pytest.raises(CollectorError) as raised:
        api.refresh(APP, Token(REFRESH))
    assert "secret" not in str(raised.value)


# -- addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("api_url", "given", "found"),
    [
        ("https://api.slack.com/audit/v1/", "", "https://slack.com/api/"),
        ("https://api.slack-gov.com/audit/v1/", "", "https://slack-gov.com/api/"),
        ("http://127.0.0.1:8080/audit/v1/", "", "http://127.0.0.1:8080/api/"),
        ("https://mirror.example/audit/", "https://slack.com/api", "https://slack.com/api/"),
    ],
)
def test_where_the_web_api_is(api_url: str, given: str, found: str) -> None:
    assert web_api_url(api_url, given) == found


def test_where_the_web_api_cannot_be_told() -> None:
    with pytest.raises(ConfigError, match="--web-api-url"):
        web_api_url("https://mirror.example/audit/")
    with pytest.raises(ConfigError, match=r"--web-api-url must begin with https"):
        web_api_url("https://api.slack.com/audit/v1/", "http://slack.com/api/")
    with pytest.raises(ConfigError, match="--web-api-url"):
        refresher(Settings(), "http://example.com/")(APP, Token(REFRESH))
    assert authorize_url("https://slack.com/api/") == "https://slack.com/oauth/v2/authorize"


def test_the_challenge_of_the_rfc() -> None:
    # RFC 7636, appendix B.
    assert (
        challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


# -- the emulator ----------------------------------------------------------------------------


def test_a_spent_refresh_token_is_taken_within_the_grace_only(
    slack: RunningEmulator, settings: Settings
) -> None:
    refresh = refresher(settings, slack.web_api_url)
    slack.control.clock.freeze()
    first = slack.control.sign_in()
    assert first.refresh is not None
    refresh(APP, Token(first.refresh))
    slack.control.clock.step(59)
    refresh(APP, Token(first.refresh))
    assert first.access not in slack.control.tokens, "two are good at a time"
    slack.control.clock.step(2)
    with pytest.raises(AuthError) as raised:
        refresh(APP, Token(first.refresh))
    assert raised.value.code == "invalid_refresh_token"
    counted = slack.control.counters()["grants"]
    assert (counted["refreshes"], counted["refreshes_in_grace"]) == (2, 1)


def test_tokens_end_after_their_life(slack: RunningEmulator, settings: Settings) -> None:
    given = slack.control.sign_in()
    api = WebApi(settings, slack.web_api_url)
    slack.control.clock.step(12 * 3600 + 1)
    with pytest.raises(AuthError) as raised:
        api.test(Token(given.access))
    assert raised.value.code == "token_expired"
    api.close()


@pytest.mark.parametrize(
    ("app", "error"),
    [
        (App("another", APP.secret), ConfigError),
        (App(APP.client_id, Token("another")), ConfigError),
        (App(APP.client_id, None), ConfigError),
    ],
)
def test_another_app_is_refused(
    slack: RunningEmulator, settings: Settings, app: App, error: type[Exception]
) -> None:
    given = slack.control.sign_in()
    assert given.refresh is not None
    with pytest.raises(error):
        refresher(settings, slack.web_api_url)(app, Token(given.refresh))


def test_the_control_endpoint_signs_in_and_ends_it(slack: RunningEmulator) -> None:
    routes = slack.server.routes
    given = json.loads(routes.answer("POST", "tokens", {}, b"{}"))
    assert given["access_token"] in json.loads(routes.answer("GET", "tokens", {}, b""))
    routes.answer("DELETE", "tokens", {}, b"")
    assert given["access_token"] not in slack.control.tokens
