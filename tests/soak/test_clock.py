# SPDX-License-Identifier: Apache-2.0
"""The fast clock, as a process sees it that knows nothing of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.soak.clock import HOSTS, TRUE, FastClock, NoCompiler
from tests.splunkd.places import absent

AT = 1_773_360_000.0
SPEED = 100.0
#: Every way to wait that the collector, its libraries and the emulator have.
WAITS = """
import json, queue, select, socket, threading, time

def lock():
    taken = threading.Lock()
    taken.acquire()
    taken.acquire(timeout=20)

def condition():
    one = threading.Condition()
    with one:
        one.wait(20)

def taken():
    try:
        queue.SimpleQueue().get(timeout=20)
    except queue.Empty:
        pass

def received():
    mine, other = socket.socketpair()
    mine.settimeout(20)
    try:
        mine.recv(1)
    except socket.timeout:
        pass

def polled():
    mine, other = socket.socketpair()
    waiting = select.poll()
    waiting.register(mine, select.POLLIN)
    waiting.poll(20_000)

def epolled():
    mine, other = socket.socketpair()
    waiting = select.epoll()
    waiting.register(mine, select.EPOLLIN)
    waiting.poll(20)

def selected():
    mine, other = socket.socketpair()
    select.select([mine], [], [], 20)

found = {"wall": time.time()}
for what in (lock, condition, taken, received, polled, epolled, selected):
    wall, monotonic = time.time(), time.monotonic()
    what()
    found[what.__name__] = [time.time() - wall, time.monotonic() - monotonic]
wall, monotonic = time.time(), time.monotonic()
time.sleep(20)
found["sleep"] = [time.time() - wall, time.monotonic() - monotonic]
print(json.dumps(found))
"""


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[FastClock]:
    try:
        made = FastClock(tmp_path / "clock", AT, SPEED)
    except NoCompiler as error:
        absent("C compiler", str(error))
    yield made
    made.close()


def seen(clock: FastClock, code: str, wall: int = TRUE) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **clock.environment(wall)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def test_every_wait_lasts_as_long_as_both_clocks_say(clock: FastClock) -> None:
    found = json.loads(seen(clock, WAITS))
    assert AT <= found.pop("wall") <= clock.now()
    for name, (wall, monotonic) in found.items():
        # In the machine's time a fifth of a second; on a busy one it may be noticed later.
        assert 19.9 <= monotonic < 200, name
        assert abs(wall - monotonic) < 5, name


def test_the_hosts_wall_clock_may_be_wrong_and_the_true_one_is_not(clock: FastClock) -> None:
    clock.set_ahead(-86_400)
    now = "import time; print(time.time())"
    assert -86_400 <= float(seen(clock, now, HOSTS)) - clock.now() + 1000 < 1000 - 86_400 + 1000
    assert abs(float(seen(clock, now)) - clock.now()) < 100


def test_a_new_speed_holds_from_now_on(clock: FastClock) -> None:
    before = clock.now()
    clock.set_speed(1.0)
    assert 0 <= clock.now() - before < 50
    took = "import time; a = time.time(); time.sleep(0.3); print(time.time() - a)"
    assert 0.29 < float(seen(clock, took)) < 3
