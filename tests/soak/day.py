# SPDX-License-Identifier: Apache-2.0
"""A day of one host under fire: strikes when the plan says so, and a new life after each end."""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import AbstractContextManager
from typing import Any, Protocol

from slack_audit_input.engine.delivered import HOUR
from slack_audit_input.engine.ledger import from_json
from tests.soak import books
from tests.soak.covered import Record
from tests.soak.lives import End, memory_of
from tests.soak.pace import Pace
from tests.soak.plan import LIMIT, SHORT_PAGES, Strike, pile
from tests.soak.slack import Slack
from tests.soak.tally import Checkpoint, Tally

#: Seconds of the fast clock between the end of a life and the next one: after a kill, as from a
#: supervisor that restarts at once, and after an exit, as from one that waits a little.
AFTER_KILL, AFTER_EXIT = (3.0, 20.0), (10.0, 40.0)
#: The machine's seconds between two looks, also while a kill is due, and those for which it waits
#: for a write.
LOOK, LOOK_CLOSER = 0.004, 0.0005
WRITE_COMES = 0.8
#: A receiver reads on, after its sender has died, what was on its way.
ARRIVES = 0.06


class Host(Protocol):
    """A collector in one of its hosts. ``tallies``: what has arrived, by output."""

    name: str
    tallies: dict[str, Tally]

    @property
    def pid(self) -> int | None:
        """Of the process, while it runs."""

    def start(self) -> None:
        """A new life."""

    def alive(self) -> bool:
        """Does it run?"""

    def kill(self) -> None:
        """SIGKILL."""

    def stop(self) -> int:
        """SIGTERM; its exit code."""

    def code(self) -> int:
        """How it ended."""

    def tend(self) -> None:
        """Read what has arrived."""

    def written(self) -> int:
        """Grows when something is written."""

    def in_flight(self) -> dict[str, int]:
        """Of a process that has ended: what it had written and not committed, by output."""

    def left(self) -> AbstractContextManager[Checkpoint]:
        """The checkpoint of the process, for reading."""

    def coverage(self) -> dict[str, list[Record]]:
        """Coverage records, by output."""

    def sign_in(self) -> None:
        """Sign in, and put what comes of it where the collector finds it."""

    def strike(self, strike: Strike) -> None:
        """What befalls this host alone."""

    def met(self) -> dict[str, int]:
        """Proofs that faults were met, by kind."""

    def facts(self) -> dict[str, Any]:
        """What else the books say of it."""

    def close(self) -> None:
        """Nothing of it runs any more."""


class Day:
    """``begin``: when the day begins, unix seconds of the fast clock.

    ``patience``: the machine's seconds for which a fault waits to be met before it ends.
    """

    def __init__(
        self, host: Host, slack: Slack, pace: Pace, begin: float, seed: int, patience: float
    ) -> None:
        self.host = host
        self._patience = patience
        self._met_before: dict[str, int] = {}
        self.pace = pace
        self.ends: list[End] = []
        self.struck: Counter[str] = Counter()
        self.peak = 0.0
        self.late = 0.0
        """Seconds by which the last strike came after its moment: the machine was too slow."""
        self._slack = slack
        self._clock = pace.clock
        self._begin = begin
        self._chance = random.Random(f"{seed}|day")
        self._started = 0.0
        self._again = 0.0
        self._ended = True
        self._kills: list[str] = []
        """Kills that are due."""
        self._waits: tuple[int, float] | None = None
        """What had been written when a kill began to wait for more, and until when it waits."""
        self._looked = 0.0

    def live(self, strikes: list[Strike], until: float) -> None:
        """Meet all strikes, each in its turn, and go on until a second of the day."""
        for strike in strikes:
            self._go_on(strike.at)
            if not strike.begins:
                self._await_trace(strike.kind)
            self.late = max(self.late, self._clock.now() - self._begin - strike.at)
            self._strike(strike)
        self._go_on(until)
        while self._kills:
            self._tend()
            time.sleep(LOOK_CLOSER)

    def finish(self, latest: float, patience: float) -> bool:
        """Go on until all up to a second of the day has been read and has its record.

        ``patience``: the machine's seconds after which it is given up; False then.
        """
        end = time.monotonic() + patience
        while not self._nothing_open(self._begin + latest):
            if time.monotonic() > end:
                return False
            self._go_on(self._clock.now() - self._begin + 60)
        return True

    def _nothing_open(self, latest: float) -> bool:
        with self.host.left() as left:
            state = left.load()
        if state is None:
            return False
        ledger = from_json(state.ledger)
        covered = any(span.latest >= latest // HOUR - 1 for span in ledger.covered)
        return covered and not any(window.oldest <= latest for window in ledger.windows)

    def end(self) -> int:
        """Stop the host in good order; its exit code."""
        while not self.host.alive():
            self._tend()
        # Until it has begun, a signal finds nothing to finish.
        self._go_on(self._clock.now() - self._begin + 120)
        code = self.host.stop()
        time.sleep(ARRIVES)
        self.ends.append(
            End("stop", code, self._clock.now() - self._started, self.host.in_flight())
        )
        return code

    # -- one life after another ------------------------------------------------------------

    def _traces(self, kind: str) -> int | None:
        """How often a fault has been met so far; None where it leaves no trace of its own."""
        counters = self._slack.control("counters")
        found = books.traces(counters)
        return found.get(kind, self.host.met().get(kind))

    def _await_trace(self, kind: str) -> None:
        """In a short day a fault lasts until it has been met, within reason."""
        end = time.monotonic() + self._patience
        before = self._met_before.get(kind, 0)
        while time.monotonic() < end and self._traces(kind) == before:
            self._go_on(self._clock.now() - self._begin + 10)

    def _go_on(self, until: float) -> None:
        while self._clock.now() < self._begin + until:
            self._tend()
            left = self._clock.real(self._begin + until - self._clock.now())
            time.sleep(max(0.0, min(LOOK_CLOSER if self._kills else LOOK, left)))

    def _tend(self) -> None:
        self.host.tend()
        self.pace.look(self.host.pid, len(self._kills))
        if self.host.alive():
            if self._kills:
                self._kill()
            elif time.monotonic() - self._looked > 0.5:
                self._looked = time.monotonic()
                pid = self.host.pid
                self.peak = max(self.peak, memory_of(pid) if pid else 0.0)
            return
        if not self._ended:
            self._over("exit", self.host.code(), AFTER_EXIT)
        if self._clock.now() >= self._again:
            self.host.start()
            self._started = self._clock.now()
            self._ended = False
        else:
            time.sleep(LOOK)

    def _over(self, how: str, code: int, pause: tuple[float, float]) -> None:
        lived = self._clock.now() - self._started
        self._ended, self._waits = True, None
        self._again = self._clock.now() + self._chance.uniform(*pause)
        time.sleep(ARRIVES)
        self.ends.append(End(how, code, lived, self.host.in_flight()))

    def _kill(self) -> None:
        """Kill what runs, if it is time for the next kill."""
        how = self._kills[0]
        if how == "after a write":
            if self._waits is None:
                self._waits = self.host.written(), time.monotonic() + WRITE_COMES
            before, end = self._waits
            if self.host.written() == before and time.monotonic() < end:
                return
            if self._chance.random() < 0.5:  # a random moment later, which may be none
                time.sleep(self._chance.random() * 0.01)
            if not self.host.alive():
                return
        pid = self.host.pid
        self.peak = max(self.peak, memory_of(pid) if pid else 0.0)
        self.host.kill()
        del self._kills[0]
        self._over(how, -9, AFTER_KILL)

    # -- what befalls it -------------------------------------------------------------------

    def _strike(self, strike: Strike) -> None:
        kind = strike.kind
        struck = {
            "kill": self._due,
            "others": self._others,
            "cursors": self._cursors,
            "outage": self._outage,
            "slow": lambda strike: self._slack.change(answer_time=strike.value),
            "clock": lambda strike: self._clock.set_ahead(float(strike.value)),
            "slacks_clock": lambda strike: self._slack.step_clock(float(strike.value)),
            "signed_in_again": self._token,
            "revoked": self._token,
        }
        struck.get(kind, self.host.strike)(strike)
        self.struck[kind] += strike.begins
        if strike.begins and self._patience and kind != "kill":
            self._met_before[kind] = self._traces(kind) or 0

    def _due(self, strike: Strike) -> None:
        self._kills.append(str(strike.value))

    def _others(self, strike: Strike) -> None:
        # Where others take all there is, there is nothing saved up, either.
        at_once = 5 if strike.begins else LIMIT
        self._slack.change(other_calls_per_minute=strike.value, calls_at_once=at_once)

    def _cursors(self, strike: Strike) -> None:
        # Short pages have more cursors, whatever the page size.
        pages = 0.9 if strike.begins else SHORT_PAGES
        if strike.begins:
            self._slack.burst(pile(self._slack.a_day), 2)
        self._slack.change(cursor_lifetime=strike.value, short_pages=pages)

    def _outage(self, strike: Strike) -> None:
        faults = ("http_503=1",) if strike.begins else self._slack.faults
        self._slack.plan_faults(faults)

    def _token(self, strike: Strike) -> None:
        """``again``: somebody signs in anew. ``revoked``: no token is good any more."""
        if strike.value == "revoked":
            self._slack.revoke()
        else:
            self.host.sign_in()
