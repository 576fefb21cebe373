# SPDX-License-Identifier: Apache-2.0
"""What a database says, in words a person can act on."""

from __future__ import annotations

from collections.abc import Sequence

#: What stands in an error's text, and what to do then. The first that fits counts.
_REMEDIES = (
    ("readonly", "the file or its folder is read-only for this user"),
    ("read-only", "the file or its folder is read-only for this user"),
    ("read only", "it is read-only for this user"),
    ("disk is full", "free some disk space; nothing was lost, run again and it goes on"),
    ("no space left", "free some disk space; nothing was lost, run again and it goes on"),
    # What SQLite says when a write fails: a disk without space, a quota, a limit on file sizes.
    ("disk i/o error", "is the disk full, or over its quota, or broken? Nothing was lost"),
    ("unable to open", "is it a file, does its folder exist, and may this user write there?"),
    ("not a database", "another program's file, or a damaged one; it is left as it is"),
    ("malformed", "the file is damaged; restore it, or move it away to begin anew"),
    ("locked", "another process holds it; try again when that has ended"),
    ("no such table", "the file is damaged; restore it, or move it away to begin anew"),
    ("no such column", "the file is damaged; restore it, or move it away to begin anew"),
    ("out of range", "a number that no checkpoint can hold"),
    ("too large", "a number that no checkpoint can hold"),
    ("password", "are user and password right?"),
    ("authentication", "are user and password right?"),
    ("permission denied", "this user must be allowed to read, write and create tables there"),
    ("does not exist", "create it first; the tables are made by the first run"),
    ("connect", "does the server run, and can it be reached from here?"),
    ("resolve", "is the name of the server right?"),
    ("translate host name", "is the name of the server right?"),
)
_ELSE = "nothing was changed by this attempt; see to the cause and run again"


def words_of(error: BaseException, secrets: Sequence[str] = ()) -> str:
    """The first line of an error and what to do, without any of ``secrets``."""
    line = (str(error).strip().splitlines() or [""])[0][:300] or type(error).__name__
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) > 2:
            line = line.replace(secret, "***")
    return f"{line} ({remedy_for(str(error))})"


def remedy_for(text: str) -> str:
    """What a person can do about it."""
    text = text.lower()
    return next((remedy for sign, remedy in _REMEDIES if sign in text), _ELSE)
