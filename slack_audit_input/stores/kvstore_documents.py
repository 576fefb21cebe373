# SPDX-License-Identifier: Apache-2.0
"""What a checkpoint looks like as documents of the KV store, and back.

Numbers that queries compare are text of one width: how exactly a KV store keeps a number of 64
bits is not written anywhere. Foreign text stands inside JSON, so no character of it matters.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from slack_audit_input.model.errors import StoreError
from slack_audit_input.model.state import Change, Hour, Request, State

#: Of the documents. Others are refused, never converted in passing.
SCHEMA = "1"

CHECKPOINTS = "slack_audit_checkpoints"
PARTS = "slack_audit_parts"
DELIVERED = "slack_audit_delivered"
HOURS = "slack_audit_hours"
COVERAGE = "slack_audit_coverage"
REQUESTS = "slack_audit_requests"
STATUS = "slack_audit_status"
#: As ``default/collections.conf`` has them.
COLLECTIONS = (CHECKPOINTS, PARTS, DELIVERED, HOURS, COVERAGE, REQUESTS, STATUS)
#: Field of a document that is about to be deleted.
GONE = "gone"
#: Characters of a commit in one document; MongoDB allows 16 MB.
PART = 4 << 20
#: Of one commit: 40 GB. A document that claims more is not one of ours.
_PARTS_MOST = 10_000

Document = dict[str, Any]

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,100}")
_BIAS = 1 << 63
#: What a document of somebody else's, or a damaged one, fails with.
_UNREADABLE = (
    *(ValueError, TypeError, LookupError, AttributeError),
    *(OverflowError, RecursionError),  # an Infinity; nesting without end
)


class Documents(Protocol):
    """Collections of documents. Every method raises StoreError when it cannot."""

    def find(
        self,
        collection: str,
        query: Document,
        *,
        sort: str = "",
        limit: int = 0,
        fields: str = "",
    ) -> list[Document]:
        """Documents that match; ``sort``: a field, or ``field:-1``; ``limit`` 0: all."""

    def insert(self, collection: str, document: Document) -> bool:
        """Add a document; False when its ``_key`` is there already."""

    def save(self, collection: str, documents: Sequence[Document]) -> None:
        """Add documents, or put them in the place of those with the same ``_key``."""

    def remove(self, collection: str, query: Document) -> None:
        """Delete what matches."""


class Commit(NamedTuple):
    """One commit. ``change`` None: the input is being forgotten.

    ``attempt``: tells commits of one version apart. ``parts``: how many further documents hold
    the rest of ``data``, the change's JSON.
    """

    input: str
    version: int
    attempt: str
    change: Change | None
    parts: int = 0
    data: str = ""

    @property
    def forgotten(self) -> bool:
        """Is it the end of this input?"""
        return self.change is None

    @classmethod
    def of(cls, row: Document, input: str) -> Commit:
        """The commit in a document. Raises StoreError for a foreign one.

        With parts, its change lacks what stands in them; the state is whole.
        """
        try:
            if row["schema"] != SCHEMA or row["input"] != input:
                raise StoreError(
                    f"the checkpoint of input {input!r} has schema {str(row['schema'])[:40]}, this "
                    f"version reads {SCHEMA}: use the version that wrote it, or a newer one"
                )
            version = int(row["version"], 16) - _BIAS
            parts = int(row["parts"])
            attempt, text, state = str(row["attempt"]), str(row["data"]), str(row["state"])
            change = None if state == "" else _change_of(state, "" if parts else text)
            sound = version > 0 and attempt != "" and 0 <= parts <= _PARTS_MOST
        except _UNREADABLE:
            sound = False
        if not sound:
            raise StoreError(
                f"the checkpoint of input {input!r} in the KV store is not readable. Nothing was "
                "changed: restore it from a backup, or forget the input's state and begin anew "
                "(and mind the start)"
            )
        return cls(input, version, attempt, change, parts, text)

    def with_parts(self, parts: Sequence[str]) -> Commit:
        """With all of its change. Raises StoreError."""
        assert self.change is not None
        try:
            return self._replace(change=_filled(self.change, "".join((self.data, *parts))))
        except _UNREADABLE:
            raise StoreError(f"a part of input {self.input!r}'s checkpoint is damaged") from None

    def text(self) -> str:
        """The change's JSON, but for the state."""
        if self.change is None:
            return "{}"
        change = self.change
        return json.dumps(
            {
                "buckets": {str(m): _packed(b) for m, b in change.buckets.items()},
                "dropped": list(change.dropped),
                "hours": {str(h): [t.ids, t.digest] for h, t in change.hours.items()},
                "answered": list(change.answered),
                "coverage": {str(h): text for h, text in change.coverage.items()},
                "coverage_floor": change.coverage_floor,
            },
            separators=(",", ":"),
        )

    def document(self, text: str, parts: int) -> Document:
        """As it is kept, without its ``_key``; ``text``: the first part of ``text()``."""
        change = self.change
        names = ("account", "filters", "ledger", "counters", "owner", "beat")
        state = "" if change is None else json.dumps([getattr(change, name) for name in names])
        return {
            "input": self.input,
            "schema": SCHEMA,
            "version": ordered(self.version),
            "attempt": self.attempt,
            "parts": str(parts),
            "state": state,
            "data": text,
        }

    def state(self) -> State:
        """As a collector gets it, without the note."""
        change = self.change
        assert change is not None
        return State(
            self.version,
            change.account,
            change.filters,
            change.ledger,
            change.counters,
            change.owner,
            change.beat,
        )


def key_of(input: str) -> str:
    """What an input's keys begin with: its name, or a hash of one that is not plain."""
    if _PLAIN.fullmatch(input):
        return input
    return "~" + hashlib.sha256(input.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def ordered(number: int) -> str:
    """A number of 64 bits as text that sorts as it does."""
    return f"{number + _BIAS:016x}"


def number_of(row: Document, name: str) -> int:
    """Back again. Raises StoreError."""
    try:
        return int(text_of(row, name), 16) - _BIAS
    except ValueError:
        raise StoreError(f"a document of the KV store has a damaged {name}") from None


def text_of(row: Document, name: str) -> str:
    """A text field. Raises StoreError."""
    found = row.get(name)
    if not isinstance(found, str):
        raise StoreError(f"a document of the KV store has no {name}: is it one of ours?")
    return found


def bucket_document(key: str, input: str, minute: int, blob: bytes) -> Document:
    """A minute of the delivered index."""
    at = ordered(minute)
    return {"_key": f"{key}|{at}", "input": input, "minute": at, "keys": _packed(blob)}


def bucket_of(row: Document) -> tuple[int, bytes]:
    """Minute and packed keys. Raises StoreError."""
    try:
        return number_of(row, "minute"), _unpacked(text_of(row, "keys"))
    except binascii.Error:
        raise StoreError("a bucket of the delivered index is damaged") from None


def hour_document(key: str, input: str, hour: int, total: Hour) -> Document:
    """A sealed hour's total."""
    at = ordered(hour)
    name = {"_key": f"{key}|{at}", "input": input, "hour": at}
    return {**name, "ids": str(total.ids), "digest": total.digest}


def hour_of(row: Document) -> tuple[int, Hour]:
    """Hour and total. Raises StoreError."""
    try:
        return number_of(row, "hour"), Hour(int(text_of(row, "ids")), text_of(row, "digest"))
    except ValueError:
        raise StoreError("an hour of the delivered index is damaged") from None


def coverage_document(key: str, input: str, hour: int, text: str) -> Document:
    """What is kept of an hour's coverage."""
    at = ordered(hour)
    return {"_key": f"{key}|{at}", "input": input, "hour": at, "text": text}


def coverage_of(row: Document) -> tuple[int, str]:
    """Hour and text. Raises StoreError."""
    return number_of(row, "hour"), text_of(row, "text")


def request_of(row: Document) -> Request:
    """A request. Raises StoreError."""
    try:
        oldest, latest = int(text_of(row, "oldest")), int(text_of(row, "latest"))
    except ValueError:
        raise StoreError("a request in the KV store is damaged: delete it") from None
    return Request(number_of(row, "number"), text_of(row, "kind"), oldest, latest)


def status_document(key: str, input: str, status: str) -> Document:
    """A note; what it holds in JSON also stands in fields of its own, for searches."""
    try:
        found = json.loads(status)
    except (ValueError, RecursionError):
        found = None
    values = found if isinstance(found, dict) else {}
    fields = {
        f"{name}": value
        for name, value in values.items()
        if re.fullmatch(r"[a-z][a-z_]{0,40}", name) and isinstance(value, (str, int, float))
    }
    return {**fields, "_key": key, "input": input, "status": status}


def _change_of(state: str, text: str) -> Change:
    account, filters, ledger, counters, owner, beat = json.loads(state)
    if not all(isinstance(t, str) for t in (account, filters, ledger, counters, owner)):
        raise TypeError
    change = Change(account, filters, ledger, counters, owner, float(beat))
    return _filled(change, text) if text else change


def _filled(change: Change, text: str) -> Change:
    data = json.loads(text)
    floor = data.get("coverage_floor")
    return change._replace(
        buckets={int(m): _unpacked(b) for m, b in data["buckets"].items()},
        dropped=[int(m) for m in data["dropped"]],
        hours={int(h): Hour(int(t[0]), str(t[1])) for h, t in data["hours"].items()},
        answered=[int(n) for n in data["answered"]],
        # Commits of before there were records lack both.
        coverage={int(h): str(text) for h, text in data.get("coverage", {}).items()},
        coverage_floor=None if floor is None else int(floor),
    )


def _packed(blob: bytes) -> str:
    return base64.b64encode(blob).decode("ascii")


def _unpacked(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii"), validate=True)
