# SPDX-License-Identifier: Apache-2.0
"""``logout``: forget a sign-in."""

from __future__ import annotations

from typing import Any

import click

from slack_audit_input.hosts.cli import options
from slack_audit_input.hosts.cli.tokens import rotation_from, store_from
from slack_audit_input.model.errors import AuthError, ConfigError
from slack_audit_input.slack.oauth import WebApi, web_api_url


@click.command("logout")
@options.option("--revoke", is_flag=True, help="Also have Slack make the tokens worthless.")
@options.option("--account", default="default", help="Name of the Slack organization.")
@options.kept
@options.reach
@options.common
def logout(revoke: bool, **values: Any) -> None:
    """Forget a sign-in: what `login` has kept for this account.

    Without --revoke the tokens stay good, for whoever has a copy. A collector that runs goes on
    until its token is due.
    """
    log = options.logger(values)
    store = store_from(values)
    if store.read() is None:
        raise ConfigError(f"nobody has signed in: there are no credentials in {store.shown}")
    if revoke:
        settings = options.client_settings(values)
        api = WebApi(settings, web_api_url(settings.api_url, values["web_api_url"]))
        try:
            # One that has expired cannot be revoked: its successor can.
            api.revoke(rotation_from(values, settings, log).token())
        except AuthError as error:
            log("warning", "not_revoked", reason=str(error))
        finally:
            api.close()
    with store.lock(10.0):
        store.delete()
    click.echo(f"Signed out: {store.shown} keeps nothing any more.")
