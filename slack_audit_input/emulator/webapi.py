# SPDX-License-Identifier: Apache-2.0
"""Slack's Web API as far as tokens need it: oauth.v2.access, auth.test, auth.revoke.

Pure, as the core is. Refusals come with HTTP 200 and `ok` false, as the Web API's do.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import parse_qsl

from slack_audit_input.emulator.accounts import ACCOUNTS
from slack_audit_input.emulator.answers import Answer, answer, dump
from slack_audit_input.emulator.grants import Given, Grants, Lives
from slack_audit_input.emulator.options import EmulatorOptions

METHODS = ("oauth.v2.access", "auth.test", "auth.revoke")
USER, TEAM, ENTERPRISE = "W012A3CDE", "T0EMULATED", "E0EMULATED"


def call(
    method: str,
    headers: Mapping[str, str],
    body: bytes,
    now: float,
    options: EmulatorOptions,
    grants: Grants,
) -> Answer:
    """The answer of one method of METHODS to a POST."""
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if method == "oauth.v2.access":
        return _access(form, headers, now, options, grants)
    token = bearer(headers) or form.get("token", "")
    code = trouble_of(token, now, options, grants)
    if code:
        return refusal(code)
    if method == "auth.revoke":
        grants.revoke(token)
        return answer(200, dump({"ok": True, "revoked": True}))
    return _test(token, options, grants)


def trouble_of(token: str, now: float, options: EmulatorOptions, grants: Grants) -> str:
    """The Web API's code for a token that is not good; "" for one that is."""
    if not token:
        return "not_authed"
    trouble = grants.trouble(token, now)
    if trouble is None:
        trouble = "" if token in (options.token, *options.more_tokens) else "invalid_auth"
    return trouble or ACCOUNTS[options.account].test


def lives_of(options: EmulatorOptions) -> Lives:
    """How long tokens are good, by the options."""
    access = options.token_life if options.token_rotation else None
    return Lives(access, options.refresh_grace, options.active_tokens)


def refusal(code: str) -> Answer:
    """`ok` false."""
    return answer(200, dump({"ok": False, "error": code}))


def bearer(headers: Mapping[str, str]) -> str:
    """The token of the header Authorization, "" for none."""
    scheme, _, token = _authorization(headers).partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _access(
    form: Mapping[str, str],
    headers: Mapping[str, str],
    now: float,
    options: EmulatorOptions,
    grants: Grants,
) -> Answer:
    client, secret = _client(form, headers)
    if client != options.client_id:
        return refusal("invalid_client_id")
    # A public client has no secret, and one that is sent is not looked at.
    if not options.public_client and secret != options.client_secret:
        return refusal("bad_client_secret")
    lives = lives_of(options)
    kind = form.get("grant_type", "authorization_code")
    given: Given | str
    if kind == "refresh_token":
        given = grants.for_refresh(form.get("refresh_token", ""), now, lives)
    elif kind == "authorization_code":
        code, redirect = form.get("code", ""), form.get("redirect_uri", "")
        given = grants.for_code(code, redirect, form.get("code_verifier", ""), now, lives)
    else:
        given = "invalid_grant_type"
    if isinstance(given, str):
        return refusal(given)
    return answer(200, dump(_told(given, kind, options, grants)))


def _told(given: Given, kind: str, options: EmulatorOptions, grants: Grants) -> dict[str, object]:
    token: dict[str, object] = {
        "access_token": given.access,
        "token_type": "user",
        "scope": grants.scopes(given.access),
    }
    if given.refresh is not None and given.life is not None:
        token.update(refresh_token=given.refresh, expires_in=int(given.life))
    account = ACCOUNTS[options.account]
    told: dict[str, object] = {
        "ok": True,
        "app_id": "A0EMULATED",
        "enterprise": {"id": ENTERPRISE, "name": "Emulated"} if account.enterprise else None,
        "team": None if account.whole else {"id": TEAM, "name": "Workspace"},
        "is_enterprise_install": account.whole,
    }
    if kind == "refresh_token":
        return {**told, **token}
    return {**told, "authed_user": {"id": USER, **token}}


def _test(token: str, options: EmulatorOptions, grants: Grants) -> Answer:
    account = ACCOUNTS[options.account]
    told: dict[str, object] = {
        "ok": True,
        "url": "https://emulated.enterprise.slack.com/",
        "team": "Emulated",
        "user": "owner",
        "team_id": ENTERPRISE if account.whole else TEAM,
        "user_id": USER,
        "is_enterprise_install": account.whole,
    }
    if account.enterprise:
        told["enterprise_id"] = ENTERPRISE
    scopes = account.scopes
    if options.account == "owner":
        scopes = grants.scopes(token) or scopes
    return answer(200, dump(told), X_OAuth_Scopes=scopes)


def _client(form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, text = _authorization(headers).partition(" ")
    if scheme.lower() == "basic":
        try:
            client, _, secret = base64.b64decode(text).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return client, secret
    return form.get("client_id", ""), form.get("client_secret", "")


def _authorization(headers: Mapping[str, str]) -> str:
    return next((v for k, v in headers.items() if k.lower() == "authorization"), "")
