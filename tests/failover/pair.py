# SPDX-License-Identifier: Apache-2.0
"""Two collectors on one PostgreSQL state, as on two machines, and what can befall them."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy

from slack_audit_input.model.errors import StoreError
from slack_audit_input.stores.sql import SqlState
from tests.bench.children import Emulator, Failed, command, emulator, environment
from tests.services.postgres import running_postgres

NAMES = ("host-a", "host-b")
PAGE = 50
RATE = 8


class Kill(NamedTuple):
    """One death of the active one. ``takeover``, ``delivering``: seconds after it."""

    takeover: float
    delivering: float


class Pair:
    """``lease``: --take-over-after. Each has a file and a log of its own in ``folder``."""

    def __init__(self, folder: Path, slack: Emulator, state: str, lease: float) -> None:
        self.folder = folder
        self.slack = slack
        self.lease = lease
        self._state = state
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._store = SqlState(state)

    def start(self, name: str) -> None:
        """One of them, as on a machine of that name."""
        line = command(
            *("run", "--standby", "--api-url", self.slack.base_url, "--state", self._state),
            *("--start", self.slack.began - 3600, "--page-size", PAGE, "--poll-every", 1),
            *("--output-file", self.file(name), "--take-over-after", self.lease),
            *("--max-calls-per-minute", 100_000),
        )
        line[1:3] = ["-m", "tests.failover.elsewhere", name]
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                line, env=environment(), cwd=Path(__file__).parents[2], stderr=log
            )

    def file(self, name: str) -> Path:
        """Where it writes events."""
        return self.folder / f"{name}.ndjson"

    def log(self, name: str) -> Path:
        """Where it writes its log."""
        return self.folder / f"{name}.log"

    def owner(self) -> str:
        """Which of them owns the input; "" for none, or while nobody can say."""
        try:
            state = self._store.checkpoint("default").load()
        except StoreError:
            return ""
        return state.owner.partition(":")[0] if state else ""

    def active(self) -> str:
        """Which of them owns the input, once one does."""
        until(lambda: self.owner() in NAMES, self.lease + 60)
        return self.owner()

    def signal(self, name: str, number: int) -> None:
        """Send it a signal."""
        self._running[name].send_signal(number)

    def code(self, name: str) -> int:
        """How it ended."""
        return self._running[name].wait(60)

    def kill(self, after: float) -> Kill:
        """Kill the active one ``after`` seconds of its work; wait for the other; start it again."""
        name = self.active()
        other = other_than(name)
        size = size_of(self.file(name))
        until(lambda: size_of(self.file(name)) > size, 60)
        time.sleep(after)
        before = size_of(self.file(other))
        self.signal(name, signal.SIGKILL)
        began = time.monotonic()
        self.code(name)
        until(lambda: self.owner() == other, self.lease + 60)
        takeover = time.monotonic() - began
        until(lambda: size_of(self.file(other)) > before, 60)
        delivering = time.monotonic() - began
        self.start(name)
        return Kill(takeover, delivering)

    def settle(self) -> dict[str, Any]:
        """No more events; wait until all are there; stop both; what was lost and repeated."""
        self.slack.control("rate", "POST", {"events_per_second": 0})
        time.sleep(2)
        with self.slack.open(
            "GET", f"/control/truth?oldest={self.slack.began - 3600}&visible=0"
        ) as answer:
            there = {json.loads(row)["id"] for row in answer}
        end = time.monotonic() + 120
        while there - self.delivered().keys() and time.monotonic() < end:
            time.sleep(0.5)
        codes = {}
        for name in (other_than(self.active()), self.active()):
            self.signal(name, signal.SIGTERM)
            codes[name] = self.code(name)
        found = self.delivered()
        return {
            "events": len(there),
            "lost": len(there - found.keys()),
            "alien": len(found.keys() - there),
            "repeated": sum(found.values()) - len(found),
            "exit_codes": sorted(codes.values()),
        }

    def delivered(self) -> Counter[str]:
        """How often each id is in whole lines of the files."""
        found: Counter[str] = Counter()
        for name in NAMES:
            text = self.file(name).read_bytes() if self.file(name).exists() else b""
            lines = text[: text.rfind(b"\n") + 1].splitlines()
            found.update(json.loads(line)["id"] for line in lines)
        return found

    def end(self) -> None:
        """Whatever still runs is killed."""
        self._store.close()
        for process in self._running.values():
            if process.poll() is None:
                process.kill()
            process.wait()


class Database(NamedTuple):
    """A database, and the means to cut everybody off from it."""

    url: str
    admin: sqlalchemy.Engine

    def cut(self) -> None:
        """Break all connections and allow none."""
        self._do("ALTER DATABASE slack WITH ALLOW_CONNECTIONS false")
        self._do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname='slack'")

    def restore(self) -> None:
        """Allow them again."""
        self._do("ALTER DATABASE slack WITH ALLOW_CONNECTIONS true")

    def _do(self, statement: str) -> None:
        with self.admin.connect() as connection:
            connection.exec_driver_sql(statement)


@contextmanager
def database(folder: Path) -> Iterator[Database]:
    """An empty database of a PostgreSQL of our own. Raises PostgresMissing."""
    with running_postgres(folder) as url:
        admin = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE slack")
        mine = sqlalchemy.make_url(url).set(database="slack")
        try:
            yield Database(mine.render_as_string(hide_password=False), admin)
        finally:
            admin.dispose()


@contextmanager
def pair(folder: Path, state: str, lease: float) -> Iterator[Pair]:
    """Two collectors, and an emulator that makes events all the while."""
    traffic = ("--history-days", 0.1, "--events-per-day", 20_000, "--live-rate", RATE)
    with emulator(*traffic, "--calls-per-minute", 0) as slack:
        found = Pair(folder, slack, state, lease)
        try:
            for name in NAMES:
                found.start(name)
            yield found
        finally:
            found.end()


def killed(both: Pair, kills: int, seed: int = 1) -> list[Kill]:
    """So many deaths of the active one, each at a random moment of its work."""
    chance = random.Random(seed)
    found = []
    for number in range(kills):
        found.append(both.kill(chance.random() * 2))
        sys.stderr.write(f"kill {number + 1}: taken over after {found[-1].takeover:.1f} s\n")
    return found


def paused(both: Pair) -> tuple[float, str]:
    """Stop the active one (SIGSTOP) until it is taken over, then wake it.

    Returns the seconds until the take-over, and what the woken one had to say.
    """
    name = both.active()
    other = other_than(name)
    both.signal(name, signal.SIGSTOP)
    began = time.monotonic()
    until(lambda: both.owner() == other, both.lease + 60)
    took = time.monotonic() - began
    size, said = size_of(both.file(name)), size_of(both.log(name))
    both.signal(name, signal.SIGCONT)
    until(lambda: b"stands_by_again" in both.log(name).read_bytes()[said:], 60)
    # It may have been about to write a page (an entry is well under 3,000 bytes).
    if size_of(both.file(name)) - size > 3000 * PAGE or both.owner() != other:
        raise Failed("the one that was paused went on")
    return took, both.log(name).read_bytes()[said:].decode()


def other_than(name: str) -> str:
    """The other one."""
    return NAMES[1 - NAMES.index(name)]


def size_of(path: Path) -> int:
    """Bytes, 0 while there is no such file."""
    return path.stat().st_size if path.exists() else 0


def until(true: Callable[[], Any], seconds: float) -> None:
    """Wait until ``true()``. Raises Failed when that takes longer than ``seconds``."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise Failed(f"waited {seconds:.0f} s in vain")
        time.sleep(0.05)
