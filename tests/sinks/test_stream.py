# SPDX-License-Identifier: Apache-2.0
"""Stdout: pipes that are slow, closed, full or not there."""

from __future__ import annotations

import os
import threading
import time

import pytest

from slack_audit_input.model.errors import SinkError
from slack_audit_input.sinks.ndjson import NdjsonStream
from tests.sinks.events import events, ids, lines


def test_a_reader_that_has_gone() -> None:
    read, write = os.pipe()
    os.close(read)
    sink = NdjsonStream(lines(), write)
    with pytest.raises(SinkError, match=r"has closed it\. Nothing of this page is checkpointed"):
        sink.write(events(1))
    os.close(write)


def test_a_reader_that_goes_in_the_middle_of_a_page() -> None:
    read, write = os.pipe()
    sink = NdjsonStream(lines(), write)

    def read_a_little() -> None:
        os.read(read, 1000)
        os.close(read)

    thread = threading.Thread(target=read_a_little)
    thread.start()
    with pytest.raises(SinkError, match="has closed it"):
        sink.write(events(5000, size=300))
    thread.join()
    os.close(write)


def test_a_full_pipe_that_does_not_block_is_waited_for_without_work() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    data = b""

    def slowly() -> None:
        nonlocal data
        time.sleep(0.3)
        while piece := os.read(read, 1 << 16):
            data += piece

    thread = threading.Thread(target=slowly)
    thread.start()
    spent = time.thread_time()
    NdjsonStream(lines(), write).write(events(1000, size=300))
    # It waits in the system, it does not ask again and again.
    assert time.thread_time() - spent < 0.2
    os.close(write)
    thread.join()
    os.close(read)
    assert ids(data) == list(range(1000))


def test_a_reader_that_goes_while_a_full_pipe_is_waited_for() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    timer = threading.Timer(0.1, os.close, [read])
    timer.start()
    with pytest.raises(SinkError, match="has closed it"):
        NdjsonStream(lines(), write).write(events(1000, size=300))
    timer.join()
    os.close(write)


def test_a_full_device() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(SinkError, match=r"cannot write to stdout \(No space left"):
        NdjsonStream(lines(), descriptor).write(events(1))
    os.close(descriptor)


def test_a_descriptor_that_is_closed() -> None:
    read, write = os.pipe()
    os.close(write)
    os.close(read)
    with pytest.raises(SinkError, match="Nothing of this page"):
        NdjsonStream(lines(), write).write(events(1))
