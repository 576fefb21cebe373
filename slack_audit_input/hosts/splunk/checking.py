# SPDX-License-Identifier: Apache-2.0
"""An account before it is saved: does its token read an audit log? If not, why not?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from slack_audit_input.hosts.splunk.accounts import (
    Account,
    account_of,
    is_signed_in,
    web_url_of,
)
from slack_audit_input.hosts.splunk.fields import in_words
from slack_audit_input.hosts.splunk.organization import found_by
from slack_audit_input.hosts.splunk.signing_in import taken
from slack_audit_input.hosts.splunk.splunkd import Splunkd
from slack_audit_input.model.errors import AuthError, CollectorError, ConfigError
from slack_audit_input.slack.client import Client
from slack_audit_input.slack.diagnosis import REGIONS, diagnose
from slack_audit_input.slack.source import Lasting, TokenSource

#: Diagnoses that say less than the refusal itself.
_VAGUE = ("ok", "not_accepted", "unknown")
#: What an account keeps of a sign-in, beside its app.
SIGNED_IN = ("access_token", "refresh_token", "issued", "expires")


class Checked(NamedTuple):
    """``fields``: to be saved with the account. ``word``: of a new sign-in, "" for none."""

    fields: dict[str, str]
    word: str


def check_account(fields: Mapping[str, Any], session_key: str, **endpoint: Any) -> Checked:
    """Try an account against Slack.

    ``fields``: those of its form; access_token a word of ``signing_in``, or what is kept.
    ``endpoint``: scheme, host and port of splunkd. Raises ConfigError in words for the form.
    """
    try:
        return _checked({**fields, "name": fields.get("name") or ""}, session_key, endpoint)
    except CollectorError as error:
        raise ConfigError(in_words(error)) from None


def explained(error: AuthError, account: Account, source: TokenSource) -> CollectorError:
    """A refusal of the token, with the reason as far as another call can tell it apart."""
    if not account.web_url:
        return error
    others = REGIONS if account.web_url in REGIONS.values() else None
    try:
        found = diagnose(account.client, source, account.web_url, others)
    except CollectorError:
        return error  # that is what is known
    return error if found.kind in _VAGUE else found.error()


def _checked(fields: dict[str, Any], session_key: str, endpoint: dict[str, Any]) -> Checked:
    splunkd = Splunkd(session_key, **endpoint)
    word = ""
    keep = dict.fromkeys(SIGNED_IN, "")
    if is_signed_in(fields):
        word = fields.get("access_token") or ""
        pair = taken(word, fields.get("client_id") or "", web_url_of(fields), splunkd)
        keep = {name: str(fields.get(name) or "") for name in SIGNED_IN}
        if pair is None:
            word = ""
        else:
            keep["access_token"] = pair.access.spelled()
            keep["refresh_token"] = pair.refresh.spelled() if pair.refresh else ""
            keep["issued"] = str(int(pair.issued_at))
            keep["expires"] = "" if pair.expires_at is None else str(int(pair.expires_at))
        if not keep["access_token"]:
            raise ConfigError("nobody has signed in to Slack yet: press Add again")
    account = account_of({**fields, **keep}, splunkd)
    # What was signed in just now needs no refresh; what is kept may have been refreshed since.
    source = Lasting(account.token) if word else account.source(splunkd, _silent)
    client = Client(account.client, source)
    try:
        found = found_by(client)
    except AuthError as error:
        raise explained(error, account, source) from None
    finally:
        client.close()
    keep.update(organization=found.shown, domain=found.domain, reads=found.reads)
    if is_signed_in(fields) and not keep["refresh_token"]:
        keep["client_secret"] = ""  # nothing will ever need it
    return Checked(keep, word)


def _silent(level: str, action: str, **fields: object) -> None:
    """A form shows its own errors."""
