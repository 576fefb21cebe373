# SPDX-License-Identifier: Apache-2.0
"""Worker threads that several collectors of one process share.

To each collector its part looks like a pool of its own, with as many calls at a time as it would
have there: nobody's call waits behind another organization's slow answer. What is shared is the
threads (most calls are short, so that few are ever needed) and the room for large pages: one
takes 1 MB as it comes and 30 MB unpacked, and fifty collectors that catch up at once must not hold
one each.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

from slack_audit_input.collector.pool import Getter, taken
from slack_audit_input.collector.ports import Outcome
from slack_audit_input.model.errors import CollectorError, Retryable
from slack_audit_input.slack.client import Answer

#: A body of so many bytes, packed as it came, has to wait for a place; a live page passes.
LARGE = 100_000
#: Large pages in hand at a time, in all collectors together. With more, the interpreter's one lock
#: would only change hands more often.
PAGES_IN_HAND = 1
#: A call for so many seconds of the log or more may bring one.
LONG = 600
#: Such calls at a time, from their start until their page has been taken in.
LONG_CALLS = 24
#: Seconds that either waits for room. Then it goes on without: a host that does not accept may
#: hold its page for days, and must not hold up other organizations.
PATIENCE = 5.0


class _Call(NamedTuple):
    share: Share
    ticket: object
    path: str
    params: Mapping[str, str | int]


class _Done(NamedTuple):
    """An outcome, or None to end a wait; ``roomy``: it takes up room for a long call."""

    outcome: Outcome | None
    roomy: bool = False


class SharedWorkers:
    """The threads. They start when they are first needed, ``most`` of them, and stay.

    ``tidy`` is called when a large page has been taken in.
    """

    def __init__(
        self, most: int, monotonic: Callable[[], float], tidy: Callable[[], None] = lambda: None
    ) -> None:
        self.monotonic = monotonic
        self.tidy = tidy
        self.places = threading.BoundedSemaphore(PAGES_IN_HAND)
        self.room = threading.BoundedSemaphore(LONG_CALLS)
        self._most = most
        self._calls: queue.SimpleQueue[_Call] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._threads = 0

    def share(self, size: int, client: Callable[[], Getter]) -> Share:
        """A pool for one collector, with at most ``size`` calls at a time."""
        return Share(self, size, client)

    def begin(self, call: _Call) -> None:
        """Have a call made by whichever thread is free."""
        with self._lock:
            if self._idle:
                self._idle -= 1
            elif self._threads < self._most:
                self._threads += 1
                # Daemons: a call that hangs must not keep a stopped process alive.
                threading.Thread(target=self._work, name="slack-call", daemon=True).start()
        self._calls.put(call)

    def _work(self) -> None:
        while True:
            call = self._calls.get()
            share = call.share
            share.make(call)
            del call, share  # the last one's answer must not live on while we wait
            with self._lock:
                self._idle += 1


class Share:
    """One collector's part; see ``collector.ports.Pool``.

    Use it from one thread, but for ``wake``. A client is used by one call at a time, and kept
    for the next one, whichever thread makes that.
    """

    def __init__(self, workers: SharedWorkers, size: int, client: Callable[[], Getter]) -> None:
        self._workers = workers
        self._size = size
        self._make_client = client
        self._outcomes: queue.SimpleQueue[_Done] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting: deque[_Call] = deque()
        self._out = 0
        self._clients: list[Getter] = []
        self._closed = False
        self._has_place = False
        self._has_room = False

    def submit(self, ticket: object, path: str, params: Mapping[str, str | int]) -> None:
        """Hand a call to a worker, or keep it until one of ours is done."""
        call = _Call(self, ticket, path, params)
        with self._lock:
            if self._out >= self._size:
                self._waiting.append(call)
                return
            self._out += 1
        self._workers.begin(call)

    def wait(self, timeout: float) -> Outcome | None:
        """The next outcome, or None after ``timeout`` seconds or a ``wake``.

        Who asks for the next is done with the last.
        """
        self._give_back()
        try:
            outcome, self._has_room = taken(self._outcomes, timeout)
        except queue.Empty:
            return None
        if outcome and outcome.answer and len(outcome.answer.body) >= LARGE:
            self._has_place = self._workers.places.acquire(timeout=PATIENCE)
        return outcome

    def arrived(self) -> int:
        """How many outcomes wait to be taken."""
        return self._outcomes.qsize()

    def wake(self) -> None:
        """End a ``wait`` early; safe to call from a signal handler."""
        self._outcomes.put(_Done(None))

    def close(self) -> None:
        """Begin no more calls; those under way end, and nobody hears of them."""
        self._give_back()
        with self._lock:
            self._closed = True
            self._waiting.clear()
            clients, self._clients = self._clients, []
            while not self._outcomes.empty():
                self._forget(self._outcomes.get())
        for client in clients:
            client.close()

    def make(self, call: _Call) -> None:
        """Make a call, in a worker's thread, and begin the one that waits for it to be done."""
        started = self._workers.monotonic()
        answer: Answer | None = None
        error: CollectorError | None = None
        client: Getter | None = None
        roomy = _is_long(call.params) and self._workers.room.acquire(timeout=PATIENCE)
        try:
            client = self._client()
            answer = client.get(call.path, call.params)
        except CollectorError as raised:
            error = raised
        # Whatever it is: the collector waits for the outcome.
        except Exception as raised:  # noqa: BLE001
            error = Retryable(f"a call failed ({type(raised).__name__})", "network")
        ended = self._workers.monotonic()
        done = _Done(Outcome(call.ticket, answer, error, started, ended), roomy)
        following = self._done(client, done)
        if following is not None:
            self._workers.begin(following)

    def _client(self) -> Getter:
        with self._lock:
            if self._clients:
                return self._clients.pop()
        return self._make_client()

    def _done(self, client: Getter | None, done: _Done) -> _Call | None:
        with self._lock:
            if self._closed:
                self._forget(done)
            else:
                self._outcomes.put(done)
            if client is not None and not self._closed:
                self._clients.append(client)
                client = None
            following = self._waiting.popleft() if self._waiting else None
            self._out -= following is None
        if client is not None:
            client.close()
        return following

    def _forget(self, done: _Done) -> None:
        if done.roomy:
            self._workers.room.release()

    def _give_back(self) -> None:
        if self._has_place:
            self._has_place = False
            self._workers.tidy()
            self._workers.places.release()
        if self._has_room:
            self._has_room = False
            self._workers.room.release()


def _is_long(params: Mapping[str, str | int]) -> bool:
    return int(params.get("latest", 0)) - int(params.get("oldest", 0)) >= LONG
