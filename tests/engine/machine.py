# SPDX-License-Identifier: Apache-2.0
"""A state machine over the engine, the commit order and a model of Slack.

Every rule is something that happens to a collector: time passes, entries appear (also late),
a poll is due, a page comes back, a cursor dies, a call fails, the process is killed at any
step. What must hold after every step stands in the invariants.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from slack_audit_input.collector.commit import NO_COVERAGE, Committer, OfCoverage
from slack_audit_input.engine.absorb import Absorbed, absorb, dropped
from slack_audit_input.engine.ledger import from_json
from slack_audit_input.engine.plan import add_backlog, asked, begin, plan, reread
from slack_audit_input.engine.reading import choose, cut, unread
from slack_audit_input.engine.spans import united
from slack_audit_input.engine.sweeps import Level
from slack_audit_input.model.errors import CursorRejected
from slack_audit_input.model.event import Event
from slack_audit_input.model.ledger import LIVE, SWEEP, Ledger, Reading, Span
from slack_audit_input.slack.answers import page_of, params_of
from slack_audit_input.slack.client import Answer
from slack_audit_input.slack.filters import Filters
from tests.fakes.slack import FakeSlack, entry
from tests.fakes.world import (
    EPOCH,
    FakeClock,
    Host,
    HostSink,
    Kill,
    Killed,
    Memory,
    MemoryCheckpoint,
)

#: Small levels, so that a history of minutes holds what a day holds with the real ones.
LEVELS = (Level(5, 15), Level(30, 90), Level(120, 420))
#: How late an entry may appear and must still arrive.
TOLERANCE = LEVELS[-1].depth - LEVELS[-1].period

OPEN = Filters()


class CollectorMachine(RuleBasedStateMachine):
    """See the module."""

    ledger: Ledger
    committer: Committer

    @initialize(
        limit=st.integers(1, 4),
        seed=st.integers(0, 1 << 30),
        cursor_life=st.sampled_from([0.5, 40.0, 1e9]),
        split=st.booleans(),
        history=st.sampled_from([0, 100, 1000, 5000]),
        silent_ends=st.sampled_from([0, 0, 2, 3]),
        shuffles=st.sampled_from([False, False, True]),
    )
    def wake_up(
        self,
        limit: int,
        seed: int,
        cursor_life: float,
        split: bool,
        history: int,
        silent_ends: int,
        shuffles: bool,
    ) -> None:
        self.random = random.Random(seed)
        self.limit = limit
        self.clock = FakeClock()
        self.slack = FakeSlack(
            [],
            cursor_life=cursor_life,
            split_seconds=split,
            silent_ends=silent_ends,
            shuffles=shuffles,
        )
        self.host = Host(self.clock)
        self.memory = Memory()
        self.excused: Counter[str] = Counter()
        self.numbers = 0
        self.kill = Kill()
        self.out: dict[Reading, Answer] = {}
        self.ready: list[Reading] = []
        first = EPOCH - history
        for _ in range(self.random.randrange(30)):
            self._add(self.random.randint(first, EPOCH), 0.0)
        self._start(begin(first, EPOCH, LEVELS))

    # -- what happens ----------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.3, 1.0, 5.0, 29.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(seconds=st.sampled_from([100, 500, 2000]))
    def a_pause(self, seconds: int) -> None:
        """The machine sleeps: nothing is read meanwhile, and calls under way come to nothing.

        What happens in the pause no sweep will heal: it is too long ago for them.
        """
        for _ in range(self.random.randrange(12)):
            self.numbers += 1
            second = int(self.clock.now) + self.random.randrange(1, seconds)
            self.slack.add(entry(second, second + self.random.random(), self.numbers))
        self.clock.now += seconds
        self._crash()

    @rule(
        ago=st.integers(0, 25),
        count=st.integers(1, 6),
        late=st.one_of(
            st.just(0.0), st.floats(0, TOLERANCE), st.sampled_from([TOLERANCE - 20.0, TOLERANCE])
        ),
    )
    def entries_happen(self, ago: int, count: int, late: float) -> None:
        """Some share a second; lateness counts from the second, so some are visible at once."""
        second = int(self.clock.now) - ago
        for _ in range(count):
            self._add(second, late)

    @rule()
    def poll(self) -> None:
        """Plan what is due and ask for the live window, unless a live reading is under way."""
        if any(r.kind == LIVE for r in self._all_out()):
            return
        spans = [unread(r) for r in self._all_out()]
        self.ledger = plan(self.ledger, int(self.clock.now), LEVELS, spans)
        reading = choose(self.ledger, self._all_out(), self.limit, live=True)
        if reading:
            self._ask(reading)

    @rule()
    def idle_worker(self) -> None:
        """A free worker takes a waiting reading, an open window, or half of one."""
        if self.ready:
            self._ask(self.ready.pop(0))
            return
        reading = choose(self.ledger, self._all_out(), self.limit, live=False)
        if reading is None:
            found = cut(self.ledger, self._all_out(), self.limit, density=1.0)
            if found is None:
                return
            self.ledger, reading = found
        self._ask(reading)

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 5), kill_at=st.sampled_from([0, 0, 0, 0, 0, 1, 2, 3, 4]))
    def a_page_comes_back(self, which: int, kill_at: int) -> None:
        """Kills: before and after the write, before and after the commit."""
        reading = list(self.out)[which % len(self.out)]
        answer = self.out.pop(reading)
        try:
            page = page_of(answer, reading, None)
        except CursorRejected:
            following = dropped(self.ledger, reading, self._all_out(), self.limit)
            self.ready += [following] if following else []
            return
        absorbed = absorb(
            self.ledger,
            reading,
            page,
            self.committer.index.of(page),
            int(self.clock.now),
            self._all_out(),
            self.limit,
        )
        self.ledger = absorbed.ledger
        self.ready += [absorbed.following] if absorbed.following else []
        self._deliver(absorbed.fresh, absorbed.add, kill_at, self._tallied(reading, absorbed))

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 5))
    def a_call_fails(self, which: int) -> None:
        reading = list(self.out)[which % len(self.out)]
        del self.out[reading]
        if reading.kind != LIVE:
            self.ready.append(reading._replace(attempts=reading.attempts + 1))

    @rule()
    def is_killed(self) -> None:
        self._crash()

    @rule(ago=st.integers(1, 900), seconds=st.integers(1, 300))
    def backfill(self, ago: int, seconds: int) -> None:
        """A past stretch is asked for; old entries may lie in it."""
        oldest = int(self.clock.now) - ago
        for _ in range(3):
            self._add(self.random.randint(oldest, oldest + seconds), 0.0, only_past=True)
        self.ledger = add_backlog(self.ledger, Span(oldest, oldest + seconds))
        self._commit()

    @rule(ago=st.integers(1, 400), seconds=st.integers(1, 100))
    def read_again(self, ago: int, seconds: int) -> None:
        oldest = int(self.clock.now) - ago
        self.ledger = reread(self.ledger, Span(oldest, oldest + seconds))
        self._commit()

    # -- what must hold --------------------------------------------------------------------

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """What is visible, asked for and not delivered is some persisted duty's.

        An open window has it, or it lies beyond the head, or the next deepest sweep reaches it.
        """
        if not hasattr(self, "memory") or self.memory.state is None:
            return
        ledger = from_json(self.memory.state.ledger)
        reach = ledger.swept[-1] - TOLERANCE
        stretches = asked(ledger)
        for one in self.slack.entries:
            if one.text in self.host.texts or one.visible_at > self.clock.now:
                continue
            if not any(s.oldest <= one.second <= s.latest for s in stretches):
                continue  # beyond the head, or never asked for
            duty = any(w.oldest <= one.second <= w.latest for w in ledger.windows)
            assert duty or one.second >= reach, f"{one} is nobody's duty in {ledger}"

    @invariant()
    def nothing_is_repeated(self) -> None:
        """But what a kill caught between write and commit."""
        if not hasattr(self, "host"):
            return
        for text, count in self.host.texts.items():
            assert count - 1 <= self.excused[text], f"{text} came {count} times"

    @invariant()
    def windows_are_disjoint_and_ours(self) -> None:
        if not hasattr(self, "ledger"):
            return
        windows = self.ledger.windows
        assert list(windows) == sorted(windows)
        for before, after in zip(windows, windows[1:]):
            assert before.latest < after.oldest
        ours = united(asked(self.ledger))
        for window in windows:
            assert window.oldest <= window.latest
            assert any(s.oldest <= window.oldest and window.latest <= s.latest for s in ours)

    def teardown(self) -> None:
        """Time goes on without faults until the deepest sweep has passed: all must be there."""
        if not hasattr(self, "memory"):
            return
        self.slack.cursor_life = 1e9
        until = self.clock.now + 2 * LEVELS[-1].depth
        while self.clock.now < until:
            self._drain()
            self.clock.now += 5.0
            self.poll()
        self._drain()
        self.nothing_is_repeated()
        stretches = asked(self.ledger)
        for one in self.slack.entries:
            if any(s.oldest <= one.second <= s.latest for s in stretches):
                assert one.text in self.host.texts, f"{one} never arrived"
            else:
                assert one.text not in self.host.texts, f"{one} was not asked for"

    # -- how -------------------------------------------------------------------------------

    def _drain(self) -> None:
        for _ in range(10_000):
            if self.out:
                self.a_page_comes_back(0, 0)
            elif self.ready or choose(self.ledger, [], self.limit, live=False):
                self.idle_worker()
            elif choose(self.ledger, [], self.limit, live=True):
                self.poll()
            else:
                return
        raise AssertionError("the collector goes round in circles")

    def _add(self, second: int, late: float, only_past: bool = False) -> None:
        """An entry whose lateness is kept within the tolerance of its stretch's first reading."""
        if only_past and second > self.clock.now:
            return
        if only_past and self._is_asked(second):
            return  # it would appear later than any tolerance
        self.numbers += 1
        visible = second + late if late else second + self.random.random()
        if visible < self.clock.now and not only_past and self.clock.now - second > TOLERANCE:
            return
        # It has not been visible before this moment, whatever its second says.
        visible = max(visible, self.clock.now) if self.numbers and not only_past else visible
        self.slack.add(entry(second, visible, self.numbers))

    def _is_asked(self, second: int) -> bool:
        return any(s.oldest <= second <= s.latest for s in asked(self.ledger))

    def _ask(self, reading: Reading) -> None:
        self.out[reading] = self.slack.page(params_of(reading, OPEN), self.clock.now)

    def _all_out(self) -> list[Reading]:
        return [*self.out, *self.ready]

    def _deliver(
        self,
        fresh: Sequence[Event],
        add: Mapping[int, Mapping[int, None]],
        kill_at: int,
        coverage: OfCoverage = NO_COVERAGE,
    ) -> bool:
        """Write and commit; killed at a step of it, begin anew. Was it committed?"""
        self.kill.at = self.kill.step + kill_at if kill_at else 0
        before = Counter(self.host.texts)
        version = self.memory.state.version if self.memory.state else 0
        try:
            self.committer.deliver(
                fresh,
                add,
                self.ledger,
                counters="",
                filters="",
                beat=0.0,
                held=self._held(),
                coverage=coverage,
            )
        except Killed:
            assert self.memory.state
            committed = self.memory.state.version > version
            if not committed:
                # Written, not committed: exactly these may come again.
                self.excused += self.host.texts - before
            self._crash()
            return committed
        return True

    def _tallied(self, _reading: Reading, _absorbed: Absorbed) -> OfCoverage:
        """What a page means for coverage; see covering.py."""
        return NO_COVERAGE

    def _held(self) -> list[Span]:
        return [unread(r) for r in self._all_out()]

    def _commit(self) -> None:
        self._deliver((), {}, 0)

    def _crash(self) -> None:
        """Everything in memory is gone; a new process begins with what was persisted."""
        self.out.clear()
        self.ready.clear()
        self.kill.at = 0
        assert self.memory.state
        ledger = from_json(self.memory.state.ledger)
        windows = tuple(
            w._replace(kind=SWEEP if w.kind == LIVE else w.kind) for w in ledger.windows
        )
        self._start(ledger._replace(windows=windows))

    def _start(self, ledger: Ledger) -> None:
        self.ledger = ledger
        version = self.memory.state.version if self.memory.state else 0
        checkpoint = MemoryCheckpoint(self.memory, self.kill)
        sink = HostSink(self.host, self.kill)
        self.committer = Committer(sink, checkpoint, version, "account", "owner")
        self._commit()
