# SPDX-License-Identifier: Apache-2.0
"""Splunk's KV store as far as its REST shows it: collections of documents, by `_key`.

Data and rules only; an HTTP server mounts `answer` under `storage/collections/`. Status codes and
limits as documented (limits.conf, stanza [kvstore]); no transactions, no compare-and-swap.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

#: max_documents_per_batch_save, max_size_per_batch_save_mb, max_rows_per_query.
BATCH_DOCUMENTS = 1000
BATCH_BYTES = 50 * 1024 * 1024
ROWS = 50_000
#: MongoDB's limit for one document.
DOCUMENT_BYTES = 16 * 1024 * 1024

Document = dict[str, Any]
Answer = tuple[int, Any]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda a, b: a > b,
    "$gte": lambda a, b: a >= b,
    "$lt": lambda a, b: a < b,
    "$lte": lambda a, b: a <= b,
    "$ne": lambda a, b: bool(a != b),
}


class _BadRequest(Exception):
    """HTTP 400."""


@dataclass
class Fault:
    """Requests whose "METHOD path" holds `when` get `status`, `count` times.

    `after`: they are carried out all the same, and only their answer is lost.
    """

    status: int
    count: int = 1
    when: str = ""
    after: bool = False


@dataclass
class KVStore:
    """Collections of one app. `folder`: where they are kept; None is in memory only."""

    folder: Path | None = None
    seen: list[str] = field(default_factory=list)
    """Requests so far, as "METHOD path"."""

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._faults: list[Fault] = []
        self._collections: dict[str, dict[str, Document]] = {}
        self._file: sqlite3.Connection | None = None
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / "kvstore.sqlite"
            self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._file.execute("PRAGMA synchronous=OFF")
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS documents"
                " (collection TEXT, key TEXT, document TEXT, PRIMARY KEY (collection, key))"
            )
            for name, key, text in self._file.execute("SELECT * FROM documents"):
                found = self._collections.setdefault(name, {})
                if key:
                    found[key] = json.loads(text)

    # -- for tests and the server ----------------------------------------------------------

    def create(self, *names: str) -> None:
        """Collections that `collections.conf` defines."""
        with self._lock:
            for name in names:
                if name not in self._collections:
                    self._collections[name] = {}
                    self._keep(name, "", {})

    def names(self) -> list[str]:
        """Of the collections."""
        with self._lock:
            return sorted(self._collections)

    def documents(self, name: str) -> list[Document]:
        """All documents of a collection."""
        with self._lock:
            return [dict(document) for document in self._collections.get(name, {}).values()]

    def fail(self, status: int, count: int = 1, when: str = "", *, after: bool = False) -> None:
        """Plan a fault."""
        with self._lock:
            self._faults.append(Fault(status, count, when, after))

    def clear(self) -> None:
        """No faults any more."""
        with self._lock:
            self._faults.clear()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    # -- what REST does --------------------------------------------------------------------

    def answer(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Status and JSON body; `path` as it follows `storage/collections/`, decoded."""
        with self._lock:
            name = f"{method} {path}"
            self.seen.append(name)
            fault = next((f for f in self._faults if f.count and f.when in name), None)
            if fault is not None:
                fault.count -= 1
                if fault.after:
                    self._do(method, path, query or {}, body)
                return fault.status, _messages(_WORDS.get(fault.status, "An error occurred."))
            return self._do(method, path, query or {}, body)

    def _do(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        kind, _, rest = path.strip("/").partition("/")
        name, _, key = rest.partition("/")
        try:
            if kind == "config":
                return self._config(method, name, body)
            if kind != "data" or name not in self._collections:
                return 404, _messages("Could not find object.")
            if key == "batch_save":
                return self._batch(name, body)
            if key:
                return self._one(method, name, key, body)
            return self._many(method, name, query, body)
        except _BadRequest as error:
            return 400, _messages(str(error))

    def _config(self, method: str, name: str, body: bytes) -> Answer:
        if method == "POST":
            wanted = parse_qs(body.decode())["name"][0]
            if wanted in self._collections:
                return 409, _messages("An object with that name already exists.")
            self.create(wanted)
            return 201, {"entry": [{"name": wanted}]}
        if name and name not in self._collections:
            return 404, _messages("Could not find object.")
        return 200, {"entry": [{"name": n} for n in ([name] if name else self.names())]}

    def _one(self, method: str, name: str, key: str, body: bytes) -> Answer:
        if key not in self._collections[name]:
            return 404, _messages("Could not find object.")
        if method == "GET":
            return 200, self._collections[name][key]
        if method == "DELETE":
            self._remove(name, key)
            return 200, None
        self._put(name, {**_document(json.loads(body)), "_key": key})
        return 200, {"_key": key}

    def _many(self, method: str, name: str, query: Mapping[str, str], body: bytes) -> Answer:
        if method == "POST":
            document = _document(_json(body))
            key = document.setdefault("_key", uuid.uuid4().hex[:24])
            if key in self._collections[name]:
                return 409, _messages("A document with the same key and user already exists.")
            self._put(name, document)
            return 201, {"_key": key}
        found = self._found(name, query)
        if method == "DELETE":
            for document in found:
                self._remove(name, document["_key"])
            return 200, None
        skip, limit = int(query.get("skip", 0)), int(query.get("limit", 0)) or ROWS
        fields = [f for f in query.get("fields", "").split(",") if f]
        rows = found[skip : skip + min(limit, ROWS)]
        if fields:
            rows = [{f: row[f] for f in (*fields, "_key") if f in row} for row in rows]
        return 200, rows

    def _batch(self, name: str, body: bytes) -> Answer:
        if len(body) > BATCH_BYTES:
            raise _BadRequest("Request exceeds API limits - see limits.conf for details.")
        documents = _json(body)
        if not isinstance(documents, list):
            raise _BadRequest("JSON in the request is invalid.")
        if len(documents) > BATCH_DOCUMENTS:
            raise _BadRequest("Request exceeds API limits - see limits.conf for details.")
        sound = [_document(document) for document in documents]
        for document in sound:
            document.setdefault("_key", uuid.uuid4().hex[:24])
            self._put(name, document)
        return 200, [document["_key"] for document in sound]

    def _found(self, name: str, query: Mapping[str, str]) -> list[Document]:
        wanted = _json((query.get("query") or "{}").encode())
        found = [d for d in self._collections[name].values() if _matches(d, wanted)]
        for part in reversed([p for p in query.get("sort", "").split(",") if p]):
            by, _, order = part.partition(":")
            found.sort(key=lambda d, by=by: _sortable(d.get(by)), reverse=order == "-1")  # type: ignore[misc]
        return found

    def _put(self, name: str, document: Document) -> None:
        document = {**document, "_user": "nobody"}
        self._collections[name][document["_key"]] = document
        self._keep(name, document["_key"], document)

    def _remove(self, name: str, key: str) -> None:
        del self._collections[name][key]
        if self._file is not None:
            self._file.execute(
                "DELETE FROM documents WHERE collection = ? AND key = ?", (name, key)
            )

    def _keep(self, name: str, key: str, document: Document) -> None:
        if self._file is not None:
            row = (name, key, json.dumps(document))
            self._file.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", row)


_WORDS = {
    503: "KV Store is initializing. Please try again later.",
    500: "An error occurred.",
    403: "You do not have permission to perform this operation.",
}


def _messages(text: str) -> dict[str, Any]:
    return {"messages": [{"type": "ERROR", "text": text}]}


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise _BadRequest("JSON in the request is invalid.") from None


def _document(value: Any) -> Document:
    if not isinstance(value, dict):
        raise _BadRequest("JSON in the request is invalid.")
    if any("." in name or name.startswith("$") for name in value):
        raise _BadRequest("Field names must not hold a dot or begin with a dollar sign.")
    if len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) > DOCUMENT_BYTES:
        raise _BadRequest("Document exceeds the maximum size.")
    key = value.get("_key", "x")
    if not isinstance(key, str) or not 0 < len(key) <= 1000:
        raise _BadRequest("The _key must be a string.")
    return dict(value)


def _matches(document: Document, query: Any) -> bool:
    if not isinstance(query, dict):
        raise _BadRequest("The query is invalid.")
    return all(_holds(document, name, wanted) for name, wanted in query.items())


def _holds(document: Document, name: str, wanted: Any) -> bool:
    if name == "$and":
        return all(_matches(document, one) for one in wanted)
    if name == "$or":
        return any(_matches(document, one) for one in wanted)
    if name == "$not":
        return not _matches(document, wanted)
    if name.startswith("$"):
        raise _BadRequest(f"{name} is not supported.")
    found = document.get(name)
    if not isinstance(wanted, dict):
        return bool(found == wanted)
    for operator, bound in wanted.items():
        if operator not in _COMPARE:
            raise _BadRequest(f"{operator} is not supported.")
        # As MongoDB does: values of another type are not compared.
        if operator != "$ne" and type(found) is not type(bound):
            return False
        if not _COMPARE[operator](found, bound):
            return False
    return True


def _sortable(value: Any) -> tuple[int, Any]:
    if isinstance(value, (int, float)):
        return 1, value
    return (2, value) if isinstance(value, str) else (0, 0)
