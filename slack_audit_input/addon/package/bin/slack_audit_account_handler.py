# SPDX-License-Identifier: Apache-2.0
"""What UCC's generated handler of accounts does in addition: try the token before it is kept."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from splunktaucclib.rest_handler.admin_external import AdminExternalHandler
from splunktaucclib.rest_handler.credentials import RestCredentials
from splunktaucclib.rest_handler.error import RestError

from slack_audit_input.hosts.splunk.checking import check_account
from slack_audit_input.hosts.splunk.signing_in import let_go
from slack_audit_input.hosts.splunk.splunkd import Splunkd
from slack_audit_input.hosts.splunk.tokens import forget_pairs
from slack_audit_input.model.errors import CollectorError

#: What is encrypted: a page has it as stars only.
SECRETS = ("token", "client_secret", "access_token", "refresh_token")


class AccountHandler(AdminExternalHandler):
    """Saves an account only if Slack accepts its token, and notes what Slack said of it."""

    def handleList(self, conf_info: Any) -> None:  # noqa: N802 - splunk.admin's name
        """List without secrets, also for those who ask for them: nothing here needs them."""
        self.callerArgs.data.pop(self.ACTION_CRED, None)
        super().handleList(conf_info)

    def create_hook(
        self, session_key: str, stanza_id: str, payload: dict[str, Any], **_: Any
    ) -> None:
        """Try a new account."""
        _try(session_key, {**payload, "name": stanza_id}, payload)
        # Of an account of this name that was there before.
        _forget_pairs(session_key, stanza_id)

    def edit_hook(
        self, session_key: str, stanza_id: str, payload: dict[str, Any], **_: Any
    ) -> None:
        """Try a changed account; a secret that was not typed again is the one that is kept."""
        kept: dict[str, Any] = {}
        for entity in self.handler.get(stanza_id, decrypt=True):
            kept.update(entity.content)
        fields = {**kept, **payload}
        for name in SECRETS:
            given = payload.get(name)
            # An account that was made before there was Add to Slack has the token alone.
            if RestCredentials.is_placeholder(given) or (name == "token" and not given):
                fields[name] = kept.get(name)
        _try(session_key, {**fields, "name": stanza_id}, payload)

    def delete_hook(self, session_key: str, stanza_id: str, **_: Any) -> None:
        """Forget the tokens that were refreshed, too."""
        _forget_pairs(session_key, stanza_id)


def splunkd() -> dict[str, Any]:
    """Where splunkd answers, as solnlib's classes want it."""
    parts = urlsplit(os.environ.get("SPLUNKD_URI", ""))
    if not parts.hostname:
        return {}
    return {"scheme": parts.scheme, "host": parts.hostname, "port": parts.port}


def _try(session_key: str, fields: dict[str, Any], payload: dict[str, Any]) -> None:
    texts = {key: value for key, value in fields.items() if isinstance(value, str)}
    try:
        found = check_account(texts, session_key, **splunkd())
        if found.word:
            let_go(found.word, Splunkd(session_key, **splunkd()))
    except CollectorError as error:
        raise RestError(400, str(error)) from None
    payload.update(found.fields)


def _forget_pairs(session_key: str, name: str) -> None:
    try:
        forget_pairs(name, Splunkd(session_key, **splunkd()))
    except CollectorError as error:
        raise RestError(503, str(error)) from None
