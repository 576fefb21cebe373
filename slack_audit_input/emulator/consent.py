# SPDX-License-Identifier: Apache-2.0
"""The page on which Slack asks a person whether an app may: /oauth/v2/authorize.

A browser can click on it. Allow and Cancel lead back to the app, as Slack's do.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from slack_audit_input.emulator.answers import HTML, Answer, answer
from slack_audit_input.emulator.grants import Grants
from slack_audit_input.emulator.options import EmulatorOptions

PATH = "/oauth/v2/authorize"
_ASKED = (
    "client_id",
    "user_scope",
    "scope",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
)


def consent(
    method: str,
    params: Mapping[str, str],
    body: bytes,
    now: float,
    options: EmulatorOptions,
    grants: Grants,
) -> Answer:
    """The page for a GET; for the POST of its form, the way back to the app."""
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    asked = form if method == "POST" else params
    wrong = _wrong(asked, options)
    if wrong:
        return answer(400 if method == "POST" else 200, _page(_problem(wrong)), HTML)
    if method != "POST":
        return answer(200, _page(_form(asked)), HTML)
    if form.get("answer") != "allow":
        return _back(asked, error="access_denied")
    code = grants.code(
        asked.get("redirect_uri", ""),
        asked.get("code_challenge", ""),
        "identify," + asked.get("user_scope", ""),
        now,
    )
    return _back(asked, code=code)


def _wrong(asked: Mapping[str, str], options: EmulatorOptions) -> str:
    """Slack's code for a request that leads nowhere; it never redirects then."""
    redirect = asked.get("redirect_uri", "")
    if asked.get("client_id") != options.client_id:
        return "invalid_client_id"
    known = options.redirect_urls
    if not redirect or (known and not any(redirect.startswith(url) for url in known)):
        return "bad_redirect_uri"
    if not asked.get("user_scope") and not asked.get("scope"):
        return "no_scopes"
    if options.public_client and asked.get("code_challenge_method") != "S256":
        return "invalid_code_challenge"
    return ""


def _back(asked: Mapping[str, str], **more: str) -> Answer:
    parts = urlsplit(asked["redirect_uri"])
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query.update(more, state=asked.get("state", ""))
    where = urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), ""))
    return answer(302, b"", HTML, Location=where)


def _form(asked: Mapping[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(asked[name])}">'
        for name in _ASKED
        if name in asked
    )
    scope = html.escape(asked.get("user_scope", ""))
    return (
        "<h1>The app wants to access the organization Emulated</h1>"
        f"<p>On your behalf, it may: <code>{scope}</code></p>"
        f'<form method="post" action="{PATH}">{hidden}'
        '<button name="answer" value="cancel">Cancel</button> '
        '<button name="answer" value="allow">Allow</button></form>'
    )


def _problem(code: str) -> str:
    return f"<h1>Something went wrong</h1><p>{code}</p>"


def _page(body: str) -> bytes:
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Slack, emulated</title>'
        f"</head><body>{body}</body></html>"
    ).encode()
