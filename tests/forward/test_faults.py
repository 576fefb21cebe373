# SPDX-License-Identifier: Apache-2.0
"""A receiver that writes before it acknowledges, and misbehaves: nothing is lost or replaced."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

import pytest

from slack_audit_input.model.errors import ConfigError, SinkError, Unfinished
from slack_audit_input.sinks.forward.sink import Limits
from tests.forward.events import COLLECTOR, SECOND, events
from tests.forward.over_network import Reports, forward_to, quick
from tests.receivers.running import Running, free_port, running

COUNT = 2000
SMALL = Limits(events=100)


def test_what_arrives(tmp_path: Path) -> None:
    with running(tmp_path) as host:
        sink = forward_to([host.address], tmp_path)
        sink.write(events(COUNT, size=500))
        sink.write([])
        sink.write(events(COUNT, COUNT, size=500))
        sink.close()
        sink.close()
        found = host.records()
    assert [record.fields["id"] for record in found] == list(range(2 * COUNT))
    assert found[7].tag == "slack.audit"
    assert found[7].time == [SECOND + 2, 0]
    assert found[7].fields == {"id": 7, "pad": "x" * 500, "collector": COLLECTOR}
    assert sink.counters() == {"forward_batches": 8, "altered": 0}


def test_compressed(tmp_path: Path) -> None:
    with running(tmp_path) as host:
        sink = forward_to([host.address], tmp_path, limits=Limits(packed=True))
        sink.write(events(COUNT, size=500))
        assert [record.fields["id"] for record in host.records()] == list(range(COUNT))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("withhold", "did not acknowledge a batch of 100 within 0.5 s"),
        ("wrong", "did not acknowledge a batch of 100 within 0.5 s"),
        ("late", "did not acknowledge a batch of 100 within 0.5 s"),
        ("midway", "clos|broke"),
        ("unacked", "closed the connection without an acknowledgement"),
        ("hole", "did not acknowledge|took nothing more for 0.5 s"),
        ("rubbish", "not as the forward protocol does"),
    ],
)
def test_a_fault_and_then_none(tmp_path: Path, fault: str, words: str) -> None:
    """The same receiver, well again: all of it arrives, and says how often."""
    with running(tmp_path) as host:
        log = Reports()
        sink = forward_to([host.address], tmp_path, quick(ack_timeout=0.5), limits=SMALL, log=log)
        sink.write(events(1))  # it has taken something before: a fault is then no wrong setting
        host.again("--fault", fault, "--delay", 0.8)
        healing = threading.Timer(1.2, host.again)
        healing.start()
        sink.write(events(COUNT - 1, 1, size=500))
        healing.join()
        ids = host.ids()
    assert set(ids) == set(range(COUNT))
    assert not (tmp_path / "dead.ndjson").exists()
    assert re.search(words, log.reasons())


def test_a_slow_host_is_waited_for(tmp_path: Path) -> None:
    """As long as it acknowledges within the time-out."""
    with running(tmp_path, "--fault", "slow", "--delay", 0.02) as host:
        sink = forward_to([host.address], tmp_path, quick())
        sink.write(events(400, size=500))
        assert [record.fields["id"] for record in host.records()] == list(range(400))


def test_a_host_that_closes_on_large_batches(tmp_path: Path) -> None:
    with running(tmp_path, "--close-above", 20_000) as host:
        sink = forward_to([host.address], tmp_path)
        sink.write(events(500, size=500))
        assert host.ids() == dict.fromkeys(range(500), 1)


def test_poison(tmp_path: Path) -> None:
    """Closed on for ever: set aside with its reason, and the rest arrives."""
    with running(tmp_path, "--poison", "33") as host:
        sink = forward_to([host.address], tmp_path, limits=Limits(events=64))
        sink.write(events(250, 50))
        poisoned = {133, 233}
        assert set(host.ids()) == set(range(50, 300)) - poisoned
    lines = [json.loads(line) for line in (tmp_path / "dead.ndjson").read_text().splitlines()]
    assert {line["entry"]["id"] for line in lines} == poisoned
    assert lines[0]["collector"] == COLLECTOR
    assert lines[0]["tag"] == "slack.audit"
    assert "closed the connection without an acknowledgement" in lines[0]["reason"]
    assert (tmp_path / "dead.ndjson").stat().st_mode & 0o777 == 0o600
    assert sink.counters()["dead_letters"] == len(poisoned)


def test_a_connection_that_was_closed_while_idle_is_no_failure(tmp_path: Path) -> None:
    with running(tmp_path) as host:
        log = Reports()
        sink = forward_to([host.address], tmp_path, log=log)
        sink.write(events(10))
        host.again()
        sink.write(events(10, 10))
        assert host.ids() == dict.fromkeys(range(20), 1)
        assert log.lines == []


def test_a_host_that_is_not_there_yet(tmp_path: Path) -> None:
    host = Running(tmp_path)
    starting = threading.Timer(1.0, host.start)
    starting.start()
    log = Reports()
    sink = forward_to([host.address], tmp_path, log=log)
    try:
        sink.write(events(10))
        starting.join()
        assert host.ids() == dict.fromkeys(range(10), 1)
    finally:
        host.kill()
    assert "cannot be reached (Connection refused)" in log.reasons()


def test_told_to_stop_while_an_acknowledgement_is_withheld(tmp_path: Path) -> None:
    with running(tmp_path, "--fault", "withhold") as host:
        began = time.monotonic()
        sink = forward_to(
            [host.address],
            tmp_path,
            quick(ack_timeout=600.0),
            stop=lambda: time.monotonic() > began + 0.5,
        )
        with pytest.raises(Unfinished):
            sink.write(events(10))
        # So that no late acknowledgement is taken for one of something else.
        assert not sink._hosts._used.sender.connected
    assert 5 < time.monotonic() - began < 8


def test_failover_over_the_network(tmp_path: Path) -> None:
    with running(tmp_path) as first, running(tmp_path) as second:
        log = Reports()
        nobody = f"127.0.0.1:{free_port()}"
        sink = forward_to([first.address, nobody, second.address], tmp_path, limits=SMALL, log=log)
        sink.write(events(500))
        first.kill()
        sink.write(events(500, 500))
        assert set(first.ids()) == set(range(500))
        assert set(second.ids()) == set(range(500, 1000))
    assert sink.counters()["forward_failovers"] == 1


def test_ipv6(tmp_path: Path) -> None:
    with running(tmp_path, "--host", "::1") as host:
        sink = forward_to([f"[::1]:{host.port}"], tmp_path)
        sink.write(events(10))
        assert host.ids() == dict.fromkeys(range(10), 1)


def test_a_name_with_several_addresses(tmp_path: Path) -> None:
    with running(tmp_path) as host:
        sink = forward_to([f"localhost:{host.port}"], tmp_path)
        sink.write(events(10))
        assert host.ids() == dict.fromkeys(range(10), 1)


def test_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "f.sock"
    with running(tmp_path, "--unix", path) as host:
        sink = forward_to([f"unix://{path}"], tmp_path)
        sink.write(events(10))
        assert host.ids() == dict.fromkeys(range(10), 1)


def test_a_closed_sink_says_so(tmp_path: Path) -> None:
    sink = forward_to(["127.0.0.1:1"], tmp_path)
    sink.close()
    with pytest.raises(SinkError, match="Nothing of this page is checkpointed"):
        sink.write(events(1))


def test_something_else_that_listens_there(tmp_path: Path) -> None:
    with running(tmp_path, "--fault", "rubbish") as host:
        sink = forward_to([host.address], tmp_path)
        with pytest.raises(ConfigError, match="not as the forward protocol does"):
            sink.write(events(1))
