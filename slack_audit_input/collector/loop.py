# SPDX-License-Identifier: Apache-2.0
"""The loop: ask what the engine says, take in what comes back, commit, and again.

One thread thinks; the pool's workers only wait for Slack. Time, waiting and randomness come
from outside, so that a day passes in seconds in the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from slack_audit_input.collector.backoff import Backoff
from slack_audit_input.collector.commit import Committer
from slack_audit_input.collector.counters import Counters
from slack_audit_input.collector.naming import ActionNames
from slack_audit_input.collector.ports import Checkpoint, Clock, Log, Outcome, Pool, Sink
from slack_audit_input.collector.refusal import find_refused
from slack_audit_input.collector.settings import Settings
from slack_audit_input.engine import sweeps
from slack_audit_input.engine.absorb import absorb, dropped
from slack_audit_input.engine.ledger import from_json
from slack_audit_input.engine.plan import add_backlog, begin, plan, relevel, reread
from slack_audit_input.engine.reading import backlog_seconds, choose, cut, unread
from slack_audit_input.model.errors import (
    ConfigError,
    CursorRejected,
    GaveUp,
    ProtocolError,
    RateLimited,
    Refused,
    Retryable,
    StoreError,
)
from slack_audit_input.model.event import Event, Page
from slack_audit_input.model.ledger import BACKLOG, KINDS, LIVE, SWEEP, Ledger, Reading, Span
from slack_audit_input.model.state import State
from slack_audit_input.slack.answers import page_of, params_of
from slack_audit_input.slack.budget import CallBudget
from slack_audit_input.slack.clock import SlackClock

#: Seconds between two signs of life in the store, and between two summary lines.
BEAT_EVERY = 10.0
SUMMARY_EVERY = 60.0
#: A page that fails so often is asked for in smaller pieces: a proxy may cut large bodies.
SMALLER_AFTER = 3
#: Answers of an unknown shape in a row before they are a protocol error.
SHAPES_ALLOWED = 5


class _Ready(NamedTuple):
    """A reading that may be asked at ``at`` (monotonic seconds)."""

    at: float
    reading: Reading


class Collector:
    """Collects one input until it is stopped, or until it has caught up."""

    def __init__(
        self,
        settings: Settings,
        checkpoint: Checkpoint,
        sink: Sink,
        pool: Pool,
        clock: Clock,
        log: Log,
        *,
        owner: str = "",
        random: Random | None = None,
        names: ActionNames | None = None,
    ) -> None:
        self.settings = settings.checked()
        self.counters = Counters()
        self.budget = CallBudget(settings.calls_per_minute)
        self.slack_clock = SlackClock(clock.wall(), clock.monotonic())
        self.ledger: Ledger | None = None
        self._checkpoint = checkpoint
        self._sink = sink
        self._pool = pool
        self._clock = clock
        self._log = log
        self._owner = owner
        self._random = random or Random()
        self._backoff = Backoff(self._random)
        self._names = names or ActionNames()
        self._filters = settings.filters
        self._accept = settings.filters.accept()
        self._committer: Committer | None = None
        self._out: dict[int, Reading] = {}
        self._ready: list[_Ready] = []
        self._tickets = 0
        self._live_at = float("-inf")
        # Polls fall on a random fraction of their second. Always on the same one, they would
        # never meet a Date that has just turned, and Slack's clock would stay badly known.
        self._phase = 0.0
        self._live_failures = 0
        self._density: float | None = None
        self._last_good = clock.monotonic()
        self._last_commit = 0.0
        self._last_summary = clock.monotonic()
        self._summed: dict[str, int] = {}
        self._waited = False
        self._stash: list[Outcome] = []

    # -- from outside ----------------------------------------------------------------------

    def run(
        self,
        stop: Callable[[], bool] = lambda: False,
        once: bool = False,
        watch: Callable[[Collector], None] | None = None,
        live: bool = True,
    ) -> None:
        """Collect until ``stop()`` is true or, with ``once``, until nothing is left to read.

        ``watch`` is called after every turn. ``live`` False: read what is open, plan nothing
        new (a backfill without a running collector). Raises what a person must see to; the
        state is then as of the last commit.
        """
        try:
            self._open(stop)
            while not stop():
                now = self._clock.monotonic()
                self._take_requests(now)
                self._dispatch(now, live)
                if watch:
                    watch(self)
                if (once or not live) and self._caught_up():
                    break
                outcome = self._next_outcome(self._pause(now, live))
                if outcome is not None:
                    self._take(outcome)
                self._beat()
            self._close()
        finally:
            self._pool.close()

    def lag(self) -> float:
        """Seconds by which the live reading is behind Slack's clock."""
        assert self.ledger is not None
        return max(0.0, self.slack_clock.now(self._clock.monotonic()) - self.ledger.head)

    def backlog(self) -> int:
        """Seconds never read yet."""
        return backlog_seconds(self.ledger) if self.ledger else 0

    # -- beginning and end -----------------------------------------------------------------

    def _open(self, stop: Callable[[], bool]) -> None:
        state = self._checkpoint.load()
        self._hear_clock(stop)
        if stop() and not self.slack_clock.heard:
            # Without Slack's clock nothing can be planned; the state stays as it is.
            now = self._clock.wall()
        else:
            now = self.slack_clock.now(self._clock.monotonic())
        if state is None:
            if self.settings.start > now:
                raise ConfigError("--start lies in the future")
            ledger = begin(self.settings.start, int(now), self.settings.levels)
        else:
            ledger = self._resume(state, int(now))
        self.ledger = ledger
        self._committer = Committer(
            self._sink,
            self._checkpoint,
            state.version if state else 0,
            self.settings.account,
            self._owner,
        )
        # Claims the input: a collector that read the same version and comes second stops here.
        self._commit(ledger)
        self._log(
            "info",
            "started",
            input=self.settings.input,
            account=self.settings.account,
            start=ledger.start,
            head=ledger.head,
            backlog_s=backlog_seconds(ledger),
            clock_ahead_s=round(self.slack_clock.ahead, 1),
        )

    def _resume(self, state: State, now: int) -> Ledger:
        if state.account != self.settings.account:
            raise StoreError(
                f"input {self.settings.input!r} of this state belongs to account "
                f"{state.account!r}, not {self.settings.account!r}: use another --input or --state"
            )
        self.counters = Counters(state.counters)
        ledger = relevel(from_json(state.ledger), self.settings.levels)
        # A live window that a crash left half read is no longer live.
        windows = tuple(
            w._replace(kind=SWEEP if w.kind == LIVE else w.kind) for w in ledger.windows
        )
        ledger = ledger._replace(windows=windows)
        depth = self.settings.levels[-1].depth
        if ledger.head > now + depth:
            raise StoreError(
                f"the state has read up to {ledger.head}, which is {ledger.head - now} seconds "
                "ahead of Slack's clock: a clock was wrong. Nothing was changed"
            )
        if state.filters and state.filters != self._filters.text():
            self._log(
                "warning",
                "filters_changed",
                was=state.filters,
                now=self._filters.text(),
                note="they hold from here on; what was read before is not read again",
            )
        return ledger

    def _hear_clock(self, stop: Callable[[], bool]) -> None:
        """Ask /actions once: it needs no token, and its Date says what now is at Slack.

        Planning by this machine's clock could put the head years away from the truth.
        """
        attempts = 0
        while not stop() and not self.slack_clock.heard:
            now = self._clock.monotonic()
            self.budget.take(now, urgent=True)
            self.counters.add("calls")
            self._pool.submit("actions", "actions", {})
            outcome = None
            while outcome is None and not stop():
                outcome = self._pool.wait(1.0)
            if outcome is None:
                return
            if outcome.answer is not None:
                self.slack_clock.observe(outcome.answer.date, outcome.ended)
                self._names.listed(outcome.answer)
                return
            assert outcome.error is not None
            attempts += 1
            self._retry_or_raise(outcome.error, attempts)
            until = self._clock.monotonic() + self._backoff.after(attempts)
            while not stop() and self._clock.monotonic() < until:
                self._pool.wait(until - self._clock.monotonic())

    def _close(self) -> None:
        if self._committer is not None and self.ledger is not None:
            self._committer.release(
                self.ledger, self.counters.to_json(), self._filters.text(), self._clock.wall()
            )
        self._summary(final=True)

    # -- what to ask next ------------------------------------------------------------------

    def _dispatch(self, now: float, live: bool) -> None:
        assert self.ledger is not None
        if live:
            self._dispatch_live(now)
        busy = [r for r in self._out.values() if r.kind != LIVE]
        while len(busy) < self.settings.workers:
            ready = sorted(
                (r for r in self._ready if r.at <= now),
                key=lambda r: (KINDS.index(r.reading.kind), r.at),
            )
            reading = ready[0].reading if ready else self._next_reading()
            if reading is None:
                return
            urgent = reading.kind != BACKLOG
            if not self._may_call(now, urgent):
                if not ready:
                    # Chosen but not asked: it is chosen anew when a call is free.
                    return
                return
            if ready:
                self._ready.remove(ready[0])
            self._submit(reading, now, urgent)
            busy.append(reading)

    def _dispatch_live(self, now: float) -> None:
        assert self.ledger is not None
        if now < self._live_at or any(r.kind == LIVE for r in self._all_out()):
            return
        due = sweeps.next_due(self.settings.levels, self.ledger.swept) + self._phase
        if self.slack_clock.exact(now) < due and not self._live_failures:
            return
        if not self._may_call(now, True):
            return
        self._phase = self._random.random()
        spans = [unread(r) for r in self._all_out()]
        slack_now = self.slack_clock.now(now)
        self.ledger = plan(self.ledger, slack_now, self.settings.levels, spans)
        reading = choose(self.ledger, self._all_out(), self.settings.page_size, live=True)
        if reading is not None:
            self._submit(reading, now, True)

    def _next_reading(self) -> Reading | None:
        assert self.ledger is not None
        out = self._all_out()
        reading = choose(self.ledger, out, self.settings.page_size, live=False)
        if reading is not None:
            return reading
        if not self._may_call(self._clock.monotonic(), False):
            return None  # a cut is worth it only for a call that can be made now
        found = cut(self.ledger, out, self.settings.page_size, self._density)
        if found is None:
            return None
        self.ledger, reading = found
        self.counters.add("cuts")
        return reading

    def _may_call(self, now: float, urgent: bool) -> bool:
        if self.budget.wait(now, urgent) == 0.0:
            self._waited = False
            return True
        if not self._waited:
            self._waited = True
            self.counters.add("budget_waits")
        return False

    def _submit(self, reading: Reading, now: float, urgent: bool) -> None:
        self.budget.take(now, urgent)
        self.counters.add("calls")
        self._tickets += 1
        self._out[self._tickets] = reading
        self._pool.submit(self._tickets, "logs", params_of(reading, self._filters))

    def _pause(self, now: float, live: bool) -> float:
        """Seconds until something may be due."""
        assert self.ledger is not None
        times = [self._last_commit + BEAT_EVERY - now]
        if live and not any(r.kind == LIVE for r in self._all_out()):
            due = sweeps.next_due(self.settings.levels, self.ledger.swept) + self._phase
            times.append(
                max(
                    due - self.slack_clock.exact(now),
                    self._live_at - now,
                    self.budget.wait(now, True),
                )
            )
        free = sum(r.kind != LIVE for r in self._out.values()) < self.settings.workers
        if free:
            times += [
                max(r.at - now, self.budget.wait(now, r.reading.kind != BACKLOG))
                for r in self._ready
            ]
            if choose(self.ledger, self._all_out(), 1, live=False) or self._density:
                times.append(self.budget.wait(now, False) or BEAT_EVERY)
        return min(max(0.0, min(times)), BEAT_EVERY)

    def _next_outcome(self, timeout: float) -> Outcome | None:
        return self._stash.pop(0) if self._stash else self._pool.wait(timeout)

    def _all_out(self) -> list[Reading]:
        return [*self._out.values(), *(r.reading for r in self._ready)]

    def _caught_up(self) -> bool:
        assert self.ledger is not None
        return not self.ledger.windows and not self._out and not self._ready

    # -- what came back --------------------------------------------------------------------

    def _take(self, outcome: Outcome) -> None:
        if not isinstance(outcome.ticket, int) or outcome.ticket not in self._out:
            return
        reading = self._out.pop(outcome.ticket)
        answer = outcome.answer
        try:
            if outcome.error is not None:
                raise outcome.error
            assert answer is not None
            self.slack_clock.observe(answer.date, outcome.ended)
            page = page_of(answer, reading, self._accept)
        except RateLimited as error:
            self.counters.add("rate_limited")
            self.budget.pause(outcome.ended + error.retry_after)
            self._log("warning", "rate_limited", wait_s=round(error.retry_after, 1))
            self._again(reading, outcome.ended)
        except CursorRejected:
            self.counters.add("cursor_rejected")
            self._log("info", "cursor_rejected", second=reading.top)
            self._follow(
                dropped(self._must(), reading, self._all_out(), self.settings.page_size), 0.0
            )
        except Refused as error:
            self._refused(reading, error, outcome.ended)
        except Retryable as error:
            evidence = answer.body if answer is not None else b""
            self._failed(reading, error, outcome.ended, evidence)
        else:
            self._absorb(reading, page)

    def _absorb(self, reading: Reading, page: Page) -> None:
        now = self._clock.monotonic()
        self._last_good = now
        if reading.kind == LIVE:
            self._live_failures = 0
        committer = self._committer
        assert committer is not None
        absorbed = absorb(
            self._must(),
            reading,
            page,
            committer.index.of(page),
            self.slack_clock.now(now),
            self._all_out(),
            self.settings.page_size,
        )
        self.ledger = absorbed.ledger
        self._follow(absorbed.following, 0.0)
        count = self.counters.add
        count("pages")
        count("entries", page.entries)
        count("capacity", max(reading.limit, page.entries))
        count("events", len(absorbed.fresh))
        count("duplicates", absorbed.duplicates)
        count("outside", absorbed.outside)
        count("undated", len(page.undated))
        count("odd", page.odd)
        count("unproven_ends", absorbed.unproven_end)
        count("unordered", not page.ordered)
        self.counters.add_late(absorbed.lateness, reading.level)
        for name in self._names.unknown(page.actions):
            self.counters.add("unknown_actions")
            if not self.counters.unknown[name]:
                self._log("warning", "unknown_action", name=name, note="delivered all the same")
            self.counters.unknown[name] += 1
        if reading.kind == BACKLOG and page.oldest is not None and reading.top > page.oldest:
            self._density = page.entries / (reading.top - page.oldest)
        self._commit(self.ledger, absorbed.fresh, absorbed.add)

    def _follow(self, reading: Reading | None, delay: float) -> None:
        if reading is not None:
            self._ready.append(_Ready(self._clock.monotonic() + delay, reading))

    def _again(self, reading: Reading, now: float, delay: float = 0.0) -> None:
        """Ask the same again later; a live reading is planned anew instead."""
        if reading.kind == LIVE:
            self._live_at = now + delay
        else:
            self._ready.append(_Ready(now + delay, reading))

    def _failed(self, reading: Reading, error: Retryable, now: float, evidence: bytes) -> None:
        attempts = reading.attempts + 1
        if reading.kind == LIVE:
            self._live_failures += 1
            attempts = self._live_failures
        if error.kind == "shape" and attempts >= SHAPES_ALLOWED:
            raise ProtocolError(
                f"{error}, {attempts} times in a row. The checkpoint is kept", evidence[:65536]
            )
        self._retry_or_raise(error, attempts)
        reading = reading._replace(attempts=attempts)
        if attempts >= SMALLER_AFTER and error.kind in ("body", "timeout", "network"):
            # A cursor must match the request that gave it, so it goes with the page size.
            limit = max(1, self.settings.page_size >> (attempts - SMALLER_AFTER + 1))
            smaller = dropped(self._must(), reading, self._all_out(), max(limit, 100))
            if smaller is not None:
                reading = smaller._replace(attempts=attempts)
        self._again(reading, now, self._backoff.after(attempts))

    def _retry_or_raise(self, error: Exception, attempts: int) -> None:
        """Count and log a retry. Raises GaveUp when the time is up, and what is no retry."""
        if not isinstance(error, Retryable):
            raise error
        self.counters.add(f"retry_{error.kind}")
        self._log("warning", "retry", attempt=attempts, kind=error.kind, reason=str(error))
        silent = self._clock.monotonic() - self._last_good
        if 0 < self.settings.give_up_after < silent:
            raise GaveUp(
                f"no good answer from Slack for {round(silent)} seconds; the last: {error}. "
                "The state is kept: run again and it goes on from there"
            )

    def _refused(self, reading: Reading, error: Refused, now: float) -> None:
        """A 400 without a cursor: our clock, an action name, or something nobody knows."""
        if "action" in self._filters.params() and error.code in ("", "invalid_action"):
            refused = find_refused(self._filters.actions, self._is_refused)
            if refused:
                self._filters = self._filters.without(refused)
                self._accept = self._filters.accept()
                self.counters.add("actions_dropped", len(refused))
                self._log(
                    "warning",
                    "actions_dropped",
                    names=",".join(refused),
                    note="Slack does not know them; the rest goes on",
                )
                self._again(reading, now)
                return
        attempts = (self._live_failures if reading.kind == LIVE else reading.attempts) + 1
        if attempts > 2:
            hint = " (is --start earlier than the organization's audit log?)"
            raise ProtocolError(f"{error}, without a cursor, {attempts} times in a row{hint}")
        self.slack_clock.distrust()
        self._failed(reading, Retryable(str(error), "range"), now, b"")

    def _is_refused(self, names: tuple[str, ...]) -> bool:
        """Does Slack answer 400 to these action names? Waits for the call budget and retries."""
        filters = self._filters._replace(actions=names)
        attempts = 0
        while True:
            now = self._clock.monotonic()
            wait = self.budget.wait(now, True)
            if wait > 0:
                outcome = self._pool.wait(wait)
                if outcome is not None:
                    self._stash.append(outcome)
                continue
            self.budget.take(now, True)
            self.counters.add("calls")
            self._pool.submit(names, "logs", {"limit": 1, **filters.params()})
            outcome = self._pool.wait(60.0)
            while outcome is None or outcome.ticket != names:
                if outcome is not None:
                    self._stash.append(outcome)
                outcome = self._pool.wait(60.0)
            if outcome.answer is not None and outcome.answer.status in (200, 400):
                return outcome.answer.status == 400
            attempts += 1
            if outcome.answer is not None and outcome.answer.status == 429:
                self.budget.pause(now + 30.0)
                continue
            self._retry_or_raise(
                outcome.error or Retryable("Slack has a fault at the moment", "server"), attempts
            )
            self.budget.pause(self._clock.monotonic() + self._backoff.after(attempts))

    # -- the store -------------------------------------------------------------------------

    def _take_requests(self, now: float) -> None:
        """Fold in what other processes have asked: a backfill, or a stretch to read again."""
        if now - self._last_commit < 1.0 and self._out:
            return
        requests = self._checkpoint.requests()
        if not requests:
            return
        ledger = self._must()
        for request in requests:
            span = Span(request.oldest, request.latest)
            ledger = (reread if request.kind == "reread" else add_backlog)(ledger, span)
            self._log("info", "asked", kind=request.kind, oldest=span.oldest, latest=span.latest)
        self.ledger = ledger
        self._commit(ledger, answered=[r.number for r in requests])

    def _commit(
        self,
        ledger: Ledger,
        fresh: list[Event] | None = None,
        add: dict[int, dict[int, None]] | None = None,
        answered: list[int] | None = None,
    ) -> None:
        assert self._committer is not None
        self.counters.add("commits")
        self._committer.deliver(
            fresh or [],
            add or {},
            ledger,
            counters=self.counters.to_json(),
            filters=self._filters.text(),
            beat=self._clock.wall(),
            held=[unread(r) for r in self._all_out()],
            answered=answered or (),
        )
        self._last_commit = self._clock.monotonic()

    def _beat(self) -> None:
        """A sign of life in the store at least every BEAT_EVERY, and a summary line."""
        now = self._clock.monotonic()
        if now - self._last_commit >= BEAT_EVERY:
            self._commit(self._must())
        if now - self._last_summary >= SUMMARY_EVERY:
            self._last_summary = now
            self._summary()

    def _must(self) -> Ledger:
        assert self.ledger is not None
        return self.ledger

    def _summary(self, final: bool = False) -> None:
        """One line of what was done since the last one."""
        done = {name: n - self._summed.get(name, 0) for name, n in self.counters.run.items()}
        self._summed = dict(self.counters.run)
        shown = self._summed if final else done
        names = ("events", "duplicates", "late", "pages", "calls", "rate_limited")
        self._log(
            "info",
            "stopped" if final else "collected",
            input=self.settings.input,
            **{name: shown.get(name, 0) for name in names},
            retries=sum(n for name, n in shown.items() if name.startswith("retry_")),
            backlog_s=self.backlog(),
            lag_s=round(self.lag(), 1) if self.ledger else 0,
        )
