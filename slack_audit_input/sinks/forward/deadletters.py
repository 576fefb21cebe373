# SPDX-License-Identifier: Apache-2.0
"""Entries that a host refuses for ever: kept in a file, with the reason, before all goes on."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from slack_audit_input.model.errors import SinkError
from slack_audit_input.model.event import Event


class DeadLetters:
    """Appends to ``path``, one JSON object a line; the file is made when it is first needed.

    ``{"set_aside":"2026-…Z","reason":…,"tag":…,"collector":{…},"entry":{…}}``: the entry is
    Slack's own text; where that is no strict JSON, its text stands as ``entry_text``.
    """

    def __init__(self, path: Path, collector: dict[str, str]) -> None:
        self.path = path
        self._collector = collector

    def add(self, event: Event, tag: str, reason: str) -> None:
        """Return once the entry is on the disk. Raises SinkError."""
        _second, _key, text = event
        front = {
            "set_aside": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "reason": reason,
            "tag": tag,
            "collector": self._collector,
        }
        line = f"{json.dumps(front)[:-1]}, {_entry(text)}}}\n"
        try:
            _append(self.path, line.encode())
        except OSError as error:
            raise SinkError(
                f"cannot write --dead-letters {self.path} ({error.strerror}), where an entry goes "
                "that the host refuses. Nothing of this page is checkpointed: it comes again at "
                "the next start"
            ) from None


def _entry(text: str) -> str:
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return f'"entry_text": {json.dumps(text)}'
    return f'"entry": {text}'


def _append(path: Path, line: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = not path.exists()
    # For its owner only: it holds what the audit log says about people.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and not _ends_with_a_line(path):
            line = b"\n" + line
        view = memoryview(line)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if made:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _ends_with_a_line(path: Path) -> bool:
    """Not so after a crash, or on a disk that was full."""
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
