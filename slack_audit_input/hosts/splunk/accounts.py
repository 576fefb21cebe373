# SPDX-License-Identifier: Apache-2.0
"""Accounts: where their Slack is, their token, the proxy on the way; and whether all that works."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from slack_audit_input import __version__
from slack_audit_input.hosts.splunk import APP
from slack_audit_input.hosts.splunk.fields import in_words
from slack_audit_input.hosts.splunk.organization import found_by
from slack_audit_input.hosts.splunk.splunkd import Splunkd, named
from slack_audit_input.model.errors import CollectorError, ConfigError
from slack_audit_input.slack.client import API_URL, Client, Settings, Token, checked_url

ACCOUNTS = f"{APP}_account"
SETTINGS = f"{APP}_settings"
#: The last is derived from what Slack documents of GovSlack, and not confirmed by Slack.
REGIONS = {"commercial": API_URL, "gov": "https://api.slack-gov.com/audit/v1/"}
_PORT = re.compile("[0-9]{1,5}")
_PROXIES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


class Account(NamedTuple):
    """One organization. ``domain``: as its entries name it, "" when that is not known."""

    name: str
    client: Settings
    token: Token
    domain: str

    @property
    def host(self) -> str:
        """What the events of this account have as ``host``."""
        return self.domain or urlsplit(self.client.api_url).hostname or "slack"


def account_named(name: str, splunkd: Splunkd) -> Account:
    """An account of the Configuration page. Raises ConfigError when it is not there, or not whole.

    Raises GaveUp when splunkd does not answer.
    """
    fields = splunkd.content(f"configs/conf-{ACCOUNTS}/{named(name)}")
    if fields is None:
        raise ConfigError(
            f"there is no account {name!r} (any more): choose another in this input, or make it "
            "again under Configuration, Account. The input's checkpoint is kept"
        )
    secrets = splunkd.secrets(ACCOUNTS, name) or {}
    token = secrets.get("token")
    if not isinstance(token, str) or not token:
        raise ConfigError(
            f"the token of account {name!r} is not in Splunk's credential storage: open the "
            "account under Configuration, type its token again, and save"
        )
    return account_of({**fields, "name": name, "token": token}, splunkd)


def account_of(fields: Mapping[str, Any], splunkd: Splunkd) -> Account:
    """The account that a form describes. Raises ConfigError, GaveUp."""
    region = fields.get("region") or "commercial"
    if region == "custom":
        url = checked_url((fields.get("api_url") or "").strip())
    elif region in REGIONS:
        url = REGIONS[region]
    else:
        raise ConfigError(f"there is no region {region[:40]!r}")
    proxy, ca_file = way_out(splunkd)
    if urlsplit(url).scheme == "http":
        proxy = ""  # this machine itself, see checked_url
    client = Settings(
        api_url=url, proxy=proxy, ca_file=ca_file, agent=f"slack-audit-input/{__version__} (splunk)"
    )
    return Account(fields["name"], client, Token(fields["token"]), fields.get("domain") or "")


def way_out(splunkd: Splunkd) -> tuple[str, str]:
    """The proxy's URL and the CA bundle of the Proxy tab, "" each if there is none.

    Raises ConfigError, which never repeats user or password, and GaveUp.
    """
    fields = splunkd.content(f"configs/conf-{SETTINGS}/proxy") or {}
    ca_file = fields.get("ca_file", "").strip()
    if fields.get("proxy_enabled", "").lower() not in ("1", "true", "t", "yes", "y"):
        return "", ca_file
    kind = fields.get("proxy_type") or "http"
    host, port = fields.get("proxy_url", "").strip(), fields.get("proxy_port", "").strip()
    if kind not in _PROXIES:
        raise ConfigError(f"there is no proxy type {kind[:20]!r}")
    if not host or not _PORT.fullmatch(port) or not 0 < int(port) < 65536:
        raise ConfigError("the proxy is enabled, but its host or port is missing or wrong")
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    user = fields.get("proxy_username", "")
    if user:
        secrets = splunkd.secrets(SETTINGS, "proxy") or {}
        password = str(secrets.get("proxy_password", ""))
        user = f"{quote(user, safe='')}:{quote(password, safe='')}@"
    return f"{kind}://{user}{host}:{port}", ca_file


def check_account(fields: Mapping[str, Any], session_key: str, **endpoint: Any) -> dict[str, str]:
    """Try an account against Slack; what is to be kept with it and shown in its form.

    ``fields``: name, region, api_url, token. ``endpoint``: scheme, host and port of splunkd.
    Returns organization, domain and reads. Raises CollectorError in words for the form.
    """
    try:
        splunkd = Splunkd(session_key, **endpoint)
        account = account_of({**fields, "name": fields.get("name") or ""}, splunkd)
        client = Client(account.client, account.token)
        try:
            found = found_by(client)
        finally:
            client.close()
    except CollectorError as error:
        raise ConfigError(in_words(error)) from None
    return {"organization": found.shown, "domain": found.domain, "reads": found.reads}
