# SPDX-License-Identifier: Apache-2.0
"""Add to Slack: from the code of Slack's sign-in page to an account that is saved.

The settings page asks for the token, waits, and then saves the form with what it got. It gets a
word that stands for the token: the token itself stays in Splunk's credential storage, and passes
through no browser. Saving the account takes it from there.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from slack_audit_input import __version__
from slack_audit_input.hosts.splunk.accounts import ACCOUNTS, way_out
from slack_audit_input.hosts.splunk.fields import in_words
from slack_audit_input.hosts.splunk.safe import Safe
from slack_audit_input.hosts.splunk.splunkd import Splunkd
from slack_audit_input.model.errors import AuthError, CollectorError, ConfigError
from slack_audit_input.slack.credentials import App, Pair
from slack_audit_input.slack.oauth import SCOPE, WebApi
from slack_audit_input.slack.settings import Settings
from slack_audit_input.slack.token import Token

REALM = "slack_audit_sign_in"
#: A word begins with it; no token of Slack's does.
_HEAD = "signed-in-"
#: Seconds for which what was signed in waits for its form to be saved.
WAITS = 1800
#: What UCC's pages show, and send, instead of a secret that is kept.
HIDDEN = ("******", "********")
_METHOD = "/api/oauth.v2.access"
#: Seconds. The page gives up after 30.
_TIMEOUTS, _PATIENCE = (8.0, 15.0), 20.0
#: What Slack's page sends back instead of a code; our redirect page puts "error." before it.
_ERRORS = {
    "access_denied": (
        "Cancel was pressed on Slack's page, or somebody there may not install apps: nothing was "
        "connected. Press Add to try again"
    ),
    "invalid_scope": f"the Slack app has not the user token scope {SCOPE}: add it there",
    "invalid_team_for_non_distributed_app": (
        "the Slack app is not for this organization: make it there, or activate its distribution"
    ),
}


def sign_in(given: Mapping[str, str], session_key: str, **endpoint: Any) -> str:
    """Get the token for a code, keep it; the word that stands for it.

    ``given``: url, client_id, client_secret, code, redirect_uri, as UCC's page sends them.
    ``endpoint``: scheme, host and port of splunkd. Raises ConfigError in words for the form.
    """
    try:
        return _signed_in(given, Splunkd(session_key, **endpoint))
    except CollectorError as error:
        raise ConfigError(in_words(error)) from None


def taken(word: str, client_id: str, web_url: str, splunkd: Splunkd) -> Pair | None:
    """The pair that a word stands for; None for what is no such word.

    Raises ConfigError when it waits no more, or was got for another app or from another address.
    """
    if not word.startswith(_HEAD):
        return None
    kept = Safe(splunkd, REALM).load().get(word)
    try:
        found = json.loads(kept.text) if kept is not None and kept.text is not None else {}
        same = (found["client_id"], found["web_url"]) == (client_id, web_url)
        refresh = found["refresh"] and Token(found["refresh"])
        pair = Pair(Token(found["access"]), refresh or None, found["issued"], found["expires"])
    except (ValueError, LookupError, TypeError):
        same, pair = False, None
    if not same:
        raise ConfigError("what Slack gave is not kept any more: sign in again")
    return pair


def let_go(word: str, splunkd: Splunkd) -> None:
    """Forget what a word stands for: its account is about to be saved."""
    Safe(splunkd, REALM).remove(word)


def _signed_in(given: Mapping[str, str], splunkd: Splunkd) -> str:
    code = given.get("code", "")
    if code.startswith("error."):
        raise AuthError(_refusal(code[len("error.") :]))
    web_url = _web_url(given.get("url", ""))
    client_id, secret = given.get("client_id", ""), given.get("client_secret", "")
    if secret in HIDDEN:
        secret = _kept_secret(client_id, web_url, splunkd)
    proxy, ca_file = way_out(splunkd)
    agent = f"slack-audit-input/{__version__} (splunk)"
    settings = Settings(web_url, proxy, ca_file, _TIMEOUTS, _PATIENCE, agent)
    api = WebApi(settings, web_url)
    try:
        now = time.time()
        grant = api.exchange(App(client_id, Token(secret)), code, given.get("redirect_uri", ""))
    finally:
        api.close()
    # Whether it reads an audit log, and if not, why not, is found out when the form is saved.
    pair = grant.pair(now)
    text = json.dumps(
        {
            "client_id": client_id,
            "web_url": web_url,
            "access": pair.access.spelled(),
            "refresh": pair.refresh and pair.refresh.spelled(),
            "issued": pair.issued_at,
            "expires": pair.expires_at,
        }
    )
    safe = Safe(splunkd, REALM)
    word = f"{_HEAD}{int(now)}-{secrets.token_hex(16)}"
    safe.write(word, text)
    safe.remove(*(old for old in safe.load() if _is_old(old, now)))
    return word


def _is_old(word: str, now: float) -> bool:
    second = word[len(_HEAD) :].partition("-")[0]
    return not second.isdigit() or not now - WAITS < int(second[:12]) < now + WAITS


def _web_url(url: str) -> str:
    """The Web API of a token endpoint's address. Raises ConfigError."""
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.path != _METHOD or not parts.hostname or parts.query:
        raise ConfigError("the sign-in address is no host name such as slack.com")
    return f"https://{parts.netloc}/api/"


def _refusal(code: str) -> str:
    if code in _ERRORS:
        return _ERRORS[code]
    shown = code if re.fullmatch("[a-z_]{1,60}", code) else "an error of no known form"
    return f"Slack's page sent back {shown}: nothing was connected"


def _kept_secret(client_id: str, web_url: str, splunkd: Splunkd) -> str:
    """The client secret that an account of this app keeps, which the page has only as stars."""
    host = urlsplit(web_url).netloc
    for name, fields in splunkd.contents(f"configs/conf-{ACCOUNTS}").items():
        if (fields.get("client_id"), fields.get("endpoint") or "slack.com") == (client_id, host):
            secret = (splunkd.secrets(ACCOUNTS, name) or {}).get("client_secret")
            if isinstance(secret, str) and secret:
                return secret
    raise ConfigError("type the client secret again: it is kept for apps with token rotation only")
