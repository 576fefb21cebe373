# SPDX-License-Identifier: Apache-2.0
"""Who owns an input, and when another may have it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from slack_audit_input.collector.ownership import SILENT, is_gone, owner_name, wait_for_owner
from slack_audit_input.model.errors import StoreError
from tests.fakes.world import FakeClock, Memory, MemoryCheckpoint
from tests.stores.changes import change

HOST = socket.gethostname()


def quiet(level: str, action: str, **fields: object) -> None:
    """No log."""


def test_a_name_says_host_and_process_and_is_never_the_same() -> None:
    assert owner_name().startswith(f"{HOST}:{os.getpid()}:")
    assert owner_name() != owner_name()


def test_who_is_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = f"{HOST}:{process.pid}:x"
    assert not is_gone(owner)
    assert not is_gone(f"elsewhere:{process.pid}:x")
    process.kill()
    # Not waited for yet: a zombie, which still has its number.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(owner)
    process.communicate()
    assert is_gone(owner)
    assert not is_gone(f"elsewhere:{process.pid}:x")
    assert is_gone(f"{HOST}:{os.getpid()}:an-earlier-run")
    assert is_gone(f"{HOST}:99999999999999999999:x")
    for odd in ("", HOST, f"{HOST}:", f"{HOST}:x:y", ":::"):
        assert not is_gone(odd)


@pytest.fixture
def owned() -> MemoryCheckpoint:
    """An input that somebody elsewhere owns."""
    checkpoint = MemoryCheckpoint(Memory())
    checkpoint.commit(0, change(owner="elsewhere:1:x"))
    return checkpoint


def waiting(
    checkpoint: MemoryCheckpoint, clock: FakeClock, then: Callable[[], bool] = lambda: False
) -> bool:
    """Wait for the owner; ``then`` happens with every second, and says when to stop."""

    def wait(seconds: float) -> bool:
        clock.now += seconds
        return then()

    return wait_for_owner(checkpoint, clock, wait, quiet)


def test_nobody_is_not_waited_for() -> None:
    clock = FakeClock()
    checkpoint = MemoryCheckpoint(Memory())
    assert waiting(checkpoint, clock)
    checkpoint.commit(0, change(owner=""))
    assert waiting(checkpoint, clock)
    assert clock.now == FakeClock().now


def test_a_silent_owner_is_waited_for_so_long(owned: MemoryCheckpoint) -> None:
    clock = FakeClock()
    assert waiting(owned, clock)
    assert clock.now - FakeClock().now == SILENT


def test_an_owner_that_leaves_is_waited_for_no_longer(owned: MemoryCheckpoint) -> None:
    clock = FakeClock()
    assert waiting(owned, clock, lambda: owned.commit(1, change(owner="")) < 0)
    assert clock.now - FakeClock().now == 1


def test_a_living_owner_is_named(owned: MemoryCheckpoint) -> None:
    with pytest.raises(StoreError, match=r"\(elsewhere:1:x\)"):
        waiting(owned, FakeClock(), lambda: owned.commit(1, change(owner="elsewhere:1:x")) < 0)


def test_who_is_told_to_stop_does_not_take_over(owned: MemoryCheckpoint) -> None:
    assert not waiting(owned, FakeClock(), lambda: True)
