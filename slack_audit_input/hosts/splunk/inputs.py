# SPDX-License-Identifier: Apache-2.0
"""An input before it runs: is everything there, does Slack accept it?"""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping
from typing import Any

from slack_audit_input.catalogue import ours
from slack_audit_input.collector.ports import Log
from slack_audit_input.hosts.splunk import KIND
from slack_audit_input.hosts.splunk.accounts import Account, account_named
from slack_audit_input.hosts.splunk.checking import explained
from slack_audit_input.hosts.splunk.fields import DEFAULTS, InputFields, in_words, input_fields
from slack_audit_input.hosts.splunk.organization import listed_actions, newest_page
from slack_audit_input.hosts.splunk.splunkd import Splunkd, named
from slack_audit_input.model.errors import (
    AuthError,
    CollectorError,
    ConfigError,
    GaveUp,
    RateLimited,
    Retryable,
)
from slack_audit_input.slack.client import Client
from slack_audit_input.slack.filters import Filters

#: Calls a minute that Slack allows an organization, all its tools together (reference section 6).
LIMIT = 50


def check_input(
    name: str, given: Mapping[str, str | None], session_key: str, **endpoint: Any
) -> None:
    """Try an input as its form describes it. Raises ConfigError in words for the form."""
    try:
        splunkd = Splunkd(session_key, **endpoint)
        fields = input_fields(name, given, time.time())
        account = account_named(fields.settings.account, splunkd)
        check_index(fields, splunkd)
        _try(account, splunkd, fields.settings.filters)
    except CollectorError as error:
        raise ConfigError(in_words(error)) from None


def check_index(fields: InputFields, splunkd: Splunkd, log: Log | None = None) -> None:
    """Raise ConfigError when the index is not there and this Splunk keeps its events itself.

    One that forwards them need not know the index; then a word in ``log`` is all.
    """
    if fields.index == "default":
        return
    found = splunkd.content(f"data/indexes/{named(fields.index)}")
    if found is not None and found.get("disabled", "0").lower() not in ("1", "true"):
        return
    if splunkd.content("data/outputs/tcp/group") is not None:
        if log is not None:
            log("info", "index_not_here", index=fields.index, note="events are forwarded")
        return
    how = "is disabled" if found is not None else "does not exist"
    raise ConfigError(
        f"the index {fields.index!r} {how} here, and its events would be dropped: make it under "
        "Settings, Indexes, or choose another. Nothing was collected"
    )


def tell_of_shares(fields: InputFields, splunkd: Splunkd, log: Log) -> None:
    """Warn of inputs of one account that together may ask for more than Slack allows.

    Each counts its own calls: they may run on several machines, and know nothing of one another.
    """
    try:
        stanzas = splunkd.contents(f"data/inputs/{KIND}")
    except GaveUp:
        return  # it is only a warning
    mine = fields.settings
    shares = {mine.input: mine.calls_per_minute}
    for name, stanza in stanzas.items():
        on = stanza.get("disabled", "0").lower() not in ("1", "true")
        share = stanza.get("max_calls_per_minute") or DEFAULTS["max_calls_per_minute"]
        # Somebody may have edited the file: no more digits than a field takes.
        if on and stanza.get("account") == mine.account and share.isdecimal() and len(share) < 9:
            shares.setdefault(name, int(share))
    if len(shares) > 1 and sum(shares.values()) > LIMIT:
        log(
            "warning",
            "shares_add_up",
            inputs=" ".join(sorted(shares)),
            calls_a_minute=sum(shares.values()),
            note=f"Slack allows the whole organization about {LIMIT}: give each input less",
        )


def _try(account: Account, splunkd: Splunkd, filters: Filters) -> None:
    source = account.source(splunkd, lambda *_, **__: None)
    client = Client(account.client, source)
    try:
        known = listed_actions(client) | set(ours())
        for name in (*filters.actions, *filters.exclude):
            if name not in known:
                raise ConfigError(_unknown(name, known))
        newest_page(client, 1, filters)
    except AuthError as error:
        raise explained(error, account, source) from None
    except RateLimited:
        return  # nothing is wrong with the input
    except Retryable as error:
        if error.kind in ("network", "timeout", "redirect"):
            raise ConfigError(
                f"Slack cannot be reached: {error}. Is the proxy right (Configuration, Proxy), and "
                "may this machine open https connections to that address?"
            ) from None
    finally:
        client.close()


def _unknown(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"neither Slack nor this add-on knows an action {name!r}{hint}"
