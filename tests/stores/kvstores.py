# SPDX-License-Identifier: Apache-2.0
"""Checkpoints over the double of a KV store, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable

from slack_audit_input.stores.kvstore import KVCheckpoint
from slack_audit_input.stores.kvstore_documents import COLLECTIONS, PART
from slack_audit_input.stores.kvstore_rest import Reply, RestDocuments, Waiting
from tests.splunkd.kvstore import KVStore


class Waiter:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[str] = []
        self.stop_at = float("inf")

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.now >= self.stop_at

    def waiting(self) -> Waiting:
        return Waiting(self.wait, lambda: self.now, self.told.append)


class Wire:
    """Requests to a KV store; `before` is called with each, and may raise."""

    def __init__(self, store: KVStore, before: Callable[[str], None] = lambda _name: None) -> None:
        self._store = store
        self._before = before

    def __call__(self, method: str, path: str, query: dict[str, str], body: str) -> Reply:
        self._before(f"{method} {path}")
        status, answer = self._store.answer(method, path, query, body.encode("ascii"))
        return Reply(status, b"" if answer is None else json.dumps(answer).encode())


def kv_checkpoint(
    store: KVStore,
    name: str,
    waiter: Waiter | None = None,
    before: Callable[[str], None] = lambda _name: None,
    part: int = PART,
) -> KVCheckpoint:
    """A new process's checkpoint."""
    store.create(*COLLECTIONS)
    wire = Wire(store, before)
    return KVCheckpoint(RestDocuments(wire, (waiter or Waiter()).waiting()), name, part=part)
