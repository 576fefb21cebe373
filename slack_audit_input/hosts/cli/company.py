# SPDX-License-Identifier: Apache-2.0
"""What the inputs of one process share: worker threads, connections, and the sign to stop."""

from __future__ import annotations

import threading
import time

from slack_audit_input.collector.sharing import Share, SharedWorkers
from slack_audit_input.hosts.memory import trim
from slack_audit_input.hosts.running import StopSign
from slack_audit_input.slack.client import Client, Connections
from slack_audit_input.slack.settings import Settings
from slack_audit_input.slack.source import TokenSource

#: Connections to one host that are kept open. Most calls are short, and few are under way.
KEPT_OPEN = 16


class Told(StopSign):
    """A sign that no signal sets but whoever has the process's own; waiting costs nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._event = threading.Event()

    def set(self) -> None:
        """Stop. Safe to call from a signal handler."""
        super().set()
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Wait so long, less when it is time to stop; is it?"""
        return self._event.wait(seconds)


class Together:
    """The whole. ``most``: worker threads; see ``collector.sharing``."""

    def __init__(self, most: int) -> None:
        self.stop = StopSign()
        self.stop.wake = self._pass_on
        self._workers = SharedWorkers(most, time.monotonic, trim)
        self._lock = threading.Lock()
        self._connections: dict[Settings, Connections] = {}
        self._members: list[Member] = []

    def member(self) -> Member:
        """The place of one more input. Not once the process has been told to stop."""
        member = Member(self)
        self._members.append(member)
        return member

    def share(self, size: int, settings: Settings, token: TokenSource) -> Share:
        """A pool with connections that all inputs share whose way to Slack is the same."""
        with self._lock:
            connections = self._connections.get(settings)
            if connections is None:
                connections = self._connections[settings] = Connections(KEPT_OPEN)
        return self._workers.share(size, lambda: Client(settings, token, connections))

    def _pass_on(self) -> None:
        for member in self._members:
            member.sign.set()


class Member:
    """One input's company; see ``hosts.cli.session.Company``."""

    def __init__(self, together: Together) -> None:
        self.sign = Told()
        self._together = together

    def stop_sign(self) -> StopSign:
        """A new sign for a new run."""
        self.sign = sign = Told()
        if self._together.stop():
            sign.set()  # the order has come between the two lines above, or before
        return sign

    def pool(self, workers: int, settings: Settings, token: TokenSource) -> Share:
        """Workers, beside one for live."""
        return self._together.share(workers + 1, settings, token)
