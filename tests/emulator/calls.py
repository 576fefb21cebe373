# SPDX-License-Identifier: Apache-2.0
"""How the tests of the emulator call it: in-process on a virtual clock, or over HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

from slack_audit_input.emulator import Emulator, EmulatorOptions, RunningEmulator

# A Monday noon, UTC.
NOW = 1_789_992_000.5
GOOD = {"Authorization": "Bearer xoxp-emulator"}


def emulator(**options: Any) -> Emulator:
    """A small organization without a rate limit, started at NOW."""
    given = {"calls_per_minute": 0, "events_per_day": 4000, "history_days": 3, **options}
    return Emulator(EmulatorOptions(**given), NOW)


def page(slack: Emulator, now: float = NOW, **params: object) -> tuple[list[Any], str]:
    """The entries of one page and its next cursor."""
    given = {key: str(value) for key, value in params.items()}
    status, _, body = slack.serve(given, GOOD, now)[:3]
    assert status == 200, body
    document = json.loads(body)
    assert "ok" not in document
    return document["entries"], document["response_metadata"]["next_cursor"]


def walk(slack: Emulator, now: float = NOW, **params: object) -> Iterator[list[Any]]:
    """All pages of a window."""
    cursor = ""
    while True:
        entries, cursor = page(slack, now, **params, **({"cursor": cursor} if cursor else {}))
        yield entries
        if not cursor:
            return


def ids(entries: list[Any]) -> list[str]:
    return [entry["id"] for entry in entries]


class Http:
    """A keep-alive connection to a running emulator."""

    def __init__(self, running: RunningEmulator) -> None:
        where = urlsplit(running.base_url)
        assert where.hostname is not None
        self.connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
        self._token = running.token

    def get(
        self, path: str = "/audit/v1/logs", headers: dict[str, str] | None = None, **params: object
    ) -> tuple[http.client.HTTPResponse, bytes]:
        query = f"?{urlencode(params)}" if params else ""
        given = {"Authorization": f"Bearer {self._token}", **(headers or {})}
        self.connection.request("GET", path + query, headers=given)
        response = self.connection.getresponse()
        return response, response.read()

    def control(self, method: str, name: str, body: object = None) -> Any:
        text = None if body is None else json.dumps(body)
        self.connection.request(method, f"/control/{name}", text)
        response = self.connection.getresponse()
        found = response.read()
        if response.getheader("Content-Type") == "application/x-ndjson":
            return [json.loads(line) for line in found.splitlines()]
        return json.loads(found)

    def close(self) -> None:
        self.connection.close()
