# SPDX-License-Identifier: Apache-2.0
"""The KV store over splunkd's REST: waits for it while it starts, says so when it stays away.

How a request travels is the host's; here stands what its answer means.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from slack_audit_input.model.errors import StoreError
from slack_audit_input.stores.kvstore_documents import Document

#: limits.conf, [kvstore] max_documents_per_batch_save; we stay far below the 50 MB of one call.
BATCH_DOCUMENTS = 1000
BATCH_CHARACTERS = 8 << 20
#: One document: MongoDB's limit is 16 MB.
DOCUMENT_CHARACTERS = 15 << 20
#: Rows in one answer; limits.conf allows 50,000, [kvstore] max_rows_per_query.
ROWS = 5000
#: Seconds for which a KV store that is away is waited for.
PATIENCE = 600.0
_PAUSE_MOST = 15.0


class Reply(NamedTuple):
    """splunkd's answer."""

    status: int
    body: bytes


class Call(Protocol):
    """One request below ``storage/collections/``. Raises OSError when no answer came."""

    def __call__(self, method: str, path: str, query: dict[str, str], body: str) -> Reply:
        """The answer, whatever its status."""


class Waiting(NamedTuple):
    """``wait(seconds)`` returns True when we are told to stop; ``monotonic``: seconds.

    ``tell``: called once when waiting begins, with the reason, and once with "" when it ends.
    """

    wait: Callable[[float], bool]
    monotonic: Callable[[], float]
    tell: Callable[[str], None] = lambda _reason: None
    patience: float = PATIENCE


class RestDocuments:
    """See ``stores.kvstore_documents.Documents``."""

    def __init__(self, call: Call, waiting: Waiting) -> None:
        self._call = call
        self._waiting = waiting

    def find(
        self,
        collection: str,
        query: Document,
        *,
        sort: str = "",
        limit: int = 0,
        fields: str = "",
    ) -> list[Document]:
        """Documents that match, in as many answers as that takes."""
        found: list[Document] = []
        while True:
            rows = min(ROWS, limit - len(found)) if limit else ROWS
            parameters = {
                "query": _json(query),
                "skip": str(len(found)),
                "limit": str(rows),
                "sort": sort,
                "fields": fields,
            }
            got = self._listed("GET", f"data/{collection}", parameters)
            found += got
            # More than was asked for is no reason to ask for ever.
            if len(got) < rows or 0 < limit <= len(found):
                return found[:limit] if limit else found

    def insert(self, collection: str, document: Document) -> bool:
        """Add a document; False when its ``_key`` is there."""
        reply = self._ask("POST", f"data/{collection}", {}, _sized(document))
        return reply.status != 409

    def save(self, collection: str, documents: Sequence[Document]) -> None:
        """Add or replace, in batches within the limits."""
        batch: list[str] = []
        size = 0
        for text in map(_sized, documents):
            if batch and (len(batch) == BATCH_DOCUMENTS or size + len(text) > BATCH_CHARACTERS):
                self._save(collection, batch)
                batch, size = [], 0
            batch.append(text)
            size += len(text)
        if batch:
            self._save(collection, batch)

    def remove(self, collection: str, query: Document) -> None:
        """Delete what matches; without a query everything would go."""
        assert query
        self._ask("DELETE", f"data/{collection}", {"query": _json(query)}, "")

    def _save(self, collection: str, batch: Sequence[str]) -> None:
        self._ask("POST", f"data/{collection}/batch_save", {}, f"[{','.join(batch)}]")

    def _listed(self, method: str, path: str, query: dict[str, str]) -> list[Document]:
        reply = self._ask(method, path, {k: v for k, v in query.items() if v}, "")
        try:
            rows = json.loads(reply.body)
        except (ValueError, RecursionError):
            rows = None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise StoreError("the KV store's answer is no list of documents. Nothing was changed")
        return rows

    def _ask(self, method: str, path: str, query: dict[str, str], body: str) -> Reply:
        """An answer that is good, or 409. Every request may be made twice."""
        began = self._waiting.monotonic()
        pause, told = 0.25, False
        while True:
            try:
                reply = self._call(method, path, query, body)
                reason = "" if reply.status in _GOOD else _refused(reply, path)
            except OSError as error:
                reason = f"splunkd does not answer ({type(error).__name__})"
            if not reason:
                if told:
                    self._waiting.tell("")
                return reply
            if not told:
                told = True
                self._waiting.tell(reason)
            if self._waiting.monotonic() - began + pause > self._waiting.patience:
                raise StoreError(
                    f"the KV store has been away for {self._waiting.patience:.0f} s: {reason}. "
                    "Nothing is lost; look at `splunk show kvstore-status`, and this input goes "
                    "on at its next start"
                )
            if self._waiting.wait(pause):
                raise StoreError(f"stopped while waiting for the KV store: {reason}")
            pause = min(_PAUSE_MOST, 2 * pause)


_GOOD = (200, 201, 409)


def _refused(reply: Reply, path: str) -> str:
    """Why to wait. Raises StoreError for what does not pass by itself."""
    said = _said(reply)
    if reply.status >= 500 or reply.status in (408, 429):
        return said
    if reply.status == 401:
        raise StoreError(
            f"splunkd does not accept this input's session any more ({said}); the input goes on at "
            "its next start"
        )
    if reply.status == 403:
        raise StoreError(
            f"the KV store refuses to be read or written ({said}): is it read-only for "
            "maintenance or an upgrade, or may this user not write collections of this app?"
        )
    if reply.status == 404:
        collection = path.split("/")[1]
        raise StoreError(
            f"the KV store has no collection {collection} ({said}): is default/collections.conf of "
            "this app in its place? Install the app again, restart Splunk"
        )
    raise StoreError(f"the KV store refuses a request ({said}). Nothing was changed")


def _said(reply: Reply) -> str:
    try:
        text = json.loads(reply.body)["messages"][0]["text"]
    except (ValueError, TypeError, LookupError, RecursionError):
        text = ""
    return f"HTTP {reply.status}" + (f", {str(text)[:200]}" if text else "")


def _sized(document: Document) -> str:
    text = _json(document)
    if len(text) > DOCUMENT_CHARACTERS:
        raise StoreError(
            f"a document of {len(text) >> 20} MB is more than the KV store takes: so many events "
            "in one minute cannot be remembered there"
        )
    return text


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
