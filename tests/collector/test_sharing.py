# SPDX-License-Identifier: Apache-2.0
"""Worker threads that several collectors share: nobody waits for somebody else's answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import pytest

from slack_audit_input.collector.ports import Outcome
from slack_audit_input.collector.sharing import (
    LARGE,
    LONG_CALLS,
    PAGES_IN_HAND,
    Share,
    SharedWorkers,
)
from slack_audit_input.model.errors import ConfigError
from slack_audit_input.slack.client import Answer

OK = Answer(200, b"{}")


class Getter:
    """A client that asks a function, and knows whether two threads ever use it at once."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self._ask = ask
        self._used = threading.Lock()
        self.closed = False

    def get(self, path: str, params: Mapping[str, str | int]) -> Answer:
        assert self._used.acquire(blocking=False), "one client, two threads"
        try:
            return self._ask()
        finally:
            self._used.release()

    def close(self) -> None:
        self.closed = True


def _collect(share: Share, count: int) -> list[Outcome]:
    found = [share.wait(10.0) for _ in range(count)]
    assert None not in found
    return [one for one in found if one is not None]


def test_slow_answers_of_one_do_not_delay_another() -> None:
    workers = SharedWorkers(8, time.monotonic)
    slow = threading.Event()

    def ask() -> Answer:
        slow.wait(30.0)
        return OK

    one = workers.share(3, lambda: Getter(ask))
    other = workers.share(2, lambda: Getter(lambda: OK))
    for ticket in range(9):
        one.submit(ticket, "logs", {})
    for ticket in range(20):
        other.submit(ticket, "logs", {})
    assert sorted(int(str(o.ticket)) for o in _collect(other, 20)) == list(range(20))
    assert one.arrived() == 0
    slow.set()
    assert sorted(int(str(o.ticket)) for o in _collect(one, 9)) == list(range(9))


def test_clients_are_kept_and_closed() -> None:
    workers = SharedWorkers(4, time.monotonic)
    made: list[Getter] = []

    def client() -> Getter:
        made.append(Getter(lambda: OK))
        return made[-1]

    share = workers.share(2, client)
    for _ in range(50):
        share.submit(1, "logs", {})
        share.submit(2, "logs", {})
        _collect(share, 2)
    assert 1 <= len(made) <= 2
    share.close()
    assert all(one.closed for one in made)


def test_an_error_is_an_outcome_and_the_thread_lives_on() -> None:
    workers = SharedWorkers(1, time.monotonic)

    def refuse() -> Answer:
        raise ConfigError("no")

    def stumble() -> Answer:
        raise KeyError("secret")

    share = workers.share(1, lambda: Getter(refuse))
    share.submit(1, "logs", {})
    assert isinstance(_collect(share, 1)[0].error, ConfigError)
    share = workers.share(1, lambda: Getter(stumble))
    share.submit(1, "logs", {})
    assert str(_collect(share, 1)[0].error) == "a call failed (KeyError)"
    share = workers.share(1, lambda: Getter(lambda: OK))
    share.submit(1, "logs", {})
    assert _collect(share, 1)[0].answer == OK


def test_only_so_many_large_pages_are_in_hand() -> None:
    workers = SharedWorkers(8, time.monotonic)
    large = Answer(200, b"x" * LARGE)
    shares = [workers.share(1, lambda: Getter(lambda: large)) for _ in range(PAGES_IN_HAND + 1)]
    small = workers.share(1, lambda: Getter(lambda: OK))
    for share in (*shares, small):
        share.submit(1, "logs", {})
    for share in shares[:-1]:
        _collect(share, 1)
    got = threading.Event()

    def take() -> None:
        _collect(shares[-1], 1)
        got.set()

    thread = threading.Thread(target=take)
    thread.start()
    assert _collect(small, 1)[0].answer == OK  # a live page passes
    assert not got.wait(0.2)
    assert shares[0].wait(0.0) is None  # who asks for the next is done with the last
    assert got.wait(2.0)
    thread.join()


@pytest.mark.timeout(60)
def test_a_wait_of_no_time_is_none() -> None:
    share = SharedWorkers(1, time.monotonic).share(1, lambda: Getter(lambda: OK))
    for _ in range(20_000):
        share.wake()
        assert share.wait(1.0) is None
        assert share.wait(0.0) is None
        assert share.wait(1e-6) is None


def test_wake_ends_a_wait() -> None:
    share = SharedWorkers(1, time.monotonic).share(1, lambda: Getter(lambda: OK))
    threading.Timer(0.1, share.wake).start()
    began = time.monotonic()
    assert share.wait(30.0) is None
    assert time.monotonic() - began < 10


def test_only_so_many_long_calls_are_under_way_and_short_ones_pass() -> None:
    workers = SharedWorkers(2 * LONG_CALLS, time.monotonic)
    shares = [workers.share(1, lambda: Getter(lambda: OK)) for _ in range(LONG_CALLS + 1)]
    for share in shares:
        share.submit(1, "logs", {"oldest": 0, "latest": 86_400})
    until = time.monotonic() + 3.0
    while sum(share.arrived() for share in shares) < LONG_CALLS and time.monotonic() < until:
        time.sleep(0.01)
    assert sum(share.arrived() for share in shares) == LONG_CALLS
    (late,) = [share for share in shares if not share.arrived()]
    short = workers.share(1, lambda: Getter(lambda: OK))
    short.submit(1, "logs", {"oldest": 0, "latest": 15})
    _collect(short, 1)
    # One that is closed with its page untaken gives its room back.
    next(share for share in shares if share.arrived()).close()
    _collect(late, 1)
