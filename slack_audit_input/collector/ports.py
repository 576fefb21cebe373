# SPDX-License-Identifier: Apache-2.0
"""What the collector needs from the rooms around it. Adapters fit by shape; none inherits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from slack_audit_input.model.errors import CollectorError
from slack_audit_input.model.event import Event
from slack_audit_input.model.state import Change, Hour, Request, State
from slack_audit_input.slack.client import Answer


class Sink(Protocol):
    """Where events go."""

    def write(self, events: Sequence[Event]) -> None:
        """Return once the host has accepted all of them; raise SinkError when it has not."""

    def write_records(self, records: Sequence[Event]) -> None:
        """The same for coverage records, each in an event's shape: JSON text and its hour's end.

        A sink that has no place for them accepts them all the same: the state keeps them.
        """

    def close(self) -> None:
        """Let go of the host. Nothing that was accepted may be lost by it."""


class Checkpoint(Protocol):
    """One input's place in a store. Every method raises StoreError when it cannot."""

    def load(self) -> State | None:
        """The state, or None when this input has never committed."""

    def commit(self, version: int, change: Change) -> int:
        """Write all of ``change`` and return the new version.

        Raises Superseded, and writes nothing, unless the stored version is ``version`` (0:
        none is stored yet).
        """

    def keys(self, first: int, last: int) -> dict[int, bytes]:
        """Packed buckets of the delivered index, by minute, ``first`` to ``last`` inclusive."""

    def minutes_below(self, minute: int) -> list[int]:
        """Minutes before ``minute`` that have a bucket, entries without a date left out."""

    def hours(self, first: int, last: int) -> dict[int, Hour]:
        """Totals of sealed minutes, by hour, ``first`` to ``last`` inclusive."""

    def coverage(self, first: int, last: int) -> dict[int, str]:
        """What is kept of coverage, as text by hour, ``first`` to ``last`` inclusive."""

    def requests(self) -> list[Request]:
        """What has been asked and not yet answered, oldest first."""

    def ask(self, kind: str, oldest: int, latest: int, asked: float) -> int:
        """Leave a request for the collector that runs on this input; returns its number."""

    def note(self, status: str) -> None:
        """Keep a JSON text about how the input is doing, whoever owns it."""


class Outcome(NamedTuple):
    """What became of a call: an answer, or the error that prevented one.

    ``started``, ``ended``: monotonic seconds.
    """

    ticket: object
    answer: Answer | None
    error: CollectorError | None
    started: float
    ended: float


class Pool(Protocol):
    """Workers that make calls while the collector does the thinking."""

    def submit(self, ticket: object, path: str, params: Mapping[str, str | int]) -> None:
        """Begin a GET; its outcome comes back from ``wait`` with ``ticket``."""

    def wait(self, timeout: float) -> Outcome | None:
        """The next outcome, or None after ``timeout`` seconds or a wake-up."""

    def arrived(self) -> int:
        """How many outcomes ``wait`` would return at once."""

    def close(self) -> None:
        """Let the workers go; answers still under way are dropped."""


class Clock(Protocol):
    """Time, passed in."""

    def monotonic(self) -> float:
        """Seconds that only rise."""

    def wall(self) -> float:
        """Unix seconds by this machine's clock."""


class Log(Protocol):
    """Where the collector says what it does: ``log("warning", "retry", kind="server")``."""

    def __call__(self, level: str, action: str, **fields: object) -> None:
        """Write one line."""
