# SPDX-License-Identifier: Apache-2.0
"""One collector per input: wait for a silent owner; beside a living one refuse, or stand by.

Whether an owner lives is judged by change alone: a new version or a new sign of life within so
many seconds of the waiter's own monotonic clock. The clocks of two machines are never compared.
Judging wrongly costs no event: the store's conditional commit decides.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

from slack_audit_input.collector.ports import Checkpoint, Clock, Log
from slack_audit_input.model.errors import StoreAway, StoreError
from slack_audit_input.model.state import State

#: An owner commits or beats every 7 s at least; silent for nearly three times that, it is
#: gone. With a second until that is seen and some to hear Slack, a take-over stays under 30 s.
SILENT = 20.0
#: Seconds between two looks at the owner, and between two log lines about it.
LOOK_EVERY = 1.0
SAY_EVERY = 60.0
#: Whoever can write the state may have put anything here, such as digits that int() refuses.
_PID = re.compile("[0-9]{1,40}")


def owner_name() -> str:
    """Who we are: host, process, where that process number means something, and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{_numbering()}{secrets.token_hex(4)}"


def _numbering() -> str:
    """Which processes share our numbers: eight digits and "-", or "" where nobody can say.

    Two containers may have one host name and both run process 1: without this, each would take
    the other for an earlier run of itself.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")
        space = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return ""
    return hashlib.sha256(f"{boot}{space}".encode()).hexdigest()[:8] + "-"


def is_gone(owner: str) -> bool:
    """Certain that the owner has ended? Only for a process of this very host and container."""
    host, _, rest = owner.partition(":")
    pid, _, run = rest.partition(":")
    if host != socket.gethostname() or not _PID.fullmatch(pid) or os.name != "posix":
        return False
    if not run.startswith(_numbering()):
        return False
    if int(pid) == os.getpid():
        return True  # an earlier run under the same number
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
    *,
    standby: bool = False,
    silent: float = SILENT,
) -> bool:
    """Return True when nobody else collects this input, False when told to stop before.

    ``wait(seconds)`` returns True when we are told to stop. An owner that was killed on this
    host is passed at once, any other after ``silent`` seconds without a sign of life. Beside a
    living owner: raises StoreError or, with ``standby``, waits on. With it, a store that cannot
    be reached for now is waited for as well; without, StoreAway goes out.
    """
    watch = _Watch(clock, silent)
    said = float("-inf")
    while True:
        try:
            state = checkpoint.load()
        except StoreAway as error:
            if not standby:
                raise
            watch.again()
            words = {"reason": str(error)}
            level, action = "warning", "state_out_of_reach"
        else:
            if state is None or not state.owner or gone(state.owner) or watch.silent(state):
                return True
            if watch.lives and not standby:
                raise StoreError(
                    f"another collector runs on this input ({state.owner}). Run one per input: "
                    "stop the other, give this one another --input, or let it stand by: --standby"
                )
            words = {"owner": state.owner, "silent_s": str(round(watch.since()))}
            level, action = "info", "standing_by" if standby else "waiting_for_owner"
        if clock.monotonic() - said >= SAY_EVERY:
            said = clock.monotonic()
            log(level, action, **words, after_s=silent)
        if wait(LOOK_EVERY):
            return False


class _Watch:
    """How long nothing has changed, by our own clock. ``lives``: something has, before our eyes."""

    def __init__(self, clock: Clock, silent: float) -> None:
        self.lives = False
        self._clock = clock
        self._silent = silent
        self._seen: tuple[int, float, str] | None = None
        self._at = clock.monotonic()

    def silent(self, state: State) -> bool:
        """Take in what is stored now; has it been the same for long enough?"""
        sign = (state.version, state.beat, state.owner)
        if sign != self._seen:
            self.lives = self._seen is not None
            self._seen, self._at = sign, self._clock.monotonic()
        return self.since() >= self._silent

    def since(self) -> float:
        """Seconds since the last change."""
        return self._clock.monotonic() - self._at

    def again(self) -> None:
        """Nothing could be seen: what the owner did meanwhile is not known."""
        self._at = self._clock.monotonic()
