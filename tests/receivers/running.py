# SPDX-License-Identifier: Apache-2.0
"""Receivers that a test starts, kills and starts again; and what arrived at them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

TOP = Path(__file__).parents[2]


class Record(NamedTuple):
    """A line of a receiver's file."""

    chunk: str
    tag: str
    time: Any
    fields: dict[str, Any]


class Running:
    """A receiver's process, on one port for all its lives."""

    def __init__(self, folder: Path, *options: object, port: int | None = None) -> None:
        self.out = folder / f"received-{id(self)}.ndjson"
        self.port = port or free_port()
        self.options: Sequence[object] = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """For --forward-host."""
        return f"127.0.0.1:{self.port}"

    def start(self, *more: object) -> None:
        """Begin to listen, with more options for this life only."""
        line = [sys.executable, "-m", "tests.receivers.receiver", "--out", str(self.out)]
        line += ["--port", str(self.port), *map(str, (*self.options, *more))]
        self._process = subprocess.Popen(
            line,
            cwd=TOP,
            env={"PATH": os.environ.get("PATH", os.defpath)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        told = self._process.stdout.readline()
        assert told, "the receiver does not start"
        assert json.loads(told)["pid"] == self._process.pid

    def kill(self) -> None:
        """``kill -9``."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.communicate()
            self._process = None

    def again(self, *more: object) -> None:
        """Kill and start."""
        self.kill()
        self.start(*more)

    def records(self) -> list[Record]:
        """The events it wrote, in order; coverage records left out."""
        return [record for record in self.all() if not record.tag.endswith(".coverage")]

    def coverage(self) -> list[Record]:
        """The coverage records it wrote."""
        return [record for record in self.all() if record.tag.endswith(".coverage")]

    def all(self) -> list[Record]:
        """What it wrote, in order; a last line that a kill cut off is left out."""
        if not self.out.exists():
            return []
        lines = self.out.read_bytes().split(b"\n")
        found = []
        for line in lines[:-1]:
            try:
                found.append(Record(*json.loads(line)))
            except ValueError:
                continue  # cut off by a kill, or empty at the start of the next life
        return found

    def ids(self) -> Counter[Any]:
        """How often each id arrived."""
        return Counter(record.fields.get("id") for record in self.records())


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(folder: Path, *options: object) -> Iterator[Running]:
    """A receiver that runs, and ends with the test."""
    found = Running(folder, *options)
    found.start()
    try:
        yield found
    finally:
        found.kill()
