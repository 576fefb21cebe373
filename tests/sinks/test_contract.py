# SPDX-License-Identifier: Apache-2.0
"""What every sink promises: all in order, or SinkError; never a part that counts as all."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from slack_audit_input.collector.ports import Sink
from slack_audit_input.model.errors import SinkError
from slack_audit_input.sinks.fanout import Fanout
from slack_audit_input.sinks.ndjson import NdjsonFile, NdjsonStream
from slack_audit_input.sinks.splunk import Metadata, SplunkStream
from tests.forward.over_network import forward_to
from tests.receivers.running import running
from tests.sinks.events import events, ids, lines
from tests.sinks.xml import data_lines


class Host(NamedTuple):
    """A sink and what has arrived behind it; ``ruin`` makes the next write impossible."""

    sink: Sink
    arrived: Callable[[], bytes]
    ruin: Callable[[], None]


class Reader:
    """Reads a pipe to its end, in a thread."""

    def __init__(self, descriptor: int) -> None:
        self.data = b""
        self._descriptor = descriptor
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while data := os.read(self._descriptor, 1 << 16):
            self.data += data

    def all(self) -> bytes:
        """What has come until the end."""
        self._thread.join()
        return self.data


def over_pipe(kind: str) -> Iterator[Host]:
    read, write = os.pipe()
    os.set_blocking(write, "non-blocking" not in kind)
    xml = "XML" in kind
    metadata = Metadata("slack:audit:a", "slack:audit", "main", "h")
    reader = Reader(read)
    closed: list[int] = []

    def end() -> bytes:
        if not closed:
            closed.append(write)
            os.close(write)
        return data_lines(reader.all()) if xml else reader.all()

    sink: Sink = SplunkStream(metadata, write) if xml else NdjsonStream(lines(), write)
    yield Host(sink, end, lambda: (end(), None)[1])
    end()
    os.close(read)


def forwarded(folder: Path) -> Iterator[Host]:
    with running(folder) as receiver:
        sink = forward_to([receiver.address], folder)

        def arrived() -> bytes:
            return b"".join(json.dumps(r.fields).encode() + b"\n" for r in receiver.records())

        yield Host(sink, arrived, sink.close)
        sink.close()


def twice(folder: Path) -> Iterator[Host]:
    """To two files at once; both must have it."""
    paths = (folder / "one", folder / "two")
    sink = Fanout([NdjsonFile(lines(), path) for path in paths])

    def arrived() -> bytes:
        one, two = (path.read_bytes() for path in paths)
        assert one == two
        return one

    yield Host(sink, arrived, sink.close)
    sink.close()


PIPES = ("pipe", "non-blocking pipe", "XML", "XML over a non-blocking pipe")
KINDS = (*PIPES, "file", "rotated file", "named pipe", "forward", "fan-out")


@pytest.fixture(params=KINDS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """One sink after the other."""
    path = tmp_path / "out"
    if request.param in PIPES:
        yield from over_pipe(request.param)
    elif request.param == "forward":
        yield from forwarded(tmp_path)
    elif request.param == "fan-out":
        yield from twice(tmp_path)
    elif request.param == "named pipe":
        os.mkfifo(path)
        read = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        sink = NdjsonFile(lines(), path)
        os.set_blocking(read, True)
        reader = Reader(read)

        def arrived() -> bytes:
            sink.close()
            return reader.all()

        yield Host(sink, arrived, lambda: (arrived(), None)[1])
        arrived()
        os.close(read)
    else:
        file = NdjsonFile(lines(), path, 100_000 if request.param == "rotated file" else 0, 1000)

        def found() -> bytes:
            parts = sorted(tmp_path.iterdir(), key=lambda p: -int(p.suffix[1:] or 0))
            return b"".join(p.read_bytes() for p in parts)

        yield Host(file, found, file.close)
        file.close()


def test_all_arrive_in_order(host: Host) -> None:
    for first in range(0, 4000, 500):
        host.sink.write(events(500, first, size=150))
    assert ids(host.arrived()) == list(range(4000))


def test_a_page_much_larger_than_a_pipe(host: Host) -> None:
    host.sink.write(events(9999, size=400))
    assert ids(host.arrived()) == list(range(9999))


def test_nothing_is_nothing(host: Host) -> None:
    host.sink.write([])
    assert host.arrived() == b""


def test_closing_twice_is_closing(host: Host) -> None:
    host.sink.write(events(2))
    host.sink.close()
    host.sink.close()
    assert ids(host.arrived()) == [0, 1]


def test_what_cannot_be_written_is_a_sink_error_that_says_so(host: Host) -> None:
    host.sink.write(events(2))
    host.ruin()
    for _ in range(2):
        with pytest.raises(SinkError, match="Nothing of this page is checkpointed"):
            host.sink.write(events(2, 2))
    host.sink.close()
    assert ids(host.arrived()) == [0, 1]
