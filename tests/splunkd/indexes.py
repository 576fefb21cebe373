# SPDX-License-Identifier: Apache-2.0
"""Indexes: which there are, and the events in them, one JSON line each."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.splunkd.entries import Entry, Fail
from tests.splunkd.requests import Request

FIRST = ("main", "slack", "history", "summary", "_internal", "_audit")


class Indexes:
    """Indexes in a folder. What comes for one that does not exist is lost, as in Splunk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self.lost: dict[str, int] = {}
        """Events for indexes that do not exist, by index."""
        if not any(folder.iterdir()):
            for name in FIRST:
                (folder / f"{name}.ndjson").touch()

    def names(self) -> list[str]:
        """All, internal ones too."""
        return sorted(path.stem for path in self._folder.glob("*.ndjson"))

    def make(self, name: str) -> None:
        """A new one."""
        (self._folder / f"{name}.ndjson").touch()

    def append(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Index events: time, source, sourcetype, index, host, data."""
        with self._lock:
            for name in {str(event["index"]) for event in events}:
                # The index "default" is whatever is the default one: main.
                path = self._folder / f"{'main' if name == 'default' else name}.ndjson"
                chosen = [event for event in events if event["index"] == name]
                if not path.exists():
                    self.lost[name] = self.lost.get(name, 0) + len(chosen)
                    continue
                with path.open("a", encoding="utf-8") as file:
                    file.writelines(json.dumps(event) + "\n" for event in chosen)

    def events(self, name: str) -> Iterator[dict[str, Any]]:
        """Events of an index, oldest arrival first."""
        path = self._folder / f"{name}.ndjson"
        if path.exists():
            with path.open(encoding="utf-8") as file:
                for line in file:
                    yield json.loads(line)

    def count(self, name: str) -> int:
        """How many events an index has."""
        path = self._folder / f"{name}.ndjson"
        with path.open("rb") as file:
            return sum(1 for _ in file)

    def tail(self, name: str, most: int) -> list[dict[str, Any]]:
        """The last events that arrived."""
        with (self._folder / f"{name}.ndjson").open("rb") as file:
            return [json.loads(line) for line in deque(file, most)]

    def answer(self, request: Request) -> tuple[int, Sequence[Entry]]:
        """For ``data/indexes[/NAME]``. Raises Fail."""
        if request.method == "POST" and request.path[2:] == ("_validateName",):
            return 200, []
        if request.method == "POST" and len(request.path) == 2:
            self.make(request.form["name"])
            return 201, [self._entry(request.form["name"])]
        if len(request.path) > 2:
            if request.path[2] not in self.names():
                raise Fail(404, f"Could not find object id={request.path[2]}")
            return 200, [self._entry(request.path[2])]
        return 200, [self._entry(name) for name in self.names()]

    def _entry(self, name: str) -> Entry:
        content = {
            "disabled": False,
            "isInternal": name.startswith("_"),
            "datatype": "event",
        }
        path = ("servicesNS", "nobody", "system", "data", "indexes", name)
        return Entry(name, path, content, "system")
