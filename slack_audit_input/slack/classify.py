# SPDX-License-Identifier: Apache-2.0
"""One table: what an HTTP status, an error code and a header mean, and what to do.

The status decides, the code refines: bodies of errors may be empty or HTML (a token "dummy"
gets 401 without a parseable body, as the Java SDK's live tests show).
"""

from __future__ import annotations

import json
import re
import time
from typing import Any, NoReturn

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
from slack_audit_input.slack.clock import date_of

_NEEDED = (
    "The token must be a user token (xoxp-…) of an organization Owner, with the scope "
    "auditlogs:read, from an app installed on the whole organization."
)
#: Slack's error codes that a person must act on: documented ones first, generic ones after.
AUTH_CODES = {
    "missing_authentication": f"Slack got no token. {_NEEDED}",
    "invalid_authentication": f"Slack does not accept the token. {_NEEDED}",
    "user_not_authorized": (
        "The app was installed by somebody who is not an organization Owner (an Admin is not "
        "enough). Let an Owner install it and use that token."
    ),
    "team_not_authorized": (
        "The app is installed on one workspace. Install it on the organization: choose the "
        "organization in the drop-down of the consent page."
    ),
    "feature_not_enabled": (
        "This organization has no audit logs: they come with Slack's Enterprise plans only."
    ),
    "invalid_workspace": (
        "The token belongs to a workspace that has no audit logs. Use the token of an app that "
        "is installed on an Enterprise organization."
    ),
    "method_not_allowed": f"Slack does not allow this call with this token. {_NEEDED}",
    "missing_scope": "The token lacks the scope auditlogs:read. Add it as a user token scope, "
    "install the app again as an organization Owner, and use the new token.",
    "not_allowed_token_type": f"This kind of token cannot read audit logs. {_NEEDED}",
    "token_revoked": "The token was revoked. Install the app again as an Owner; use the new token.",
    "token_expired": (
        "The token has expired: in an app with token rotation it lives 12 hours. Sign in, so that "
        "it is refreshed from then on, or use the token of an app without rotation."
    ),
    "account_inactive": (
        "The person whose token this is has left or was deactivated. Let another organization "
        "Owner install the app."
    ),
    "not_authed": f"Slack got no token. {_NEEDED}",
    "invalid_auth": f"Slack does not accept the token. {_NEEDED}",
    "paid_only": "This organization has no audit logs: they need Slack's Enterprise plan.",
}
_LIMITED = ("rate_limited", "ratelimited")
#: Nobody can do anything but wait; the last: the organization is being migrated.
_PASSING = (
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "org_login_required",
)
#: Codes that Slack sends with HTTP 400.
_REFUSALS = ("invalid_cursor", "invalid_action", "invalid_range")
#: Slack's codes are words; anything else (an echo of the request?) is not repeated.
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SCOPE = re.compile(r"[a-z][a-z0-9_.:]{0,63}")

#: Waited when Slack's Retry-After is missing or makes no sense.
RETRY_AFTER_DEFAULT = 30.0
#: An hour is honoured; nonsense such as a million seconds is not.
RETRY_AFTER_MOST = 3600.0


def error_of(
    status: int, body: bytes, retry_after: str | None, cursor: bool, date: int | None = None
) -> CollectorError:
    """The error that an answer other than a good 200 stands for.

    ``cursor``: the request had one. ``date``: the answer's, in unix seconds, against which a
    ``Retry-After`` with a date is read. Never raises.
    """
    return _error_of(status, _document(body), body, seconds_of(retry_after, date), cursor)


def raise_not_ok(document: dict[str, Any], body: bytes, cursor: bool) -> NoReturn:
    """For a 200 without entries: ``ok: false`` by its code, anything else as an unknown shape."""
    code = document.get("error")
    if document.get("ok") is False or code:
        status = 400 if code in _REFUSALS else 200
        raise _error_of(status, document, body, RETRY_AFTER_DEFAULT, cursor)
    raise Retryable("Slack's answer holds no list of entries", "shape")


def _error_of(
    status: int, document: dict[str, Any], body: bytes, retry_after: float, cursor: bool
) -> CollectorError:
    code = code_of(document)
    said = f"HTTP {status}" + (f" {code}" if code else "")
    passing = passing_error(status, code, retry_after)
    if passing is not None:
        return passing
    if status in (401, 403) or code in AUTH_CODES:
        return AuthError(f"{said}: {_auth_words(status, code, document)}", code)
    if status == 400 and cursor:
        return CursorRejected(f"Slack does not know the cursor any more ({said})")
    if status == 400:
        return Refused(f"Slack refuses the request ({said})", code)
    if status == 407:
        return ConfigError("The proxy wants a user name and password: put them in the proxy's URL")
    if status in (404, 405):
        return ConfigError(
            f"{said}: there is no Audit Logs API at this address. --api-url must be "
            "https://api.slack.com/audit/v1/ (or your region's)"
        )
    if 300 <= status < 400:
        return Retryable(
            f"{said}: Slack's address answers with a redirect, which is never followed, for it "
            "would carry the token elsewhere. Check --api-url and the proxy",
            "redirect",
        )
    return ProtocolError(f"Slack answers {said}, which is not known. The checkpoint is kept", body)


def passing_error(status: int, code: str, retry_after: float) -> CollectorError | None:
    """The error of an answer after which waiting helps: the same for all of Slack's APIs."""
    said = f"HTTP {status}" + (f" {code}" if code else "")
    if status == 429 or (code in _LIMITED and status < 500):
        return RateLimited(f"Slack's rate limit is used up ({said})", retry_after)
    if status >= 500 or status in (408, 425) or code in _PASSING:
        return Retryable(f"Slack has a fault at the moment ({said})", "server")
    return None


def code_of(document: dict[str, Any]) -> str:
    """Slack's error code in an answer, "" for none, and for what cannot be one."""
    found = document.get("error")
    return found if isinstance(found, str) and _CODE.fullmatch(found) else ""


def scopes_of(text: object) -> list[str]:
    """The scopes in a list with commas, as far as they look like scopes."""
    if not isinstance(text, str):
        return []
    return [s for s in map(str.strip, text[:2000].split(",")) if _SCOPE.fullmatch(s)][:20]


def seconds_of(retry_after: str | None, now: float | None = None) -> float:
    """Seconds to wait for a ``Retry-After`` of whole seconds, a fraction, or an HTTP date."""
    text = (retry_after or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        moment = date_of(text)
        if moment is None:
            return RETRY_AFTER_DEFAULT
        seconds = moment - (time.time() if now is None else now)
    if not seconds >= 0:  # also NaN
        return RETRY_AFTER_DEFAULT
    return min(max(seconds, 1.0), RETRY_AFTER_MOST)


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body[:65536])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _auth_words(status: int, code: str, document: dict[str, Any]) -> str:
    words = AUTH_CODES.get(code)
    if words is None:
        refused = "does not accept the token" if status == 401 else "forbids this token"
        words = f"Slack {refused}. {_NEEDED}"
        if status == 403 and not document:
            words += " (The answer is not Slack's JSON: a proxy on the way may have forbidden it.)"
    provided = document.get("provided")
    if code == "missing_scope" and isinstance(provided, str):
        words += f" It has: {', '.join(scopes_of(provided)) or 'none'}."
    return words
