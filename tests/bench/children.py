# SPDX-License-Identifier: Apache-2.0
"""Processes that the benchmark starts, and that none of them outlives it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import urlsplit

from slack_audit_input.emulator.volume import HOUR, share_of_hour

TOKEN = "xoxp-emulator"
EVENTS_PER_DAY = 100_000
_HERE = Path(__file__).parent
_TOP = _HERE.parents[1]


class Failed(RuntimeError):
    """A process did not do what it was started for."""


class Cost(NamedTuple):
    """Of a whole process, start-up included: seconds, and `peak` in MB (10**6 bytes)."""

    cpu: float
    wall: float
    peak: float


def command(*arguments: object) -> list[str]:
    """The collector's command line."""
    return [sys.executable, "-m", "slack_audit_input", *map(str, arguments)]


def environment() -> dict[str, str]:
    """What children see: no proxies, no settings of the collector, no options for Python."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "SLACK_AUDIT_TOKEN": TOKEN}


@contextmanager
def started(line: Sequence[str], **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process with a group of its own, all of which is killed at the end."""
    child = subprocess.Popen(
        line, env=environment(), cwd=_TOP, start_new_session=True, close_fds=True, **streams
    )
    try:
        yield child
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def measured(
    line: Sequence[str],
    folder: Path,
    seconds: int,
    drain: Callable[[IO[bytes]], None] | None = None,
) -> Cost:
    """Run a command to its end; what it cost. Its stderr is in `folder` afterwards.

    `drain`: reads its stdout, a pipe, to the end; without it, stdout is /dev/null. Raises Failed
    if it ends with other than 0, or is not done after `seconds`.
    """
    result = folder / "cost.json"
    result.unlink(missing_ok=True)
    log = folder / "stderr.log"
    waiting = [sys.executable, "-I", "-S", str(_HERE / "waiting.py"), str(result), str(seconds)]
    out = subprocess.PIPE if drain else subprocess.DEVNULL
    with log.open("wb") as stderr, started([*waiting, *line], stdout=out, stderr=stderr) as child:
        if drain:
            assert child.stdout is not None
            drain(child.stdout)
        child.wait(seconds + 10)
    got = json.loads(result.read_text(encoding="ascii")) if result.exists() else {"code": "?"}
    if got["code"] != 0:
        end = log.read_text(encoding="utf-8", errors="replace")[-1000:]
        raise Failed(f"{' '.join(line[1:5])} … ended with {got['code']}:\n{end}")
    return Cost(got["user"] + got["system"], got["wall"], got["peak_kb"] * 1024 / 1e6)


class Emulator:
    """A running emulator: its addresses, and requests to it."""

    def __init__(self, told: dict[str, str], began: int) -> None:
        self.base_url = told["base_url"]
        self.began = began
        self._where = urlsplit(self.base_url)

    @contextmanager
    def open(
        self, method: str, path: str, body: object = None
    ) -> Iterator[http.client.HTTPResponse]:
        """An answer to read; `path` from the top, with its parameters."""
        assert self._where.hostname is not None
        connection = http.client.HTTPConnection(
            self._where.hostname, self._where.port or 80, timeout=300
        )
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Authorization": f"Bearer {TOKEN}"})
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise Failed(f"{method} {path}: HTTP {answer.status} {answer.read()[:500]!r}")
            yield answer
        finally:
            connection.close()

    def control(self, name: str, method: str = "GET", body: object = None) -> Any:
        """What the control endpoint says."""
        with self.open(method, f"/control/{name}", body) as answer:
            return json.loads(answer.read())


@contextmanager
def emulator(*options: object) -> Iterator[Emulator]:
    """An emulator with these options."""
    line = [sys.executable, "-m", "slack_audit_input.emulator", *map(str, options)]
    began = int(time.time())
    with started(line, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        told = child.stdout.readline()
        if not told:
            raise Failed("the emulator does not start")
        yield Emulator(json.loads(told), began)


def back_to(events: int, latest: int) -> int:
    """First second of the stretch that ends with `latest` and has about so many events.

    Of an emulator with EVENTS_PER_DAY in its working week: nights and week-ends have few.
    """
    oldest = latest + 1
    while events > 0:
        hour = (oldest - 1) // HOUR * HOUR
        in_hour = EVENTS_PER_DAY * share_of_hour(hour)
        inside = (oldest - hour) / HOUR * in_hour
        if inside >= events:
            return oldest - round(events / in_hour * HOUR)
        events -= round(inside)
        oldest = hour
    return oldest
