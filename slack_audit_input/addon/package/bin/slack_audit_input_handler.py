# SPDX-License-Identifier: Apache-2.0
"""What UCC's generated handler of inputs does in addition: forget on delete, if asked to."""

from __future__ import annotations

import time
from typing import Any

from slack_audit_account_handler import splunkd
from solnlib.utils import is_true
from splunktaucclib.rest_handler.admin_external import AdminExternalHandler
from splunktaucclib.rest_handler.error import RestError

from slack_audit_input.hosts.splunk.forgetting import forget_input
from slack_audit_input.model.errors import StoreError

#: Times, a second apart, that a collector which is ending is waited for.
TRIES = 20


class InputHandler(AdminExternalHandler):
    """Deletes an input's checkpoint with it where its setting says so."""

    def delete_hook(self, session_key: str, stanza_id: str, **_: Any) -> None:
        """Stop the input and forget what it knows, before its stanza goes."""
        for entity in self.handler.get(stanza_id):
            if entity.content.get("on_delete") != "forget":
                return
            if not is_true(entity.content.get("disabled")):
                # The generator does its work when it is read.
                list(self.handler.disable(stanza_id))
        for left in reversed(range(TRIES)):
            try:
                forget_input(stanza_id, session_key, **splunkd())
            except StoreError as error:
                if not left:
                    raise RestError(
                        503, f"{error}. The input is disabled, and is not deleted yet"
                    ) from None
                time.sleep(1)
            else:
                return
