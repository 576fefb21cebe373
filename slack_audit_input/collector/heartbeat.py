# SPDX-License-Identifier: Apache-2.0
"""Signs of life while the host keeps us waiting, and no word to the host once the input is lost.

The loop commits every few seconds, and each commit is a sign of life. Only a host that does not
accept holds it up, for hours if need be: then a thread renews the sign, so that a collector
that waits for its host is not taken for dead. It commits nothing and leaves the version as it
is: a beat says who lives, the commit decides who owns.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from slack_audit_input.collector.ports import Checkpoint, Clock, Log, Sink
from slack_audit_input.model.errors import StoreError, Superseded
from slack_audit_input.model.event import Event
from slack_audit_input.model.state import Change, Hour, Request, State

#: How often the thread looks whether a sign is due, against ``every``.
_LOOKS = 4


class Renewable(Checkpoint, Protocol):
    """A checkpoint that several collectors may watch."""

    def beat(self, version: int, owner: str, at: float, *, release: bool = False) -> bool:
        """Renew the owner's sign of life, if ``version`` is still the stored one and ``owner``'s.

        ``at``: unix seconds. ``release``: it is nobody's from now on, and another may begin at
        once. False, and nothing is written, if it is not ours. Raises StoreError.
        """


class Heartbeat:
    """Stands between a collector and its checkpoint, which it is to the collector.

    ``every``: seconds between two signs of life, at most. ``lost``: somebody else has committed.
    """

    def __init__(self, checkpoint: Renewable, clock: Clock, log: Log, every: float) -> None:
        self.lost = False
        self.last_commit: float | None = None
        self.writing_since: float | None = None
        self._checkpoint = checkpoint
        self._clock = clock
        self._log = log
        self._every = every
        self._committing = False
        self._version = 0
        self._owner = ""
        self._last_sign = clock.monotonic()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    # -- the checkpoint, as the collector sees it ------------------------------------------

    def load(self) -> State | None:
        """The state."""
        return self._checkpoint.load()

    def commit(self, version: int, change: Change) -> int:
        """Commit; what is committed is known here as well."""
        self._committing = True
        try:
            self._version = self._checkpoint.commit(version, change)
            self._owner = change.owner
            self._last_sign = self.last_commit = self._clock.monotonic()
        except Superseded:
            self.lost = True
            raise
        finally:
            self._committing = False
        return self._version

    def keys(self, first: int, last: int) -> dict[int, bytes]:
        """Buckets."""
        return self._checkpoint.keys(first, last)

    def minutes_below(self, minute: int) -> list[int]:
        """Minutes that have a bucket."""
        return self._checkpoint.minutes_below(minute)

    def hours(self, first: int, last: int) -> dict[int, Hour]:
        """Totals."""
        return self._checkpoint.hours(first, last)

    def coverage(self, first: int, last: int) -> dict[int, str]:
        """Tallies and coverage records."""
        return self._checkpoint.coverage(first, last)

    def requests(self) -> list[Request]:
        """Open requests."""
        return self._checkpoint.requests()

    def ask(self, kind: str, oldest: int, latest: int, asked: float) -> int:
        """Leave a request."""
        return self._checkpoint.ask(kind, oldest, latest, asked)

    def note(self, status: str) -> None:
        """Keep a note."""
        self._checkpoint.note(status)

    # -- the sink, as the collector sees it ------------------------------------------------

    def over(self, sink: Sink) -> Sink:
        """The sink, under watch."""
        return _Watched(self, sink)

    def begin_write(self) -> None:
        """A page is about to go out. Raises Superseded when the input is no longer ours.

        The store is asked only after a long silence: whoever was paused that long may have been
        taken over, and what it would write now, the other one has written.
        """
        if self._thread is None:
            # A daemon: the store may hang, and must not keep a stopped collector alive.
            self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
            self._thread.start()
        if self._clock.monotonic() - self._last_sign > 1.5 * self._every:
            self.renew()
        if self.lost:
            raise Superseded(
                "another collector has taken over this input: this one stops, and has neither "
                "delivered nor checkpointed anything since"
            )
        self.writing_since = self._clock.monotonic()

    def end_write(self) -> None:
        """It is out, or has failed."""
        self.writing_since = None

    def renew(self) -> None:
        """Renew the sign of life, or learn that the input is lost. Raises StoreError."""
        version = self._version
        if not self._owner:
            return
        if self._checkpoint.beat(version, self._owner, self._clock.wall()):
            self._last_sign = self._clock.monotonic()
        elif version == self._version and not self._committing:
            self.lost = True

    def close(self) -> None:
        """No more signs of life; whoever waits for the input may have it now."""
        self._closed.set()
        if self._owner and not self.lost:
            owner, self._owner = self._owner, ""
            try:
                self._checkpoint.beat(self._version, owner, self._clock.wall(), release=True)
            except StoreError as error:
                # They will see our silence instead.
                self._log("warning", "not_released", reason=str(error))

    def _run(self) -> None:
        while not self._closed.wait(self._every / _LOOKS):
            due = self._clock.monotonic() - self._last_sign >= self._every
            if self.writing_since is None or not due or self.lost:
                continue
            try:
                self.renew()
            except StoreError as error:
                self._log("warning", "no_sign_of_life", reason=str(error))


class _Watched:
    """A sink whose waiting is seen, and that stays shut for whoever has lost the input."""

    def __init__(self, heartbeat: Heartbeat, sink: Sink) -> None:
        self._heartbeat = heartbeat
        self._sink = sink

    def write(self, events: Sequence[Event]) -> None:
        """Deliver."""
        self._heartbeat.begin_write()
        try:
            self._sink.write(events)
        finally:
            self._heartbeat.end_write()

    def write_records(self, records: Sequence[Event]) -> None:
        """Deliver coverage records."""
        self._heartbeat.begin_write()
        try:
            self._sink.write_records(records)
        finally:
            self._heartbeat.end_write()

    def close(self) -> None:
        """Let go of the host."""
        self._sink.close()

    def counters(self) -> Mapping[str, int]:
        """What the sink counts, if it does."""
        found: Mapping[str, int] = getattr(self._sink, "counters", dict)()
        return found
