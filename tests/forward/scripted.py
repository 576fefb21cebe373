# SPDX-License-Identifier: Apache-2.0
"""Hosts without a network: senders whose host does what a script says, on a clock of its own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from slack_audit_input.sinks.forward.access import Access
from slack_audit_input.sinks.forward.addresses import Address
from slack_audit_input.sinks.forward.batches import Batch
from slack_audit_input.sinks.forward.failures import Misfit, NotAccepted, Unreachable
from slack_audit_input.sinks.forward.hosts import Hosts
from slack_audit_input.sinks.forward.patience import Patience
from slack_audit_input.sinks.forward.sender import Sender
from slack_audit_input.sinks.forward.sink import ForwardSink, Limits
from tests.forward.events import COLLECTOR, tags

USUAL = Limits()


class Time:
    """A clock that only sleeping moves. ``after(seconds, what)``: things that happen."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.stopping = False
        self._coming: list[tuple[float, Callable[[], None]]] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)
        due = [one for one in self._coming if one[0] <= self.now]
        self._coming = [one for one in self._coming if one[0] > self.now]
        for _, what in due:
            what()

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        self._coming.append((self.now + seconds, what))

    def patience(self) -> Patience:
        return Patience(lambda: self.stopping, Random(1), lambda: self.now, self.sleep)


class Host(Sender):
    """A host and the connection to it. What it does is in its attributes, and may change."""

    def __init__(self, time: Time, name: str = "a") -> None:
        super().__init__(Address(name, 1), Access("test"), time.patience())
        self.down = False
        self.misfit = False
        #: Refuse a batch that holds one of these ids.
        self.poison: set[Any] = set()
        #: Refuse whatever this says.
        self.refuses: Callable[[Batch], bool] = lambda _batch: False
        self.arrived: list[Any] = []
        self.log: list[str] = []
        #: Called with each batch before it is judged.
        self.before: Callable[[Batch], object] = lambda _batch: None
        self._there = False

    @property
    def connected(self) -> bool:
        return self._there

    def connect(self) -> None:
        if self.misfit:
            self._there = False
            raise Misfit(f"{self.address} wants another key")
        if self.down:
            self._there = False
            raise Unreachable(f"{self.address} is down")
        self._there = True

    def send(self, batch: Batch, packed: bool) -> None:
        assert self._there
        self.log.append(f"{len(batch)}")
        if self.down:
            self._there = False
            raise NotAccepted(f"{self.address} broke the connection")

    def acknowledge(self, batch: Batch) -> None:
        assert self._there
        self.before(batch)
        found = [json.loads(text)["id"] for _, _, text in batch.events]
        if self.down or self.poison.intersection(found) or self.refuses(batch):
            self._there = False
            raise NotAccepted(f"{self.address} closed the connection")
        self.acknowledged_ever = True
        self.arrived += found

    def close(self) -> None:
        self._there = False

    def ids(self) -> Counter[Any]:
        """How often each event's id arrived; test records left out."""
        return Counter(name for name in self.arrived if not str(name).startswith("slack_audit"))


class Scene:
    """A sink over scripted hosts."""

    def __init__(self, folder: Path, *names: str, limits: Limits = USUAL) -> None:
        self.time = Time()
        self.hosts = [Host(self.time, name) for name in names or ("a",)]
        self.lines: list[dict[str, Any]] = []
        self.dead_letters = folder / "dead.ndjson"
        self.sink = ForwardSink(
            COLLECTOR,
            [host.address for host in self.hosts],
            Access("test"),
            tags("slack.audit"),
            self.dead_letters,
            self.time.patience(),
            self._log,
            limits,
        )
        hosts = Hosts(
            self.hosts, self.time.patience(), self.sink._host_failed, self.sink._host_switched
        )
        self.sink._hosts = self.sink._delivery._hosts = hosts

    def _log(self, level: str, action: str, **fields: object) -> None:
        self.lines.append({"level": level, "action": action, **fields})

    def set_aside(self) -> list[Any]:
        """Ids in the dead letters."""
        if not self.dead_letters.exists():
            return []
        lines = self.dead_letters.read_text().splitlines()
        return [json.loads(line)["entry"]["id"] for line in lines]
