# SPDX-License-Identifier: Apache-2.0
"""Again, smaller, elsewhere: nothing is lost, and only what one host refuses is set aside."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slack_audit_input.model.errors import ConfigError, SinkError, Unfinished
from slack_audit_input.sinks.forward.batches import Batch
from slack_audit_input.sinks.forward.delivery import ROUNDS
from slack_audit_input.sinks.forward.patience import FIRST, GRACE, MOST
from slack_audit_input.sinks.forward.sink import Limits
from tests.forward.events import events
from tests.forward.scripted import Host, Scene

SMALL = Limits(events=10)


def test_all_arrive_in_order_and_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path, limits=SMALL)
    scene.sink.write(events(95))
    (host,) = scene.hosts
    assert host.arrived == list(range(95))
    assert scene.sink.counters() == {"forward_batches": 10, "altered": 0}
    assert scene.time.slept == []


def test_a_host_that_is_down_is_waited_for_longer_and_longer(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    (host,) = scene.hosts
    host.down = True
    scene.time.after(3600, lambda: setattr(host, "down", False))
    scene.sink.write(events(5))
    assert host.arrived == list(range(5))
    waits = [line["wait_s"] for line in scene.lines]
    assert FIRST / 2 <= waits[0] <= FIRST
    assert all(MOST / 2 <= wait <= MOST for wait in waits[8:])
    assert 3600 / MOST < len(waits) < 2 * 3600 / MOST + 10
    assert scene.set_aside() == []


def test_a_host_that_is_down_for_days_refuses_nothing(tmp_path: Path) -> None:
    """It accepts connections, as a load balancer does for it, and closes each."""
    scene = Scene(tmp_path, limits=SMALL)
    (host,) = scene.hosts
    scene.sink.write(events(10))
    host.refuses = lambda _batch: True
    scene.time.after(2 * 86400, lambda: setattr(host, "refuses", lambda _batch: False))
    scene.sink.write(events(50, 10))
    assert set(host.ids()) == set(range(60))
    assert scene.set_aside() == []
    # It is not asked in ever more pieces: what one entry meets says nothing of the next.
    assert scene.sink.counters()["forward_splits"] <= 5
    # A host that has no room is not asked much more than once a minute.
    assert len(host.log) < 2 * 2 * 86400 / MOST


def test_a_poisoned_entry_is_found_and_the_rest_goes_on(tmp_path: Path) -> None:
    scene = Scene(tmp_path, limits=Limits(events=500))
    (host,) = scene.hosts
    host.poison = {777}
    scene.sink.write(events(2000))
    assert scene.set_aside() == [777]
    assert sorted(host.ids()) == [n for n in range(2000) if n != 777]
    # Later batches are the evidence that the host is well: hardly anything is sent twice.
    assert sum(host.ids().values()) <= 1999 + 2
    counters = scene.sink.counters()
    assert counters["dead_letters"] == 1
    (line,) = (line for line in scene.lines if line["action"] == "set_aside")
    assert (line["level"], line["reason"]) == ("error", "a:1 closed the connection")
    assert sum(scene.time.slept) < 30


@pytest.mark.parametrize("known", [False, True])
def test_a_poisoned_entry_alone_on_its_page(tmp_path: Path, known: bool) -> None:
    """Something else has to be acknowledged before it may be blamed."""
    scene = Scene(tmp_path)
    (host,) = scene.hosts
    host.poison = {1}
    if known:
        scene.sink.write(events(1))
    scene.sink.write(events(1, 1))
    assert scene.set_aside() == [1]
    assert set(host.ids()) == ({0} if known else set())
    tests = [name for name in host.arrived if str(name).startswith("slack_audit_input_test-")]
    assert len(set(tests)) == (0 if known else 1)
    assert len(tests) + host.ids()[0] <= ROUNDS + 2


def test_all_of_a_page_poisoned(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    (host,) = scene.hosts
    host.poison = set(range(16))
    scene.sink.write(events(16))
    assert sorted(scene.set_aside()) == list(range(16))
    assert host.ids() == {}


def test_an_entry_that_is_accepted_in_the_end_is_not_set_aside(tmp_path: Path) -> None:
    """Refused alone three times, while others are accepted: still not for ever."""
    scene = Scene(tmp_path, limits=SMALL)
    (host,) = scene.hosts
    host.poison = {5}
    alone: list[int] = []

    def relent(batch: Batch) -> bool:
        if [key for _, key, _ in batch.events] == [5]:
            alone.append(1)
            if len(alone) == 4:
                host.poison = set()
        return False

    host.before = relent
    scene.sink.write(events(100))
    assert scene.set_aside() == []
    assert set(host.ids()) == set(range(100))


def test_a_large_batch_goes_in_smaller_ones(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    (host,) = scene.hosts
    host.refuses = lambda batch: len(batch) > 60
    scene.sink.write(events(500))
    assert host.arrived == list(range(500))
    assert scene.set_aside() == []
    assert scene.sink.counters()["forward_splits"] == 15


def test_the_next_host_in_order_takes_over_and_hands_back(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "a", "b", "c", limits=SMALL)
    a, b, c = scene.hosts
    scene.sink.write(events(10))
    a.down = b.down = True
    scene.sink.write(events(10, 10))
    b.down = False
    scene.sink.write(events(10, 20))
    scene.time.now += 400
    scene.sink.write(events(10, 30))
    a.down = False
    scene.time.now += 400
    scene.sink.write(events(10, 40))
    assert a.arrived == [*range(10), *range(40, 50)]
    assert b.arrived == list(range(30, 40))
    assert c.arrived == list(range(10, 30))
    assert scene.sink.counters()["forward_failovers"] == 3


def test_what_one_host_refuses_another_may_take(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "a", "b", limits=SMALL)
    a, b = scene.hosts
    a.poison = {3}
    scene.sink.write(events(30))
    assert scene.set_aside() == []
    assert (a.ids() + b.ids()).keys() == set(range(30))


def test_what_both_refuse_is_set_aside(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "a", "b", limits=SMALL)
    for host in scene.hosts:
        host.poison = {3}
    scene.sink.write(events(30))
    assert scene.set_aside() == [3]
    assert set(scene.hosts[0].ids() + scene.hosts[1].ids()) == set(range(30)) - {3}


def test_settings_that_fit_no_host_are_said_at_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "a", "b")
    for host in scene.hosts:
        host.misfit = True
    with pytest.raises(ConfigError, match="a:1 wants another key; b:1 wants another key"):
        scene.sink.write(events(1))
    assert scene.time.slept == []


def test_a_host_that_took_us_before_is_waited_for(tmp_path: Path) -> None:
    """Its key may be in the middle of being changed."""
    scene = Scene(tmp_path)
    (host,) = scene.hosts
    scene.sink.write(events(1))
    host.close()
    host.misfit = True
    scene.time.after(600, lambda: setattr(host, "misfit", False))
    scene.sink.write(events(1, 1))
    assert host.arrived == [0, 1]


def test_one_host_that_does_not_fit_is_not_the_end(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "a", "b")
    a, b = scene.hosts
    a.misfit = b.down = True
    scene.time.after(100, lambda: setattr(b, "down", False))
    scene.sink.write(events(3))
    assert b.arrived == [0, 1, 2]


def test_told_to_stop_while_nobody_is_there(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    (host,) = scene.hosts
    host.down = True
    scene.time.after(100, lambda: setattr(scene.time, "stopping", True))
    with pytest.raises(Unfinished, match="Nothing of this page is checkpointed"):
        scene.sink.write(events(1))
    assert 1100 <= scene.time.now <= 1102
    assert host.arrived == []


def test_told_to_stop_while_all_is_well_the_page_is_finished(tmp_path: Path) -> None:
    scene = Scene(tmp_path, limits=SMALL)
    scene.time.stopping = True
    scene.sink.write(events(100))
    assert scene.hosts[0].arrived == list(range(100))
    assert GRACE > 1


def test_after_a_failure_the_page_comes_again_whole(tmp_path: Path) -> None:
    scene = Scene(tmp_path, limits=SMALL)
    (host,) = scene.hosts
    host.poison = {5, 7}
    scene.dead_letters.mkdir()
    with pytest.raises(SinkError, match="cannot write --dead-letters"):
        scene.sink.write(events(20))
    assert not host.connected
    scene.dead_letters.rmdir()
    scene.sink.write(events(20))
    assert sorted(scene.set_aside()) == [5, 7]
    assert set(host.ids()) == set(range(20)) - {5, 7}


def test_a_dead_letter_is_on_the_disk_before_its_page_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the disk was waited for can only be seen where it is asked for."""
    scene = Scene(tmp_path)
    scene.hosts[0].poison = {1}
    synced: list[str] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append(f"{path.name} {path.stat().st_size > 0}")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    scene.sink.write(events(3))
    assert synced == ["dead.ndjson True", f"{tmp_path.name} True"]


@settings(max_examples=150)
@given(st.data())
def test_any_history_of_two_hosts(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever two hosts do on the way: in the end each event is with one of them or set aside.

    And only poison is set aside, never an event that met a host on a bad day.
    """
    scene = Scene(tmp_path_factory.mktemp("any"), "a", "b", limits=Limits(events=8))
    poison = data.draw(st.sets(st.integers(0, 59), max_size=4))
    moods = st.tuples(st.floats(0.1, 400), st.sampled_from(["well", "down", "refusing"]))
    for host in scene.hosts:
        host.poison = poison
        for after, mood in [*data.draw(st.lists(moods, max_size=6)), (500, "well")]:
            scene.time.after(after, partial(turn, host, mood))
        turn(host, data.draw(st.sampled_from(["well", "down", "refusing"])))
    for first in range(0, 60, 20):
        scene.sink.write(events(20, first))
        scene.time.sleep(data.draw(st.floats(0, 200)))
    arrived = set(scene.hosts[0].ids()) | set(scene.hosts[1].ids())
    assert arrived == set(range(60)) - poison
    assert set(scene.set_aside()) == poison


def turn(host: Host, mood: str) -> None:
    host.down = mood == "down"
    host.refuses = lambda _batch: mood == "refusing"
