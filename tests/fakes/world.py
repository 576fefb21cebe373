# SPDX-License-Identifier: Apache-2.0
"""Virtual time, a pool that lives in it, and hosts that remember: fakes with behaviour."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from slack_audit_input.collector.ports import Outcome
from slack_audit_input.model.errors import Superseded
from slack_audit_input.model.event import Event
from slack_audit_input.model.state import Change, Hour, Request, State
from slack_audit_input.slack.client import Answer

#: Where virtual time begins, in unix seconds.
EPOCH = 1_700_000_000


class Killed(BaseException):
    """kill -9: nothing of the process goes on, no handler runs."""


class FakeClock:
    """Time that moves only when somebody waits. ``skew``: our wall clock against Slack's."""

    def __init__(self, now: float = float(EPOCH), skew: float = 0.0) -> None:
        self.now = now
        self.skew = skew

    def monotonic(self) -> float:
        """Seconds since some moment that has nothing to do with unix time."""
        return self.now - EPOCH + 12345.0

    def wall(self) -> float:
        """This machine's idea of unix time."""
        return self.now + self.skew


class Kill:
    """Raises Killed at the n-th step that asks; never when n is 0."""

    def __init__(self, at: int = 0) -> None:
        self.at = at
        self.step = 0

    def __call__(self) -> None:
        self.step += 1
        if self.step == self.at:
            raise Killed


class VirtualPool:
    """Calls that take virtual time. The answer is as of the call's start."""

    def __init__(
        self,
        clock: FakeClock,
        get: Callable[[str, Mapping[str, object], float], Answer],
        latency: Callable[[], float] = lambda: 0.2,
        kill: Kill | None = None,
    ) -> None:
        self._clock = clock
        self._get = get
        self._latency = latency
        self._kill = kill or Kill()
        self._under_way: list[tuple[float, int, Outcome]] = []
        self._numbers = itertools.count()

    def submit(self, ticket: object, path: str, params: Mapping[str, str | int]) -> None:
        """Begin a call."""
        self._kill()
        started = self._clock.monotonic()
        answer = self._get(path, params, self._clock.now)
        ended = started + self._latency()
        outcome = Outcome(ticket, answer, None, started, ended)
        heapq.heappush(self._under_way, (ended, next(self._numbers), outcome))

    def wait(self, timeout: float) -> Outcome | None:
        """Let time pass until an outcome or the time-out."""
        self._kill()
        now = self._clock.monotonic()
        if self._under_way and self._under_way[0][0] <= now + timeout:
            ended, _, outcome = heapq.heappop(self._under_way)
            self._clock.now += max(0.0, ended - now)
            return outcome
        # At least a little, as a real wait would: a loop that never waits must not stand still.
        self._clock.now += max(timeout, 0.001)
        return None

    def arrived(self) -> int:
        """Outcomes whose time has come."""
        now = self._clock.monotonic()
        return sum(ended <= now for ended, _, _ in self._under_way)

    def close(self) -> None:
        """Forget what is under way."""
        self._under_way.clear()


class Host:
    """What has arrived, and when: outlives the collector."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.texts: Counter[str] = Counter()
        self.first: dict[str, float] = {}
        self.pages = 0
        self.taken = 0
        self.records: list[Event] = []

    def take(self, events: Sequence[Event]) -> None:
        """Accept events."""
        self.pages += 1
        self.taken += len(events)
        for _, _, text in events:
            self.texts[text] += 1
            self.first.setdefault(text, self._clock.now)

    @property
    def repeated(self) -> int:
        """Deliveries beyond the first of each event."""
        return sum(self.texts.values()) - len(self.texts)


class HostSink:
    """A sink into a Host; a kill may strike before or after the host has the events."""

    def __init__(self, host: Host, kill: Kill | None = None) -> None:
        self._host = host
        self._kill = kill or Kill()

    def write(self, events: Sequence[Event]) -> None:
        """Deliver."""
        self._kill()
        self._host.take(events)
        self._kill()

    def write_records(self, records: Sequence[Event]) -> None:
        """Deliver coverage records."""
        self._kill()
        self._host.records += records
        self._kill()

    def close(self) -> None:
        """Nothing to do."""


class Memory:
    """What a store keeps of one input: outlives the collector."""

    def __init__(self) -> None:
        self.state: State | None = None
        self.buckets: dict[int, bytes] = {}
        self.totals: dict[int, Hour] = {}
        self.coverage: dict[int, str] = {}
        self.asked: list[Request] = []
        self.status = ""


class MemoryCheckpoint:
    """The contract of ``collector.ports.Checkpoint`` over a Memory."""

    def __init__(self, memory: Memory, kill: Kill | None = None) -> None:
        self._memory = memory
        self._kill = kill or Kill()

    def load(self) -> State | None:
        """The state."""
        state = self._memory.state
        return state and state._replace(status=self._memory.status)

    def commit(self, version: int, change: Change) -> int:
        """All or nothing."""
        self._kill()
        stored = self._memory.state.version if self._memory.state else 0
        if stored != version:
            raise Superseded("another collector has taken over")
        self._memory.state = State(
            version + 1,
            change.account,
            change.filters,
            change.ledger,
            change.counters,
            change.owner,
            change.beat,
        )
        for minute in change.dropped:
            self._memory.buckets.pop(minute, None)
        self._memory.buckets.update(change.buckets)
        self._memory.totals.update(change.hours)
        self._memory.coverage.update(change.coverage)
        if change.coverage_floor is not None:
            kept = self._memory.coverage.items()
            self._memory.coverage = {h: t for h, t in kept if h >= change.coverage_floor}
        self._memory.asked = [r for r in self._memory.asked if r.number not in change.answered]
        self._kill()
        return version + 1

    def beat(self, version: int, owner: str, at: float, *, release: bool = False) -> bool:
        """A sign of life, or the last one."""
        state = self._memory.state
        if state is None or (state.version, state.owner) != (version, owner):
            return False
        self._memory.state = state._replace(beat=at, owner="" if release else owner)
        return True

    def keys(self, first: int, last: int) -> dict[int, bytes]:
        """Buckets."""
        return {m: b for m, b in self._memory.buckets.items() if first <= m <= last}

    def minutes_below(self, minute: int) -> list[int]:
        """Minutes that have a bucket."""
        return sorted(m for m in self._memory.buckets if 0 <= m < minute)

    def hours(self, first: int, last: int) -> dict[int, Hour]:
        """Totals."""
        return {h: t for h, t in self._memory.totals.items() if first <= h <= last}

    def coverage(self, first: int, last: int) -> dict[int, str]:
        """Tallies and records."""
        return {h: t for h, t in self._memory.coverage.items() if first <= h <= last}

    def requests(self) -> list[Request]:
        """Open requests."""
        return list(self._memory.asked)

    def ask(self, kind: str, oldest: int, latest: int, asked: float) -> int:
        """Leave a request."""
        number = 1 + max((r.number for r in self._memory.asked), default=0)
        self._memory.asked.append(Request(number, kind, oldest, latest))
        return number

    def note(self, status: str) -> None:
        """Keep a note."""
        self._memory.status = status

    def forget(self) -> None:
        """Remove everything."""
        self._memory.__init__()  # type: ignore[misc]
