# SPDX-License-Identifier: Apache-2.0
"""What the settings page asks when Slack's sign-in page has sent the browser back."""

from __future__ import annotations

from typing import Any

from slack_audit_account_handler import splunkd
from splunk import admin

from slack_audit_input.hosts.splunk.signing_in import sign_in
from slack_audit_input.model.errors import CollectorError

#: What UCC's page sends; all of it is needed but the last two, which it may leave out.
NEEDED = ("url", "method", "grant_type", "client_id", "client_secret")
MORE = ("code", "redirect_uri", "scope")


class SignInHandler(admin.MConfigHandler):
    """Gets the token from Slack and keeps it here; the page gets a word that stands for it."""

    def setup(self) -> None:
        """Say what may be given."""
        if self.requestedAction == admin.ACTION_EDIT:
            for name in NEEDED:
                self.supportedArgs.addReqArg(name)
            for name in MORE:
                self.supportedArgs.addOptArg(name)

    def handleEdit(self, conf_info: Any) -> None:  # noqa: N802 - splunk.admin's name
        """Answer with `access_token`, or with `error`, which the page shows as it is."""
        given = {
            name: str((self.callerArgs.data.get(name) or [""])[0] or "") for name in NEEDED + MORE
        }
        try:
            conf_info["token"]["access_token"] = sign_in(given, self.getSessionKey(), **splunkd())
        except CollectorError as error:
            # Of any other status the page would say only that something went wrong.
            conf_info["token"]["error"] = str(error)
