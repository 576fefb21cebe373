# SPDX-License-Identifier: Apache-2.0
"""A model of Slack's /logs for tests on a virtual clock: small, exact, and as unkind as Slack."""

from __future__ import annotations

import base64
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from typing import NamedTuple

from slack_audit_input.slack.client import Answer


class Entry(NamedTuple):
    """One entry of the model: when it happened, when Slack shows it, what Slack sends."""

    second: int
    visible_at: float
    id: str
    text: str


def entry(second: int, visible_at: float, number: int, action: str = "user_login") -> Entry:
    """An entry with an id made of ``number``."""
    name = f"{number & 0xFFFFFFFF:08x}-0000-4000-8000-{number >> 32:012x}"
    text = json.dumps({"id": name, "date_create": second, "action": action}, separators=(",", ":"))
    return Entry(second, visible_at, name, text)


#: A fault turns one call into something else: (call number, params, now) -> Answer or None.
Fault = Callable[[int, Mapping[str, object], float], "Answer | None"]


class FakeSlack:
    """Newest first, inclusive bounds, cursors that hold only a place, and may die."""

    def __init__(
        self,
        entries: list[Entry],
        *,
        cursor_life: float = float("inf"),
        faults: Fault | None = None,
        split_seconds: bool = True,
        known: frozenset[str] = frozenset(),
    ) -> None:
        self.entries = sorted(entries)
        self._seconds = [e.second for e in self.entries]
        self.cursor_life = cursor_life
        self.faults = faults
        self.split_seconds = split_seconds
        self.known = known
        self.calls: list[float] = []
        self.fullness: list[float] = []

    def get(self, path: str, params: Mapping[str, object], now: float) -> Answer:
        """The answer at ``now``, unix seconds by Slack's clock."""
        if path == "actions":
            return Answer(200, json.dumps({"actions": {}}).encode(), date=int(now))
        self.calls.append(now)
        if self.faults:
            fault = self.faults(len(self.calls), params, now)
            if fault is not None:
                return fault._replace(date=int(now))
        return self.page(params, now)._replace(date=int(now))

    def page(self, params: Mapping[str, object], now: float) -> Answer:
        """A page without faults."""
        oldest, latest = int(str(params.get("oldest", 0))), int(str(params["latest"]))
        limit = int(str(params["limit"]))
        if latest > now + 1:
            return _error(400, "invalid_range")
        actions = [a for a in str(params.get("action", "")).split(",") if a]
        if self.known and not set(actions) <= self.known:
            return _error(400, "")
        place = latest, 1 << 60
        if params.get("cursor"):
            made, second, index = json.loads(base64.b64decode(str(params["cursor"])))
            if now - made > self.cursor_life:
                return _error(400, "invalid_cursor")
            place = second, index
        first = bisect_left(self._seconds, oldest)
        last = bisect_right(self._seconds, place[0])
        page: list[Entry] = []
        more = None
        for i in range(last - 1, first - 1, -1):
            found = self.entries[i]
            if found.visible_at > now or (found.second == place[0] and i >= place[1]):
                continue
            if actions and json.loads(found.text)["action"] not in actions:
                continue
            full = len(page) >= limit
            if full and (self.split_seconds or page[-1].second != found.second):
                more = found.second, i + 1
                break
            page.append(found)
        self.fullness.append(len(page) / limit)
        cursor = ""
        if more:
            cursor = base64.b64encode(json.dumps([now, *more]).encode()).decode()
        entries = ",".join(e.text for e in page)
        body = f'{{"entries":[{entries}],"response_metadata":{{"next_cursor":"{cursor}"}}}}'
        return Answer(200, body.encode())


def _error(status: int, code: str) -> Answer:
    return Answer(status, json.dumps({"ok": False, "error": code}).encode() if code else b"")
