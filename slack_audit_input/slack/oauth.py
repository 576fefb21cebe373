# SPDX-License-Identifier: Apache-2.0
"""Slack's Web API as far as tokens need it: oauth.v2.access, auth.test, auth.revoke.

Facts. oauth.v2.access takes a form and, for client id and secret, HTTP Basic (Slack's reference
of the method). A code grant answers with the user's token in ``authed_user``, a refresh grant
with it at the top and ``token_type`` "user" (Slack's Python SDK, TokenRotator). Errors come with
HTTP 200 and ``ok`` false.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import requests

from slack_audit_input.model.errors import AuthError, CollectorError, ConfigError, Retryable
from slack_audit_input.slack.classify import (
    AUTH_CODES,
    code_of,
    passing_error,
    scopes_of,
    seconds_of,
)
from slack_audit_input.slack.client import Answer, Client
from slack_audit_input.slack.credentials import App, Pair
from slack_audit_input.slack.settings import Settings, checked_url, is_loopback
from slack_audit_input.slack.token import NoToken, Token
from slack_audit_input.slack.unpack import inflate

#: What the token has to be able to do, and nothing else.
SCOPE = "auditlogs:read"
#: The host of the Audit Logs API and of the Web API: the first pair is documented, the second
#: is derived from what Slack documents of GovSlack, and not confirmed.
HOSTS = {"api.slack.com": "slack.com", "api.slack-gov.com": "slack-gov.com"}
#: Answers of the Web API about tokens are short.
BODY_MOST = 1 << 20

_AGAIN = "Sign in again"
_SETTINGS = "see Basic Information, App Credentials in the settings of the Slack app"
#: Codes of oauth.v2.access; where Slack documents none, the sentence says what it stands for.
_CONFIG_CODES = {
    "invalid_client_id": f"Slack knows no app with this client id: {_SETTINGS}.",
    "bad_client_secret": f"The client secret is not this app's (any more): {_SETTINGS}.",
    "bad_redirect_uri": (
        "The redirect URL is not among those of the Slack app (OAuth & Permissions, Redirect "
        "URLs), or not the one with which signing in began. They must agree to the letter."
    ),
    "invalid_grant_type": "The Slack app has no token rotation (any more): sign in again.",
    "oauth_authorization_url_mismatch": "Signing in must begin at /oauth/v2/authorize.",
    "no_scopes": f"The Slack app asks for no scope: give it the user token scope {SCOPE}.",
    "no_user_scopes": f"The Slack app has no user token scope: give it {SCOPE}.",
    "invalid_scope": f"The Slack app has not the user token scope {SCOPE}: add it.",
    "cannot_install_an_org_installed_app": (
        "The app is installed on the organization already: sign in there, not in a workspace."
    ),
    "accesslimited": "Slack does not take this call from this network.",
}
_AUTH_CODES = {
    **AUTH_CODES,
    "invalid_refresh_token": (
        "Slack takes the refresh token no more: it was used before, by somebody else or by a "
        f"program that could not keep the answer, or it was revoked. {_AGAIN}."
    ),
    "invalid_code": f"The code of the sign-in is not valid, or was used already. {_AGAIN}.",
    "code_expired": f"The code of the sign-in has expired: it lives ten minutes. {_AGAIN}.",
    "code_already_used": f"The code of the sign-in was used already. {_AGAIN}.",
    "access_denied": "Signing in was refused, or cancelled, on Slack's page.",
}


class Grant(NamedTuple):
    """What Slack gives for a code or a refresh token. ``life``: seconds, None for ever.

    ``team``: id of the organization or workspace; ``whole``: the app is installed on the
    organization, None when the answer does not say.
    """

    access: Token
    refresh: Token | None
    life: float | None
    scopes: tuple[str, ...] = ()
    user: str = ""
    team: str = ""
    whole: bool | None = None

    def pair(self, now: float) -> Pair:
        """The pair, with times. ``now``: unix seconds at which it was asked for."""
        ends = None if self.life is None else now + self.life
        return Pair(self.access, self.refresh, now, ends)


class Identity(NamedTuple):
    """Whose token it is, as auth.test says. ``scopes`` None when the answer does not say."""

    user: str
    team: str
    enterprise: str
    whole: bool
    scopes: tuple[str, ...] | None
    url: str


class WebApi:
    """The calls. ``settings``: how to reach Slack; ``url``: of the Web API, see ``web_api_url``."""

    def __init__(self, settings: Settings, url: str) -> None:
        checked_url(url, "--web-api-url")
        self._client = Client(settings._replace(api_url=url, body_most=BODY_MOST), None)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def exchange(self, app: App, code: str, redirect_url: str, verifier: str = "") -> Grant:
        """The grant for a code. Raises AuthError, ConfigError, Retryable, RateLimited."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_url}
        if verifier:
            form["code_verifier"] = verifier
        return self._grant(app, form)

    def refresh(self, app: App, token: Token) -> Grant:
        """The grant for a refresh token, which is spent by that. Raises as ``exchange`` does."""
        return self._grant(app, {"grant_type": "refresh_token", "refresh_token": token.spelled()})

    def test(self, token: Token) -> Identity:
        """Whose token it is. Raises AuthError with Slack's code when it is nobody's."""
        answer = self._client.post("auth.test", {}, token)
        found = _document(answer)
        scopes = None if answer.scopes is None else tuple(scopes_of(answer.scopes))
        return Identity(
            _id(found.get("user_id")),
            _id(found.get("team_id")),
            _id(found.get("enterprise_id")),
            found.get("is_enterprise_install") is True,
            scopes,
            found["url"][:200] if isinstance(found.get("url"), str) else "",
        )

    def revoke(self, token: Token) -> None:
        """Make a token worthless. Raises AuthError when it was so already."""
        _document(self._client.post("auth.revoke", {}, token))

    def _grant(self, app: App, form: dict[str, str]) -> Grant:
        auth: requests.auth.AuthBase | NoToken = NoToken()
        if app.secret is None:
            form["client_id"] = app.client_id
        else:
            auth = requests.auth.HTTPBasicAuth(app.client_id, app.secret.spelled())
        return _grant_in(_document(self._client.post("oauth.v2.access", form, auth)))


def web_api_url(api_url: str, given: str = "") -> str:
    """The base URL of the Web API that belongs to an Audit Logs API; ``given`` replaces it.

    Raises ConfigError for an address of which that is not known.
    """
    if given:
        return checked_url(given, "--web-api-url")
    parts = urlsplit(checked_url(api_url))
    host = parts.hostname or ""
    if is_loopback(host):
        return urlunsplit((parts.scheme, parts.netloc, "/api/", "", ""))
    if host not in HOSTS:
        raise ConfigError(
            f"where Slack's Web API is, cannot be told from {host}: name it with --web-api-url, "
            "such as https://slack.com/api/"
        )
    return f"https://{HOSTS[host]}/api/"


def authorize_url(web_url: str) -> str:
    """Where signing in begins, for a Web API: its host's /oauth/v2/authorize."""
    parts = urlsplit(web_url)
    return urlunsplit((parts.scheme, parts.netloc, "/oauth/v2/authorize", "", ""))


def challenge_of(verifier: str) -> str:
    """The S256 code challenge of a verifier (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def refresher(settings: Settings, url: str) -> Callable[[App, Token], Grant]:
    """``WebApi.refresh`` with a connection for each call: there is one every eight hours."""

    def refresh(app: App, token: Token) -> Grant:
        api = WebApi(settings, url)
        try:
            return api.refresh(app, token)
        finally:
            api.close()

    return refresh


def _document(answer: Answer) -> dict[str, Any]:
    """The answer when it is a good one; raises the error that any other stands for."""
    try:
        found = json.loads(inflate(answer.body, answer.encoding))
    except (CollectorError, ValueError, RecursionError):
        found = None
    document: dict[str, Any] = found if isinstance(found, dict) else {}
    if answer.status == 200 and document.get("ok") is True:
        return document
    raise _error_of(answer, document)


def _error_of(answer: Answer, document: Mapping[str, Any]) -> CollectorError:
    code = code_of(dict(document))
    said = f"HTTP {answer.status}" + (f" {code}" if code else "")
    wait = seconds_of(answer.retry_after, answer.date)
    passing = passing_error(answer.status, code, wait)
    if passing is not None:
        return passing
    if code in _CONFIG_CODES:
        return ConfigError(f"{said}: {_CONFIG_CODES[code]}")
    if code in _AUTH_CODES:
        return AuthError(f"{said}: {_AUTH_CODES[code]}", code)
    if code:
        return AuthError(f"{said}: Slack refuses, for a reason that is not known here.", code)
    if 300 <= answer.status < 400:
        return Retryable(
            f"{said}: Slack's address answers with a redirect, which is never followed", "redirect"
        )
    if answer.status == 200:
        # Slack's page for a glitch is HTML, and so is a proxy's: either may pass.
        return Retryable(
            f"{said}: the answer is not JSON of the Web API. If it stays so: is --web-api-url "
            "right, such as https://slack.com/api/, and does a proxy answer in its place?",
            "body",
        )
    if answer.status in (404, 405):
        return ConfigError(
            f"{said}: there is no Web API of Slack's at this address. --web-api-url must be such "
            "as https://slack.com/api/"
        )
    return AuthError(f"{said}: Slack, or a proxy on the way, refuses")


def _grant_in(document: dict[str, Any]) -> Grant:
    """The user's token in an answer of oauth.v2.access. Raises AuthError, Retryable."""
    person = document.get("authed_user")
    person = person if isinstance(person, dict) else {}
    holder = person if isinstance(person.get("access_token"), str) else document
    if not isinstance(holder.get("access_token"), str) or holder.get("token_type") == "bot":
        raise AuthError(
            "Slack gave no user token. The sign-in must ask for the user scope "
            f"{SCOPE}, and the Slack app must have it among its User Token Scopes"
        )
    life = holder.get("expires_in")
    if isinstance(life, bool) or not isinstance(life, (int, float)) or not 0 < life < 1e9:
        life = None
    refresh = holder.get("refresh_token")
    try:
        access = Token(holder["access_token"])
        renews = Token(refresh) if isinstance(refresh, str) and refresh.strip() else None
    except ConfigError:
        # Not told apart from a damaged answer: the refresh token may serve once more.
        raise Retryable("Slack's answer holds a token that cannot be one", "shape") from None
    return Grant(
        access,
        renews,
        None if life is None or renews is None else float(life),
        tuple(scopes_of(holder.get("scope"))),
        _id(person.get("id")),
        _id(_of(document, "enterprise", "id")) or _id(_of(document, "team", "id")),
        _truth(document.get("is_enterprise_install")),
    )


def _of(document: dict[str, Any], outer: str, inner: str) -> Any:
    found = document.get(outer)
    return found.get(inner) if isinstance(found, dict) else None


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _id(value: object) -> str:
    """An id of Slack's; "" for what is none."""
    return value if isinstance(value, str) and value.isalnum() and len(value) <= 40 else ""
