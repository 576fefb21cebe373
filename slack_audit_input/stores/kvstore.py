# SPDX-License-Identifier: Apache-2.0
"""A checkpoint in Splunk's KV store, which has neither transactions nor compare-and-swap.

A commit is one document, and inserting it is the commit: its ``_key`` names the input and the
version, so of two that saw the same version one gets "duplicate". It holds all that the commit
changes. What follows only spreads that out for reading, and can be done again by whoever comes
next, for each step says what is to be there and not how it changes:

1. insert the commit (409: somebody was faster);
2. look that it follows on the one we saw: somebody may have committed twice and tidied up;
3. save the buckets and hours it names, mark those it drops, then delete the marked;
4. delete the commits before it. As long as two are there, step 3 may not be done.

One thing it cannot promise: a process that stops for half a minute inside a request of step 3,
while another takes over and writes the same minute, can put the older bucket back. Then an
event may come twice; none is lost.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from slack_audit_input.model.errors import StoreError, Superseded
from slack_audit_input.model.state import Change, Hour, Request, State
from slack_audit_input.stores.kvstore_commits import CommitLog
from slack_audit_input.stores.kvstore_documents import (
    CHECKPOINTS,
    COLLECTIONS,
    COVERAGE,
    DELIVERED,
    GONE,
    HOURS,
    PART,
    REQUESTS,
    STATUS,
    Commit,
    Document,
    Documents,
    bucket_document,
    bucket_of,
    coverage_document,
    coverage_of,
    hour_document,
    hour_of,
    key_of,
    number_of,
    ordered,
    request_of,
    status_document,
    text_of,
)

#: Conditions in one query: it travels in the URL.
_CONDITIONS = 40
#: Bytes of buckets wanted in one answer; limits.conf allows 50 MB.
_ANSWER = 4 << 20
_ROWS = 5000


class KVCheckpoint:
    """One input's documents. See ``collector.ports.Checkpoint`` for what each method promises.

    ``requests_every``: seconds between two looks for requests, each of which is a call to
    splunkd; ``monotonic``: the clock for that. ``part``: characters of a commit in one document.
    """

    def __init__(
        self,
        documents: Documents,
        input: str,
        *,
        requests_every: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
        part: int = PART,
    ) -> None:
        self._documents = documents
        self._commits = CommitLog(documents, input, part=part)
        self._input = input
        self._key = key_of(input)
        self._mine = {"input": input}
        self._head: Commit | None = None  # the newest commit that this object has seen
        self._settled = False  # is what it says spread out?
        self._requests_every = requests_every
        self._requests_at = float("-inf")
        self._monotonic = monotonic

    def load(self) -> State | None:
        """What the newest commit says, and the note."""
        found = self._commits.heads()
        if not found:
            self._check_never_begun()
            return None
        if found[0].forgotten:
            self._remove_everything()
            return None
        rows = self._documents.find(STATUS, {"_key": self._key})
        status = text_of(rows[0], "status") if rows else ""
        return found[0].state()._replace(status=status)

    def commit(self, version: int, change: Change) -> int:
        """One document holds all of ``change``; see the module."""
        before = self._head
        if before is None or before.version != version or not self._settled:
            before = self._settle()
            if (before.version if before else 0) != version:
                raise self._superseded()
        commit = Commit(self._input, version + 1, secrets.token_hex(8), change)
        parts = self._commits.insert(commit)
        if parts is None or not self._commits.confirm(commit, before):
            raise self._superseded()
        commit = commit._replace(parts=parts)
        if before is None:
            # So that a lost checkpoint is told from one that never was.
            self._documents.save(HOURS, [{"_key": f"{self._key}|begun", **self._mine}])
        self._head, self._settled = commit, False
        self._spread(commit)
        self._commits.remove_before(commit, before is not None and before.parts > 0)
        self._settled = True
        return commit.version

    def keys(self, first: int, last: int) -> dict[int, bytes]:
        """Buckets by minute."""
        rows = self._between(DELIVERED, "minute", first, last, step=100)
        return dict(bucket_of(row) for row in rows if GONE not in row)

    def minutes_below(self, minute: int) -> list[int]:
        """Minutes with a bucket, oldest first; the undated bucket (-1) is none."""
        rows = self._between(DELIVERED, "minute", 0, minute - 1, fields=f"minute,{GONE}")
        return [number_of(row, "minute") for row in rows if GONE not in row]

    def hours(self, first: int, last: int) -> dict[int, Hour]:
        """Totals by hour."""
        return dict(hour_of(row) for row in self._between(HOURS, "hour", first, last))

    def coverage(self, first: int, last: int) -> dict[int, str]:
        """Tallies and coverage records by hour."""
        return dict(coverage_of(row) for row in self._between(COVERAGE, "hour", first, last))

    def requests(self) -> list[Request]:
        """Open requests, oldest first; none while it is not yet time to look again."""
        now = self._monotonic()
        if now - self._requests_at < self._requests_every:
            return []
        self._requests_at = now
        return [request_of(row) for row in self._open_requests()]

    def ask(self, kind: str, oldest: int, latest: int, asked: float) -> int:
        """Leave a request. Its number is never given again: it may still be being answered."""
        rows = self._open_requests()
        number = max([request_of(row).number + 1 for row in rows] + [time.time_ns() // 1000])
        attempt = secrets.token_hex(8)
        while True:
            key = f"{self._key}|{ordered(number)}"
            document = {
                "_key": key,
                **self._mine,
                "number": ordered(number),
                "kind": kind,
                "oldest": str(oldest),
                "latest": str(latest),
                "asked": str(asked),
                "attempt": attempt,
            }
            if self._documents.insert(REQUESTS, document):
                return number
            found = self._documents.find(REQUESTS, {"_key": key})
            if found and found[0].get("attempt") == attempt:
                return number  # ours: only the answer to an earlier try had been lost
            number += 1

    def note(self, status: str) -> None:
        """Keep the note, with the values it holds as fields that can be searched."""
        self._documents.save(STATUS, [status_document(self._key, self._input, status)])

    def owner(self) -> tuple[str, float]:
        """Who committed last, and when; "" when nobody has, or it cannot be read."""
        try:
            found = self._commits.heads()
        except StoreError:
            # Read again, so that a store which is away is not taken for a damaged document.
            self._documents.find(CHECKPOINTS, self._mine, limit=1)
            return "", 0.0
        if not found or found[0].forgotten:
            return "", 0.0
        state = found[0].state()
        return state.owner, state.beat

    def forget(self) -> None:
        """Remove all of this input's documents, also those that cannot be read."""
        rows = self._documents.find(CHECKPOINTS, self._mine, sort="version:-1", limit=1)
        version = rows[0].get("version") if rows else None
        if isinstance(version, str) and re.fullmatch("[0-9a-f]{16}", version):
            number = number_of(rows[0], "version")
            commit = Commit(self._input, number + 1, secrets.token_hex(8), None)
            if self._commits.insert(commit) is None:
                raise self._superseded()
        self._remove_everything()

    # -- the newest commit, spread out ---------------------------------------------------------

    def _settle(self) -> Commit | None:
        """The newest commit, after what a crash may have left undone of it."""
        found = self._commits.heads()
        head = found[0] if found else None
        if head is not None and head.forgotten:
            self._remove_everything()
            head = None
        elif head is not None:
            if len(found) > 1 or head.version == 1:
                self._spread(self._commits.whole(head))
            # Also the parts of commits that a crash kept from coming to be.
            self._commits.remove_before(head, parts=True)
        self._head, self._settled = head, True
        return head

    def _spread(self, commit: Commit) -> None:
        change = commit.change
        assert change is not None
        dropped = [minute for minute in change.dropped if minute not in change.buckets]
        rows = [bucket_document(self._key, self._input, m, b) for m, b in change.buckets.items()]
        rows += [{**bucket_document(self._key, self._input, m, b""), GONE: "yes"} for m in dropped]
        self._documents.save(DELIVERED, rows)
        self._documents.save(
            HOURS, [hour_document(self._key, self._input, h, t) for h, t in change.hours.items()]
        )
        self._documents.save(
            COVERAGE,
            [coverage_document(self._key, self._input, h, t) for h, t in change.coverage.items()],
        )
        if dropped:
            self._documents.remove(DELIVERED, {**self._mine, GONE: "yes"})
        if change.coverage_floor is not None:
            old = {"$lt": ordered(change.coverage_floor)}
            self._documents.remove(COVERAGE, {**self._mine, "hour": old})
        for some in _slices([{"number": ordered(n)} for n in change.answered]):
            self._documents.remove(REQUESTS, {**self._mine, "$or": some})

    # -- the rest --------------------------------------------------------------------------

    def _between(
        self,
        collection: str,
        name: str,
        first: int,
        last: int,
        *,
        step: int = _ROWS,
        fields: str = "",
    ) -> Iterable[Document]:
        if not self._settled:
            self._settle()
        low: dict[str, str] = {"$gte": ordered(first)}
        while first <= last:
            rows = self._documents.find(
                collection,
                {**self._mine, name: {**low, "$lte": ordered(last)}},
                sort=name,
                limit=step,
                fields=fields,
            )
            yield from rows
            if len(rows) < step:
                return
            low = {"$gt": text_of(rows[-1], name)}
            if not fields:
                largest = max(len(str(row.get("keys", ""))) for row in rows)
                step = max(1, min(_ROWS, _ANSWER // (largest + 200)))

    def _open_requests(self) -> list[Document]:
        return self._documents.find(REQUESTS, self._mine, sort="number")

    def _check_never_begun(self) -> None:
        if self._documents.find(HOURS, self._mine, limit=1):
            raise StoreError(
                f"the KV store has lost the checkpoint of input {self._input!r}, though it still "
                "knows what was delivered: restore it from a backup, or forget the input's state "
                "and begin anew (and mind the start)"
            )

    def _remove_everything(self) -> None:
        # The commits last: while there is one, a crash on the way is finished by the next.
        for collection in (*(c for c in COLLECTIONS if c != CHECKPOINTS), CHECKPOINTS):
            self._documents.remove(collection, self._mine)
        self._head, self._settled = None, False

    def _superseded(self) -> Superseded:
        self._head, self._settled = None, False
        return Superseded(
            f"another collector has taken over input {self._input!r}, or its state was forgotten: "
            "this one stops, and has checkpointed nothing since. Run one collector per input"
        )


def _slices(rows: Sequence[Any]) -> Iterable[list[Any]]:
    return (list(rows[at : at + _CONDITIONS]) for at in range(0, len(rows), _CONDITIONS))
