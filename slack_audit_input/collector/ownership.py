# SPDX-License-Identifier: Apache-2.0
"""One collector per input: wait for a silent owner, refuse beside a living one."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

from slack_audit_input.collector.ports import Checkpoint, Clock, Log
from slack_audit_input.model.errors import StoreError

#: An owner commits every 10 s at least; silent for three times that, it is gone.
SILENT = 30.0


def owner_name() -> str:
    """Who we are: host, process, and something that no other run has."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def is_gone(owner: str) -> bool:
    """Certain that the owner has ended? Only for a process of this very host."""
    host, _, rest = owner.partition(":")
    pid = rest.partition(":")[0]
    if host != socket.gethostname() or not pid.isdigit() or os.name != "posix":
        return False
    if int(pid) == os.getpid():
        return True  # an earlier run under the same number, as in a container that was restarted
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False
    return _is_zombie(pid)


def _is_zombie(pid: str) -> bool:
    """Has it ended, and only its parent has not asked yet? Known on Linux; elsewhere False."""
    try:
        # The name of the program, in brackets, may hold anything; the state follows it.
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[:1] == ["Z"]


def wait_for_owner(
    checkpoint: Checkpoint,
    clock: Clock,
    wait: Callable[[float], bool],
    log: Log,
    gone: Callable[[str], bool] = is_gone,
) -> bool:
    """Return True when nobody else collects this input, False when told to stop before.

    ``wait(seconds)`` returns True when we are told to stop. An owner that was killed on this
    host is passed at once, one on another host after SILENT seconds without a sign of life.
    Raises StoreError as soon as the owner shows that it lives.
    """
    state = checkpoint.load()
    if state is None or not state.owner or gone(state.owner):
        return True
    log("info", "waiting_for_owner", owner=state.owner, at_most_s=SILENT)
    seen = state.version
    until = clock.monotonic() + SILENT
    while clock.monotonic() < until:
        if wait(1.0):
            return False
        state = checkpoint.load()
        if state is None or not state.owner or gone(state.owner):
            return True
        if state.version != seen:
            raise StoreError(
                f"another collector runs on this input ({state.owner}). Run one per input: stop "
                "the other, or give this one another --input"
            )
    return True
