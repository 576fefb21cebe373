# SPDX-License-Identifier: Apache-2.0
"""``login``: sign in to Slack in the browser, and keep what the collector needs."""

from __future__ import annotations

import os
import secrets
import sys
import time
import webbrowser
from typing import Any
from urllib.parse import urlencode

import click

from slack_audit_input.collector.ports import Log
from slack_audit_input.hosts.cli import options
from slack_audit_input.hosts.cli.places import secret_in
from slack_audit_input.hosts.cli.redirect import Redirect, pasted_code
from slack_audit_input.hosts.cli.tokens import store_from
from slack_audit_input.hosts.moments import shown
from slack_audit_input.model.errors import ConfigError, StoreError
from slack_audit_input.slack.credentials import App, Credentials, credentials_in
from slack_audit_input.slack.diagnosis import diagnose
from slack_audit_input.slack.oauth import SCOPE, WebApi, authorize_url, challenge_of, web_api_url
from slack_audit_input.slack.ports import CredentialStore
from slack_audit_input.slack.settings import Settings
from slack_audit_input.slack.token import Token


@click.command("login")
@options.option("--client-id", default="", help="Of the Slack app. Default: that of last time.")
@options.option(
    "--client-secret-file",
    type=click.Path(dir_okay=False),
    help="File with the app's client secret. Without it SLACK_AUDIT_CLIENT_SECRET holds it, or it "
    "is asked for.",
)
@options.option(
    "--pkce",
    is_flag=True,
    help="The app has PKCE switched on: no client secret; Slack then ends unused sign-ins after "
    "30 days.",
)
@options.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8484,
    help="Where the browser comes back to: http://localhost:PORT/slack.",
)
@options.option(
    "--redirect-url",
    default="",
    metavar="URL",
    help="Another redirect URL, if the Slack app has another; to the letter.",
)
@options.option(
    "--paste",
    is_flag=True,
    help="Receive nothing: paste the address to which Slack led. For machines without a browser, "
    "and for redirect URLs with https.",
)
@options.option("--no-browser", is_flag=True, help="Only show the address to open.")
@options.option(
    "--wait",
    type=options.Number(1, 3600),
    default=300,
    metavar="SECONDS",
    help="How long to wait for the browser.",
)
@options.option("--account", default="default", help="Name of the Slack organization.")
@options.kept
@options.reach
@options.common
def login(
    client_id: str,
    client_secret_file: str | None,
    pkce: bool,
    port: int,
    redirect_url: str,
    paste: bool,
    no_browser: bool,
    wait: float,
    **values: Any,
) -> None:
    """Sign in to Slack in the browser, and keep the tokens, which are refreshed from then on.

    Needs a Slack app with the user token scope auditlogs:read, and the redirect URL
    http://localhost:8484/slack; an organization Owner signs in, and chooses the organization.
    docs/tokens.md says how to make it. What was kept before is replaced when all is well.
    """
    log = options.logger(values)
    settings = options.client_settings(values)
    web_url = web_api_url(settings.api_url, values["web_api_url"])
    store = store_from(values)
    before = store.read()
    app = _app(client_id, client_secret_file, pkce, _app_of(before, store), log)
    url = redirect_url or f"http://localhost:{port}/slack"
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64) if pkce else ""
    address = _address(web_url, app, url, state, verifier)
    code = _code(address, url, state, paste=paste, browser=not no_browser, wait=wait, log=log)
    credentials = _signed_in(settings, web_url, app, code, url, verifier)
    _keep(store, credentials)
    pair = credentials.pair
    click.echo(f"Signed in as {credentials.user} in {credentials.team}; kept in {store.shown}.")
    if pair.expires_at is None:
        click.echo("The app has no token rotation: the token lasts until it is revoked.")
    else:
        click.echo(f"The token lives until {shown(int(pair.expires_at))}, and is refreshed before.")


def _app(client_id: str, secret_file: str | None, pkce: bool, known: App | None, log: Log) -> App:
    """The app to sign in to: as given, else as last time. Raises ConfigError."""
    client_id = client_id.strip() or (known.client_id if known is not None else "")
    if not client_id:
        raise ConfigError(
            "--client-id is missing: it stands under Basic Information, App Credentials in the "
            "settings of the Slack app"
        )
    if not client_id.replace(".", "").isalnum():
        raise ConfigError(f"--client-id {client_id[:60]!r} is no client id")
    if pkce:
        return App(client_id, None)
    if secret_file:
        return App(client_id, Token(secret_in(secret_file, "--client-secret-file", log)))
    given = os.environ.get("SLACK_AUDIT_CLIENT_SECRET", "").strip()
    if given:
        return App(client_id, Token(given))
    if known is not None and known.client_id == client_id and known.secret is not None:
        return known
    if not sys.stdin.isatty():
        raise ConfigError(
            "the client secret is missing: --client-secret-file, or the environment variable "
            "SLACK_AUDIT_CLIENT_SECRET; or --pkce, for an app that has PKCE"
        )
    return App(client_id, Token(click.prompt("Client secret", hide_input=True, err=True)))


def _app_of(text: str | None, store: CredentialStore) -> App | None:
    if text is None:
        return None
    try:
        return credentials_in(text, store.shown).app
    except StoreError:
        return None  # what is damaged is replaced


def _address(web_url: str, app: App, redirect_url: str, state: str, verifier: str) -> str:
    """Where signing in begins. ``user_scope``: `scope` would ask for a bot."""
    asked = {
        "client_id": app.client_id,
        "user_scope": SCOPE,
        "redirect_uri": redirect_url,
        "state": state,
    }
    if verifier:
        asked.update(code_challenge=challenge_of(verifier), code_challenge_method="S256")
    return f"{authorize_url(web_url)}?{urlencode(asked)}"


def _code(
    address: str, url: str, state: str, *, paste: bool, browser: bool, wait: float, log: Log
) -> str:
    """The code that comes of the consent page. Raises AuthError, ConfigError."""
    if paste:
        _show(address, browser=browser)
        click.echo("After you have allowed it, the browser is led to a page that may not open.")
        return pasted_code(click.prompt("Paste its whole address", err=True), state)
    with Redirect(url, state, log) as redirect:
        _show(address, browser=browser)
        return redirect.code(wait)


def _show(address: str, *, browser: bool) -> None:
    opened = browser and webbrowser.open(address)
    if opened:
        click.echo("Slack's page was opened in the browser. If it was not, open this address:")
    else:
        click.echo("Open this address in a browser, as an Owner of the organization:")
    click.echo(f"\n    {address}\n")
    # A pipe would keep it back until the end, and somebody waits for it.
    sys.stdout.flush()


def _signed_in(
    settings: Settings, web_url: str, app: App, code: str, url: str, verifier: str
) -> Credentials:
    """The grant for the code, tried. Raises AuthError when it does not read the audit log."""
    api = WebApi(settings, web_url)
    try:
        now = time.time()
        grant = api.exchange(app, code, url, verifier)
        diagnosis = diagnose(settings, grant.access, web_url)
        if not diagnosis.well:
            raise diagnosis.error()
        whose = api.test(grant.access)
    finally:
        api.close()
    return Credentials(
        app, grant.pair(now), team=whose.team or grant.team, user=whose.user or grant.user
    )


def _keep(store: CredentialStore, credentials: Credentials) -> None:
    """Replace what is kept, whatever a running collector has made of it meanwhile."""
    with store.lock(10.0) as held:
        if not held or not store.write(credentials.text(), store.read()):
            raise StoreError(f"{store.shown} was changed in this moment: sign in once more")
