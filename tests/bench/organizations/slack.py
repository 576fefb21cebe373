# SPDX-License-Identifier: Apache-2.0
"""Many organizations behind one address, as at Slack: the token says whose audit log it is.

``python -m tests.bench.organizations.slack COUNT EVENTS_PER_DAY HISTORY_HOURS``: one line of JSON
with the address, then serves until it is killed. Tokens are ``xoxp-org-0`` and so on; the control
endpoint takes the number as ``org``.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any, cast

from slack_audit_input.emulator.answers import Answer
from slack_audit_input.emulator.clock import Clock
from slack_audit_input.emulator.control import Control
from slack_audit_input.emulator.core import Emulator
from slack_audit_input.emulator.options import EmulatorOptions
from slack_audit_input.emulator.routes import BadRequest, Routes
from slack_audit_input.emulator.server import Server
from slack_audit_input.emulator.spread import Lateness

DAY = 86_400
LATE = "0.2:1-10"


class Organizations:
    """Emulators of one seed each, which the server takes for one."""

    def __init__(self, count: int, events_per_day: float, history_hours: float, now: float) -> None:
        self.each = {}
        for number in range(count):
            token = token_of(number)
            options = EmulatorOptions(
                seed=number + 1,
                token=token,
                history_days=history_hours / 24,
                # As evenly as live, so that every organization has the same history.
                live_rate=events_per_day / DAY,
                live_from=int(now - history_hours * 3600),
                lateness=(Lateness.parse(LATE),),
            )
            self.each[token] = Emulator(options, now)
        self.options = next(iter(self.each.values())).options

    def serve(
        self, params: Mapping[str, str], headers: Mapping[str, str], now: float, **rest: Any
    ) -> Answer:
        """The answer of the organization whose token it is."""
        token = headers.get("Authorization", "").rpartition(" ")[2]
        one = self.each.get(token) or next(iter(self.each.values()))
        return one.serve(params, headers, now, **rest)


class ManyRoutes:
    """The control endpoint of each."""

    def __init__(self, organizations: Organizations, clock: Clock) -> None:
        self._routes = [Routes(Control(one, clock)) for one in organizations.each.values()]

    def answer(self, method: str, name: str, params: Mapping[str, str], body: bytes) -> bytes:
        """JSON."""
        return self._one(params).answer(method, name, _rest(params), body)

    def truth(self, params: Mapping[str, str]) -> Iterator[bytes]:
        """Lines of JSON."""
        return self._one(params).truth(_rest(params))

    def _one(self, params: Mapping[str, str]) -> Routes:
        number = params.get("org", "0")
        if not number.isdigit() or int(number) >= len(self._routes):
            raise BadRequest(f"there is no organization {number}")
        return self._routes[int(number)]


def _rest(params: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in params.items() if name != "org"}


def token_of(number: int) -> str:
    """The token of an organization."""
    return f"xoxp-org-{number}"


def main(count: str, events_per_day: str, history_hours: str) -> None:
    """Serve."""
    clock = Clock(None, False)
    many = Organizations(int(count), float(events_per_day), float(history_hours), clock.now())
    routes = ManyRoutes(many, clock)
    server = Server(cast("Emulator", many), clock, cast("Routes", routes))
    server.start()
    print(json.dumps({"base_url": f"{server.url}/audit/v1/"}), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
