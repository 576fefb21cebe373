# SPDX-License-Identifier: Apache-2.0
"""The commit log of a checkpoint in the KV store: one document a commit, and its parts.

Inserting the document is the commit, and of two with the same version one is refused. A text that
is too long for one document stands in parts, which are there before it.
"""

from __future__ import annotations

from slack_audit_input.model.errors import StoreError
from slack_audit_input.stores.kvstore_documents import (
    CHECKPOINTS,
    PART,
    PARTS,
    Commit,
    Documents,
    key_of,
    ordered,
    text_of,
)


class CommitLog:
    """One input's commits. ``part``: characters of a commit in one document."""

    def __init__(self, documents: Documents, input: str, *, part: int = PART) -> None:
        self._documents = documents
        self._input = input
        self._key = key_of(input)
        self._mine = {"input": input}
        self._part = part

    def heads(self) -> list[Commit]:
        """The commits that are there, newest first: one, or two if the newest is fresh."""
        rows = self._documents.find(CHECKPOINTS, self._mine, sort="version:-1", limit=3)
        return [Commit.of(row, self._input) for row in rows]

    def insert(self, commit: Commit) -> int | None:
        """Add it, and return in how many parts; None if somebody was faster."""
        text = commit.text()
        size = self._part
        parts = [text[at : at + size] for at in range(size, len(text), size)]
        common = {**self._mine, "version": ordered(commit.version), "attempt": commit.attempt}
        self._documents.save(
            PARTS,
            [
                {"_key": f"{self._key}|{commit.attempt}|{n}", **common, "part": n, "data": part}
                for n, part in enumerate(parts)
            ],
        )
        key = f"{self._key}|{ordered(commit.version)}"
        document = {"_key": key, **commit.document(text[:size], len(parts))}
        if self._documents.insert(CHECKPOINTS, document):
            return len(parts)
        # Ours after all, if the answer to a first try was lost.
        found = self._documents.find(CHECKPOINTS, {"_key": key})
        if not found or found[0].get("attempt") != commit.attempt:
            return None
        return len(parts)

    def confirm(self, commit: Commit, before: Commit | None) -> bool:
        """Is ``commit`` the newest, after ``before``? If it is not, take it back."""
        rows = self._documents.find(
            CHECKPOINTS, self._mine, sort="version:-1", limit=3, fields="version,attempt"
        )
        there = [(row.get("version"), row.get("attempt")) for row in rows]
        chain = [(ordered(c.version), c.attempt) for c in (commit, before) if c is not None]
        if there[: len(chain)] != chain:
            self._documents.remove(CHECKPOINTS, {**self._mine, "attempt": commit.attempt})
            return False
        return True

    def whole(self, commit: Commit) -> Commit:
        """The commit with all its parts. Raises StoreError when one is lost."""
        if not commit.parts:
            return commit
        query = {**self._mine, "attempt": commit.attempt}
        rows = self._documents.find(PARTS, query, sort="part")
        if [row.get("part") for row in rows] != list(range(commit.parts)):
            raise StoreError(
                f"the checkpoint of input {self._input!r} has lost a part: restore the KV store "
                "from a backup, or forget the input's state and begin anew"
            )
        return commit.with_parts([text_of(row, "data") for row in rows])

    def remove_before(self, commit: Commit, parts: bool) -> None:
        """Delete the commits before it, and with ``parts`` also what they had in parts."""
        older = {**self._mine, "version": {"$lt": ordered(commit.version)}}
        self._documents.remove(CHECKPOINTS, older)
        if parts:
            self._documents.remove(PARTS, older)
