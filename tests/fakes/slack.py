# SPDX-License-Identifier: Apache-2.0
"""A model of Slack's /logs for tests on a virtual clock: small, exact, and as unkind as Slack."""

from __future__ import annotations

import base64
import json
from bisect import bisect_left, insort
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
        silent_ends: int = 0,
        shuffles: bool = False,
    ) -> None:
        """Make a Slack of these entries.

        ``silent_ends``: every so many pages the cursor is left away although more remains;
        ``shuffles``: pages are not newest first. 0 means never.
        """
        self.entries = sorted(entries)
        self.silent_ends = silent_ends
        self.shuffles = shuffles
        self._pages = 0
        self._walks: list[list[Entry]] = []
        self.cursor_life = cursor_life
        self.faults = faults
        self.split_seconds = split_seconds
        self.known = known
        self.calls: list[float] = []
        self.fullness: list[float] = []

    def add(self, one: Entry) -> None:
        """Another entry."""
        insort(self.entries, one)

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
        oldest, latest = int(str(params.get("oldest", 0))), int(str(params.get("latest", int(now))))
        limit = int(str(params["limit"]))
        if latest > now + 1:
            return _error(400, "invalid_range")
        actions = [a for a in str(params.get("action", "")).split(",") if a]
        if self.known and not set(actions) <= self.known:
            return _error(400, "")
        if self.shuffles and limit > 1:
            return self._disorderly(oldest, latest, limit, str(params.get("cursor", "")), now)
        after: tuple[object, ...] = (latest + 1,)
        if params.get("cursor"):
            made, *last = json.loads(base64.b64decode(str(params["cursor"])))
            if now - made > self.cursor_life:
                return _error(400, "invalid_cursor")
            after = tuple(last)
        page: list[Entry] = []
        more = False
        first = bisect_left(self.entries, (oldest,))
        for i in range(bisect_left(self.entries, after) - 1, first - 1, -1):
            found = self.entries[i]
            if found.visible_at > now:
                continue
            if actions and json.loads(found.text)["action"] not in actions:
                continue
            if len(page) >= limit and (self.split_seconds or page[-1].second != found.second):
                more = True
                break
            page.append(found)
        self.fullness.append(len(page) / limit)
        return self._answer(page, more, now)

    def _disorderly(self, oldest: int, latest: int, limit: int, cursor: str, now: float) -> Answer:
        """A walk that brings everything, but newer entries on later pages too.

        Every page shows it: were each page in order by itself, nobody could know in time. Its
        cursor is a place in the list as it was at the walk's first page.
        """
        if cursor:
            walk, place = json.loads(base64.b64decode(cursor))
            if walk >= len(self._walks):
                return _error(400, "invalid_cursor")
        else:
            found = [
                e for e in self.entries if oldest <= e.second <= latest and e.visible_at <= now
            ]
            found.reverse()
            block = 2 * limit
            walk, place = len(self._walks), 0
            self._walks.append(
                [
                    e
                    for i in range(0, len(found), block)
                    for e in found[i : i + block][::2][::-1] + found[i : i + block][1::2][::-1]
                ]
            )
        page = self._walks[walk][place : place + limit]
        more = base64.b64encode(json.dumps([walk, place + limit]).encode()).decode()
        cursor = more if place + limit < len(self._walks[walk]) else ""
        entries = ",".join(e.text for e in page)
        metadata = f'"response_metadata":{{"next_cursor":"{cursor}"}}'
        return Answer(200, f'{{"entries":[{entries}],{metadata}}}'.encode())

    def _answer(self, page: list[Entry], more: bool, now: float) -> Answer:
        """The page in Slack's words. Its cursor holds the last entry shown, nothing else."""
        self._pages += 1
        metadata = ',"response_metadata":{"next_cursor":""}'
        if more:
            cursor = base64.b64encode(json.dumps([now, *page[-1][:3]]).encode()).decode()
            metadata = f',"response_metadata":{{"next_cursor":"{cursor}"}}'
            # A second larger than a page cannot be got past without its cursor: no collector
            # could tell that from the end.
            passable = page[0].second != page[-1].second
            if passable and self.silent_ends and self._pages % self.silent_ends == 0:
                metadata = ""
        entries = ",".join(e.text for e in page)
        return Answer(200, f'{{"entries":[{entries}]{metadata}}}'.encode())


def _error(status: int, code: str) -> Answer:
    return Answer(status, json.dumps({"ok": False, "error": code}).encode() if code else b"")
