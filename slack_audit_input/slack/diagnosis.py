# SPDX-License-Identifier: Apache-2.0
"""Why a token reads no audit log, and what to do: told apart by what two calls answer.

``/logs`` says least when it matters most: its documented codes come without HTTP statuses, and the
one refusal that was seen live had no code at all (reference section 5). ``auth.test`` says whose
token it is, on what the app is installed and what it may do; together they leave little open.
What stays open is said to be likely, and a code that is not known is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from slack_audit_input.model.errors import AuthError, CallFailed, CollectorError, ConfigError
from slack_audit_input.slack.answers import refusal_of
from slack_audit_input.slack.classify import AUTH_CODES
from slack_audit_input.slack.client import Client
from slack_audit_input.slack.decode import decode_page
from slack_audit_input.slack.oauth import SCOPE, Identity, WebApi
from slack_audit_input.slack.settings import Settings
from slack_audit_input.slack.source import TokenSource
from slack_audit_input.slack.token import Token

#: The Web API of each of Slack's regions: where a token that is refused here may be at home.
REGIONS = {"commercial": "https://slack.com/api/", "GovSlack": "https://slack-gov.com/api/"}

_OWNER = "an Owner of the organization (an Admin is not enough)"
#: By kind: what is wrong, and what to do about it.
WORDS = {
    "not_enterprise": (
        "this is not an Enterprise organization: audit logs come with Slack's Enterprise plans "
        "only. Use the token of an organization that has one"
    ),
    "workspace": (
        "the app is installed on one workspace, not on the organization. Let "
        f"{_OWNER} install it again, and choose the organization, not a workspace, in the "
        "drop-down at the top right of Slack's consent page"
    ),
    "not_owner": (
        f"the person who installed the app is not {_OWNER}. Let an Owner sign in, and use that "
        "token"
    ),
    "wrong_scope": (
        f"the token lacks the scope {SCOPE}. Add it to the app's User Token Scopes (not to its "
        "Bot Token Scopes), and sign in again: a token keeps the scopes it was made with"
    ),
    "revoked": (
        "the token was revoked: the app was removed, somebody has revoked it, or the person "
        "signed out. Sign in again as an Owner"
    ),
    "expired": (
        "the token has expired: in an app with token rotation it lives 12 hours. Sign in, so that "
        "it is refreshed from then on; a pasted token cannot be"
    ),
    "lost": (
        "the sign-in is lost: Slack takes its refresh token no more, because it was used by "
        "somebody else, or by a program that could not keep the answer, or was revoked. Sign in "
        "again as an Owner"
    ),
    "deactivated": (
        "the person whose token this is has left, or was deactivated. Let another Owner of the "
        "organization sign in"
    ),
    "wrong_region": "the token belongs to another region of Slack. Use that region's addresses",
    "wrong_token": (
        "this is not a user token. Use the User OAuth Token (xoxp-… or xoxe.xoxp-…), not a bot's "
        "(xoxb-…), an app's (xapp-…) or a refresh token (xoxe-1-…)"
    ),
    "not_accepted": (
        "Slack does not know this token, or does not take it from this network. Is it copied "
        "whole, and of the right app? A token of GovSlack is good there only"
    ),
    "unknown": "Slack refuses for a reason that is not known here",
}


class Diagnosis(NamedTuple):
    """``kind``: a key of WORDS, or "ok". ``words``: a sentence for people. ``code``: Slack's.

    ``identity``: whose token it is, None where auth.test did not say.
    """

    kind: str
    words: str
    code: str = ""
    identity: Identity | None = None

    @property
    def well(self) -> bool:
        """Does the token read the audit log?"""
        return self.kind == "ok"

    def error(self) -> CollectorError:
        """It as an error; only of one that is not well."""
        if self.kind == "wrong_region":
            return ConfigError(self.words)
        return AuthError(self.words, self.code)


def diagnose(
    settings: Settings,
    source: Token | TokenSource,
    web_url: str,
    regions: Mapping[str, str] | None = None,
) -> Diagnosis:
    """Try ``/logs``; when it refuses, find out why.

    ``web_url``: of the Web API. ``regions``: Web APIs of other regions by name, which are shown
    the token if this one does not know it; None or empty: none is. Raises what is no refusal of
    the token: ConfigError, Retryable, RateLimited, ProtocolError.
    """
    client = Client(settings, source)
    try:
        refusal, bare = _refusal(client)
    finally:
        client.close()
    if refusal is None:
        return Diagnosis("ok", "the token reads the organization's audit log")
    token = source if isinstance(source, Token) else source.token()
    identity, test_code = _identity(settings, web_url, token)
    kind = kind_of(refusal.code, identity, test_code, bare)
    if kind == "not_accepted":
        for name, url in (regions or {}).items():
            if url != web_url and _identity(settings, url, token)[0] is not None:
                words = (
                    f"the token belongs to {name} Slack, at {url}, and the settings name another "
                    "region. Set the region, or --api-url, to that one"
                )
                return Diagnosis("wrong_region", words, refusal.code, None)
    code = refusal.code or test_code
    return Diagnosis(kind, _words(kind, code, identity, refusal), code, identity)


def kind_of(code: str, identity: Identity | None, test_code: str, bare: bool = False) -> str:
    """What is wrong, from the code of /logs, and what auth.test said or refused with.

    ``bare``: /logs refused with a 403 that is not Slack's JSON; a proxy's looks so.
    """
    kind = _BY_CODE.get(code) or _BY_CODE.get(test_code)
    if code == "invalid_workspace" and identity is not None and identity.enterprise:
        return "workspace"
    if kind is not None:
        return kind
    if identity is None:
        vague = code in ("", *AUTH_CODES) and test_code in ("", *AUTH_CODES)
        return "not_accepted" if vague else "unknown"
    if identity.scopes is not None and SCOPE not in identity.scopes:
        return "wrong_scope"
    if not identity.enterprise:
        return "not_enterprise"
    if not identity.whole:
        return "workspace"
    return "not_owner" if code in ("", *AUTH_CODES) and not bare else "unknown"


_BY_CODE = {
    "feature_not_enabled": "not_enterprise",
    "paid_only": "not_enterprise",
    "invalid_workspace": "not_enterprise",
    "team_not_authorized": "workspace",
    "user_not_authorized": "not_owner",
    "missing_scope": "wrong_scope",
    "token_revoked": "revoked",
    "token_expired": "expired",
    "account_inactive": "deactivated",
    "not_allowed_token_type": "wrong_token",
    "invalid_refresh_token": "lost",
}


def _words(kind: str, code: str, identity: Identity | None, refusal: AuthError) -> str:
    words = WORDS[kind]
    if kind == "unknown":
        words += f" ({refusal})" if not code else f": {code}"
    elif kind == "not_owner" and code != "user_not_authorized":
        words = f"most likely {words}"
    if kind == "wrong_scope" and identity is not None and identity.scopes is not None:
        words += f". It has: {', '.join(identity.scopes) or 'none'}"
    if identity is not None:
        where = "organization" if identity.whole else "workspace"
        words += f". (Token of {identity.user or 'nobody'} in {where} {identity.team or '?'}"
        words += f"; Slack says {code})" if code else ")"
    elif code and kind != "unknown":
        words += f". (Slack says {code})"
    return words


def _refusal(client: Client) -> tuple[AuthError | None, bool]:
    """Slack's refusal of the token to read one entry, and is it bare? None when it is read."""
    status = 0
    try:
        answer = client.get("logs", {"limit": 1})
        status = answer.status
        if status != 200:
            raise refusal_of(answer)
        decode_page(answer.body, 0, None, False, answer.encoding)
    except AuthError as error:
        return error, status == 403 and not error.code
    return None, False


def _identity(settings: Settings, url: str, token: Token) -> tuple[Identity | None, str]:
    """What auth.test says; or None, and the code with which it refuses ("" for another fault)."""
    try:
        api = WebApi(settings, url)
        try:
            return api.test(token), ""
        finally:
            api.close()
    except AuthError as error:
        return None, error.code
    except (ConfigError, CallFailed):
        # A network that lets the Audit Logs API through need not let this one.
        return None, ""
