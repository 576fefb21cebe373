# SPDX-License-Identifier: Apache-2.0
"""Worker threads: each has one client, makes one call at a time, and thinks nothing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeVar

from slack_audit_input.collector.ports import Outcome
from slack_audit_input.model.errors import CollectorError, Retryable
from slack_audit_input.slack.client import Answer

_Item = TypeVar("_Item")


class Getter(Protocol):
    """A client, as far as a worker needs it."""

    def get(self, path: str, params: Mapping[str, str | int]) -> Answer:
        """One GET."""

    def close(self) -> None:
        """Close its connection."""


class _Call(NamedTuple):
    ticket: object
    path: str
    params: Mapping[str, str | int]


def taken(waiting: queue.SimpleQueue[_Item], timeout: float) -> _Item:
    """The next item of a queue with one reader, within ``timeout`` seconds, or queue.Empty.

    The look before the wait is no waste of time: Python 3.9's queue reckons anew what is left of
    a timeout when it finds its lock open and nothing there, and waits for ever when that is less
    than nothing. A look that finds nothing leaves the lock closed.
    """
    try:
        return waiting.get(block=False)
    except queue.Empty:
        if timeout <= 0.0:
            raise
    return waiting.get(timeout=timeout)


class ThreadPool:
    """Calls in threads, outcomes in a queue. Bodies wait packed, so waiting costs little."""

    def __init__(
        self, size: int, client: Callable[[], Getter], monotonic: Callable[[], float]
    ) -> None:
        self._client = client
        self._monotonic = monotonic
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
        self._size = size
        self._threads: list[threading.Thread] = []
        self._out = 0

    def submit(self, ticket: object, path: str, params: Mapping[str, str | int]) -> None:
        """Hand a call to a worker; workers start when they are first needed."""
        self._out += 1
        if self._out > len(self._threads) < self._size:
            # Daemons: a call that hangs must not keep a stopped collector alive.
            thread = threading.Thread(target=self._work, name="slack-call", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._calls.put(_Call(ticket, path, params))

    def wait(self, timeout: float) -> Outcome | None:
        """The next outcome, or None after ``timeout`` seconds or a ``wake``."""
        try:
            outcome = taken(self._outcomes, timeout)
        except queue.Empty:
            return None
        if outcome is not None:
            self._out -= 1
        return outcome

    def arrived(self) -> int:
        """How many outcomes wait to be taken."""
        return self._outcomes.qsize()

    def wake(self) -> None:
        """End a ``wait`` early; safe to call from a signal handler."""
        self._outcomes.put(None)

    def close(self) -> None:
        """Let idle workers end; busy ones end with their call."""
        for _ in self._threads:
            self._calls.put(None)

    def _work(self) -> None:
        client: Getter | None = None
        while True:
            call = self._calls.get()
            if call is None:
                break
            started = self._monotonic()
            answer: Answer | None = None
            error: CollectorError | None = None
            try:
                client = client or self._client()
                answer = client.get(call.path, call.params)
            except CollectorError as raised:
                error = raised
            # Whatever it is: a worker that died would hang the collector, which waits for its
            # outcome.
            except Exception as raised:  # noqa: BLE001
                error = Retryable(f"a call failed ({type(raised).__name__})", "network")
            self._outcomes.put(Outcome(call.ticket, answer, error, started, self._monotonic()))
            del answer, error
        if client is not None:
            client.close()
