# SPDX-License-Identifier: Apache-2.0
"""Forget what is known about an input: its next run begins at its start, as if new."""

from __future__ import annotations

import time
from typing import Any

from slack_audit_input.collector.ownership import SILENT, is_gone
from slack_audit_input.hosts.splunk.splunkd import Splunkd
from slack_audit_input.model.errors import StoreError
from slack_audit_input.stores.kvstore import KVCheckpoint
from slack_audit_input.stores.kvstore_rest import RestDocuments, Waiting

#: Seconds that somebody at a form waits for a KV store.
PATIENCE = 10.0


def forget_input(name: str, session_key: str, **endpoint: Any) -> None:
    """Delete all that the KV store holds of an input.

    ``endpoint``: scheme, host and port of splunkd. Raises StoreError while a collector runs on
    it, or when the KV store does not answer. A damaged checkpoint is deleted all the same: this
    is the way out of it.
    """
    splunkd = Splunkd(session_key, **endpoint)
    waiting = Waiting(_wait, time.monotonic, patience=PATIENCE)
    checkpoint = KVCheckpoint(RestDocuments(splunkd.collections, waiting), name)
    owner, beat = checkpoint.owner()
    if owner and not is_gone(owner) and time.time() - beat < SILENT:
        raise StoreError(f"a collector still runs on input {name!r} ({owner}): disable it first")
    checkpoint.forget()


def _wait(seconds: float) -> bool:
    time.sleep(seconds)
    return False
