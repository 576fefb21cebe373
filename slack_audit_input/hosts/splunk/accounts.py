# SPDX-License-Identifier: Apache-2.0
"""Accounts: where their Slack is, their token and what renews it, the proxy on the way."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from slack_audit_input import __version__
from slack_audit_input.hosts.splunk import APP
from slack_audit_input.hosts.splunk.splunkd import Splunkd, named
from slack_audit_input.hosts.splunk.tokens import CALL, SignedIn, SplunkCredentials
from slack_audit_input.model.errors import ConfigError
from slack_audit_input.slack.credentials import App, Pair
from slack_audit_input.slack.oauth import refresher, web_api_url
from slack_audit_input.slack.ports import Tell
from slack_audit_input.slack.rotation import Rotation
from slack_audit_input.slack.settings import API_URL, Settings, checked_url
from slack_audit_input.slack.source import Lasting, TokenSource
from slack_audit_input.slack.token import Token

ACCOUNTS = f"{APP}_account"
SETTINGS = f"{APP}_settings"
#: The last is derived from what Slack documents of GovSlack, and not confirmed by Slack.
REGIONS = {"commercial": API_URL, "gov": "https://api.slack-gov.com/audit/v1/"}
_PORT = re.compile("[0-9]{1,5}")
_PROXIES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


class Account(NamedTuple):
    """One organization. ``domain``: as its entries name it, "" when that is not known.

    ``token``: as the form has saved it. ``signed_in``: what it is refreshed with, None for a
    token that lasts. ``web_url``: of Slack's Web API, "" when that is not known.
    """

    name: str
    client: Settings
    token: Token
    domain: str
    signed_in: SignedIn | None = None
    web_url: str = ""

    @property
    def host(self) -> str:
        """What the events of this account have as ``host``."""
        return self.domain or urlsplit(self.client.api_url).hostname or "slack"

    def same_as(self, other: Account) -> bool:
        """Has nobody changed it? That its token was refreshed is no change."""
        mine, theirs = self.signed_in, other.signed_in
        return (
            (self.client, self.host, self.web_url) == (other.client, other.host, other.web_url)
            and self.token.same_as(other.token)
            and (mine and mine.origin()) == (theirs and theirs.origin())
        )

    def source(self, splunkd: Splunkd, tell: Tell) -> TokenSource:
        """Where its calls have their token from. Raises StoreError, ConfigError."""
        if self.signed_in is None:
            return Lasting(self.token)
        call = self.client._replace(timeouts=(10.0, CALL - 10.0), patience=CALL)
        return Rotation(
            SplunkCredentials(splunkd, self.name, self.signed_in),
            refresher(call, self.signed_in.web_url),
            wall=time.time,
            chance=random.random,
            tell=tell,
        )


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
    secret = secrets.get("access_token" if is_signed_in(fields) else "token")
    if not isinstance(secret, str) or not secret:
        raise ConfigError(
            f"the token of account {name!r} is not in Splunk's credential storage: open the "
            "account under Configuration, type its token again (or sign in again), and save"
        )
    return account_of({**fields, **secrets, "name": name}, splunkd)


def is_signed_in(fields: Mapping[str, Any]) -> bool:
    """Was the account made with Add to Slack, and not with a token that somebody pasted?"""
    return fields.get("auth_type") == "oauth"


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
    secret = fields.get("access_token" if is_signed_in(fields) else "token") or ""
    token, web_url = Token(secret), web_url_of(fields)
    signed_in = None
    if is_signed_in(fields) and fields.get("refresh_token"):
        app = App(fields.get("client_id") or "", Token(fields.get("client_secret") or ""))
        times = _second(fields.get("issued")) or 0.0, _second(fields.get("expires"))
        signed_in = SignedIn(app, Pair(token, Token(fields["refresh_token"]), *times), web_url)
    return Account(fields["name"], client, token, fields.get("domain") or "", signed_in, web_url)


def web_url_of(fields: Mapping[str, Any]) -> str:
    """Slack's Web API of an account; "" for one with an address of its own and a pasted token."""
    region = fields.get("region") or "commercial"
    if region in REGIONS:
        return web_api_url(REGIONS[region])
    endpoint = str(fields.get("endpoint") or "").strip()
    if is_signed_in(fields) and endpoint:
        return checked_url(f"https://{endpoint}/api/", "--web-api-url")
    try:
        return web_api_url(str(fields.get("api_url") or "").strip())
    except ConfigError:
        if is_signed_in(fields):
            raise
        return ""


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


def _second(text: object) -> float | None:
    """Unix seconds as a field holds them, None for none."""
    text = str(text or "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
