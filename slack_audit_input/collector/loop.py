# SPDX-License-Identifier: Apache-2.0
"""The loop: ask what the engine says, take in what comes back, commit, and again.

One thread thinks; the pool's workers only wait for Slack. Time, waiting and randomness come
from outside, so that a day passes in seconds in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

from slack_audit_input.collector.calls import Calls, Stopped
from slack_audit_input.collector.commit import NO_COVERAGE, Committer, OfCoverage
from slack_audit_input.collector.counters import Counters
from slack_audit_input.collector.coverage import RECORDS_KEPT, Coverage
from slack_audit_input.collector.naming import ActionNames
from slack_audit_input.collector.opening import first_ledger, hear_slack, resumed
from slack_audit_input.collector.ports import Checkpoint, Clock, Log, Outcome, Pool, Sink
from slack_audit_input.collector.refusal import Refusals
from slack_audit_input.collector.retries import Retries, smaller_page
from slack_audit_input.collector.settings import Settings
from slack_audit_input.collector.work import Work
from slack_audit_input.engine.absorb import Absorbed, absorb, dropped, late_among
from slack_audit_input.engine.coverage import waived
from slack_audit_input.engine.delivered import HOUR
from slack_audit_input.engine.plan import add_backlog, reread
from slack_audit_input.engine.records import event_of, told
from slack_audit_input.engine.spans import within
from slack_audit_input.model.coverage import COMPLETE, DIFFERS, Tally
from slack_audit_input.model.errors import (
    CursorRejected,
    ProtocolError,
    RateLimited,
    Refused,
    Retryable,
    Superseded,
    Unfinished,
)
from slack_audit_input.model.event import Event, Page
from slack_audit_input.model.ledger import BACKLOG, COVERAGE, LIVE, Reading, Span
from slack_audit_input.slack.answers import page_of, params_of
from slack_audit_input.slack.budget import CallBudget
from slack_audit_input.slack.clock import SlackClock

#: Seconds between two summary lines.
SUMMARY_EVERY = 60.0
#: Pages that may wait to be taken in; with more, memory would grow with Slack's speed.
PAGES_AHEAD = 2
#: A coverage reading comes after everything else, but for one page in so many seconds.
COVERAGE_AT_LEAST = 60.0
#: Calls for coverage in a run that ends by itself.
COVERAGE_OF_ONCE = 30
#: How often a request without cursor and bad action may be refused before nobody knows why.
REFUSALS_ALLOWED = 2


class Collector:
    """Collects one input until it is stopped, or until it has caught up.

    ``owner``: who we are, for the store. ``random``: jitter. ``names``: known actions.
    """

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
        self._checkpoint = checkpoint
        self._sink = sink
        self._pool = pool
        self._clock = clock
        self._log = log
        self._owner = owner
        self._random = random or Random()
        self._names = names or ActionNames()
        self._filters = settings.filters
        self._accept = settings.filters.accept()
        self._live_at = float("-inf")
        self._live_failures = 0
        self._covered_at = float("-inf")
        # Polls fall on a random fraction of their second. Always on the same one, they would
        # never meet a Date that has just turned, and Slack's clock would stay badly known.
        self._phase = 0.0
        self._last_commit = self._last_summary = clock.monotonic()
        self._last_asked = float("-inf")
        self._summed: dict[str, int] = {}
        # What a sink has to count, if anything: totals since it was made.
        self._sink_counters: Callable[[], Mapping[str, int]] = getattr(sink, "counters", dict)
        self._sink_counted: dict[str, int] = {}
        self._work: Work | None = None

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
                if (once or not live) and self._nothing_left(live):
                    break
                outcome = self._calls.wait(self._pause(now, live))
                if outcome is not None:
                    self._take(outcome)
                self._beat()
            self._committer.owner = ""
            self._commit()
            self._summary("stopped", self.counters.run)
        except Stopped:
            self._log("info", "stopped", input=self.settings.input, note="before anything was read")
        except Unfinished as unfinished:
            # Memory is ahead of the store now, so nothing more may be committed.
            self._log("info", "stopped", input=self.settings.input, note=str(unfinished))
        finally:
            self._pool.close()

    def _nothing_left(self, live: bool) -> bool:
        """Has a run that ends by itself done all it is to do?"""
        if not self.work.nothing_left() or self._coverage.under_way():
            return False
        if not live or not self.settings.coverage:
            return True
        # A cron job is to end before its next one: a long history is covered bit by bit.
        spent = self.counters.run["coverage_calls"] >= COVERAGE_OF_ONCE
        return spent or not self._coverage.waiting(self.work.ledger)

    def hours_waiting(self) -> int:
        """Closed hours that wait for their coverage record."""
        return self._coverage.waiting(self.work.ledger) if self.settings.coverage else 0

    @property
    def work(self) -> Work:
        """What is being read; there once ``run`` has opened the state."""
        assert self._work is not None
        return self._work

    def silent(self) -> float:
        """Seconds since Slack's last good answer."""
        return self._clock.monotonic() - self._retries.last_good

    def budget_used(self) -> int:
        """Calls in the last minute."""
        return self.budget.used(self._clock.monotonic())

    def lag(self) -> float:
        """Seconds by which the live reading is behind Slack's clock."""
        slack_now = self.slack_clock.now(self._clock.monotonic())
        return max(0, slack_now - self.work.ledger.head)

    # -- beginning -------------------------------------------------------------------------

    def _open(self, stop: Callable[[], bool]) -> None:
        settings = self.settings
        state = self._checkpoint.load()
        if state is not None:
            self.counters = Counters(state.counters)
        self._calls = Calls(self._pool, self._clock, self.budget, self.counters, stop)
        self._retries = Retries(
            self._clock, self._random, self.counters, self._log, settings.give_up_after
        )
        self._refusals = Refusals(self._calls, self._clock, self._retries)
        hear_slack(self._calls, self._clock, self._retries, self.slack_clock, self._names)
        now = self.slack_clock.now(self._clock.monotonic())
        ledger = (
            first_ledger(settings, now)
            if state is None
            else resumed(state, settings, now, self._log)
        )
        self._work = Work(ledger, settings.levels, settings.page_size)
        self._coverage = Coverage(
            self._checkpoint,
            settings.levels,
            settings.page_size,
            settings.account,
            settings.input,
        )
        self._committer = Committer(
            self._sink,
            self._checkpoint,
            state.version if state else 0,
            settings.account,
            self._owner,
        )
        # Slack may have kept us waiting for minutes: the owner that we took for dead may not be.
        again = self._checkpoint.load()
        if (again and again[:1] + again[5:7]) != (state and state[:1] + state[5:7]):
            raise Superseded(f"another collector has input {settings.input!r}: this one stops")
        # Claims the input: a collector that read the same version and comes second stops here.
        self._commit()
        self._log(
            "info",
            "started",
            input=settings.input,
            account=settings.account,
            start=ledger.start,
            head=ledger.head,
            backlog_s=self.work.backlog(),
            clock_ahead_s=round(self.slack_clock.ahead, 1),
        )

    # -- what to ask next ------------------------------------------------------------------

    def _dispatch(self, now: float, live: bool) -> None:
        """Live first, then sweeps and backlog, as far as budget and workers allow."""
        if live and self._live_is_due(now) and self._calls.may_start(now, True):
            self._phase = self._random.random()
            reading = self.work.next_live(self.slack_clock.now(now))
            if reading is not None:
                self._ask(reading, urgent=True)
        # Beside a backlog of days, one call a minute: or records would be days late, too.
        if now - self._covered_at >= COVERAGE_AT_LEAST:
            self._ask_for_coverage(now, live)
        while self._may_ask():
            reading = self.work.next_waiting(now) or self.work.next_open()
            if reading is None and self.work.density and self._calls.may_start(now, False):
                reading = self.work.next_half()
                self.counters.add("cuts", reading is not None)
            if reading is None:
                self._ask_for_coverage(now, live)
                return
            urgent = reading.kind != BACKLOG
            if not self._calls.may_start(now, urgent):
                return
            self._ask(reading, urgent)

    def _may_ask(self) -> bool:
        """Is a worker free, and not too much waiting to be taken in?"""
        busy = self.work.workers_busy() + self._coverage.under_way()
        return busy < self.settings.workers and self._calls.arrived() < PAGES_AHEAD

    def _ask_for_coverage(self, now: float, live: bool) -> None:
        if not (live and self.settings.coverage and self._may_ask()):
            return
        reading = self._coverage.next(self.work.ledger, now)
        if reading is None or not self._calls.may_start(now, False):
            return
        self._covered_at = now
        self._coverage.begin(reading)
        self.counters.add("coverage_calls")
        self._calls.start(COVERAGE, "logs", params_of(reading, self._filters), False)

    def _live_is_due(self, now: float) -> bool:
        if now < self._live_at or self.work.live_under_way():
            return False
        due = self.work.live_due() + self._phase
        return self._live_failures > 0 or self.slack_clock.exact(now) >= due

    def _ask(self, reading: Reading, urgent: bool) -> None:
        ticket = self.work.begin(reading)
        self._calls.start(ticket, "logs", params_of(reading, self._filters), urgent)

    def _pause(self, now: float, live: bool) -> float:
        """Seconds until something may be due."""
        times = [self._last_commit + self.settings.beat_every - now]
        if live and not self.work.live_under_way():
            due = self.work.live_due() + self._phase - self.slack_clock.exact(now)
            times.append(max(due, self._live_at - now, self.budget.wait(now, True)))
        if self.work.workers_busy() < self.settings.workers:
            times += [
                max(at - now, self.budget.wait(now, kind != BACKLOG))
                for at, kind in self.work.ripe_at()
            ]
            at = self._coverage.at()
            if at is not None:
                times.append(max(at - now, self.budget.wait(now, False)))
            # An open window waits for the budget only; so does half of one.
            times.append(self.budget.wait(now, False) or self.settings.beat_every)
        return max(0.0, min(times))

    # -- what came back --------------------------------------------------------------------

    def _take(self, outcome: Outcome) -> None:
        if outcome.ticket == COVERAGE:
            reading: Reading | None = self._coverage.end()
        else:
            reading = self.work.end(outcome.ticket)
        if reading is None:
            return
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
            self._again(reading, 0.0)
        except CursorRejected:
            self.counters.add("cursor_rejected")
            self._log("info", "cursor_rejected", second=reading.top)
            self._without_cursor(reading, self.settings.page_size)
        except Refused as error:
            self._refused(reading, error)
        except Retryable as error:
            self._failed(reading, error, answer.body if answer else b"")
        else:
            if reading.kind == COVERAGE:
                self._cover(reading, page)
            else:
                self._absorb(reading, page)

    def _absorb(self, reading: Reading, page: Page) -> None:
        now = self._clock.monotonic()
        self._retries.good()
        if reading.kind == LIVE:
            self._live_failures = 0
        absorbed = absorb(
            self.work.ledger,
            reading,
            page,
            self._committer.index.of(page),
            self.slack_clock.now(now),
            self.work.readings(),
            self.settings.page_size,
        )
        self.work.ledger = absorbed.ledger
        self.work.later(absorbed.following, now)
        if reading.kind == BACKLOG and page.oldest is not None and reading.top > page.oldest:
            self.work.density = page.entries / (reading.top - page.oldest)
        self._count(reading, page, absorbed)
        self._coverage.delivered(absorbed.add)
        tallies: dict[int, Tally] = {}
        undated = {event.key for event in page.undated}
        late = [e for e in late_among(absorbed.fresh, reading) if e.key not in undated]
        if late:
            self.work.ledger, tallies = self._coverage.late(
                self.work.ledger, late, self.slack_clock.now(now)
            )
        rows = self._coverage.tallies.rows(tallies)
        self._commit(absorbed.fresh, absorbed.add, coverage=OfCoverage(rows))
        self._coverage.tallies.applied(tallies)

    def _cover(self, reading: Reading, page: Page) -> None:
        """Take in a page of a coverage reading."""
        self._retries.good()
        now = self.slack_clock.now(self._clock.monotonic())
        taken = self._coverage.take(self.work.ledger, reading, page, now)
        self.work.ledger = taken.ledger
        if taken.fresh:
            # The index must know these minutes before it can add to them.
            self._committer.index.of(page._replace(events=taken.fresh, undated=[]))
        add = self.counters.add
        add("coverage_missing", len(taken.fresh))
        add("coverage_repaired", len(taken.fresh))
        add("events", len(taken.fresh))
        add("hours_covered", len(taken.records))
        for record in taken.records:
            add("coverage_missing", record.found.short)
            add("coverage_differs", record.state == DIFFERS)
            if record.state != COMPLETE:
                self._log("warning", "hole", **told(record))
        floor = self.work.ledger.head // HOUR - RECORDS_KEPT if taken.records else None
        records = [event_of(record) for record in taken.records]
        self._commit(taken.fresh, taken.add, coverage=OfCoverage(taken.rows, records, floor))
        self._coverage.tallies.applied(taken.tallies)

    def _count(self, reading: Reading, page: Page, absorbed: Absorbed) -> None:
        add = self.counters.add
        add("pages")
        add("entries", page.entries)
        add("capacity", max(reading.limit, page.entries))
        add("events", len(absorbed.fresh))
        add("duplicates", absorbed.duplicates)
        add("outside", absorbed.outside)
        add("undated", len(page.undated))
        add("odd", page.odd)
        add("unproven_ends", absorbed.unproven_end)
        add("unordered", not page.ordered)
        self.counters.add_late(absorbed.lateness, reading.level)
        for name in self._names.unknown(page.actions):
            if self.counters.add_unknown(name):
                self._log("warning", "unknown_action", name=name, note="delivered all the same")

    def _again(self, reading: Reading, delay: float) -> None:
        """Ask the same again later; a live reading is planned anew instead."""
        at = self._clock.monotonic() + delay
        if reading.kind == COVERAGE:
            self._coverage.later(reading, at)
        elif reading.kind == LIVE:
            self._live_at = at
        else:
            self.work.later(reading, at)

    def _without_cursor(self, reading: Reading, limit: int, delay: float = 0.0) -> None:
        at = self._clock.monotonic() + delay
        if reading.kind == COVERAGE:
            self._coverage.without_cursor(reading, limit, at)
            return
        following = dropped(self.work.ledger, reading, self.work.readings(), limit)
        if following is not None:
            self.work.later(following._replace(attempts=reading.attempts), at)

    def _failed(self, reading: Reading, error: Retryable, evidence: bytes) -> None:
        if reading.kind == LIVE:
            self._live_failures += 1
            reading = reading._replace(attempts=self._live_failures)
        else:
            reading = reading._replace(attempts=reading.attempts + 1)
        delay = self._retries.delay(error, reading.attempts, evidence)
        limit = smaller_page(error, reading.attempts, self.settings.page_size)
        if reading.kind != LIVE and limit < reading.limit:
            # A cursor must match the request that gave it, so it goes with the page size.
            self._without_cursor(reading, limit, delay)
        else:
            self._again(reading, delay)

    def _refused(self, reading: Reading, error: Refused) -> None:
        """A 400 without a cursor: an action name, our clock, or something nobody knows."""
        if "action" in self._filters.params() and error.code in ("", "invalid_action"):
            refused = self._refusals.among(self._filters)
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
                self._again(reading, 0.0)
                return
        attempts = self._live_failures if reading.kind == LIVE else reading.attempts
        if attempts >= REFUSALS_ALLOWED:
            raise ProtocolError(
                f"{error}, without a cursor, {attempts + 1} times in a row (is --start earlier "
                "than the organization's audit log?). The checkpoint is kept"
            )
        self.slack_clock.distrust()
        self._failed(reading, Retryable(str(error), "range"), b"")

    # -- the store -------------------------------------------------------------------------

    def _take_requests(self, now: float) -> None:
        """Fold in what other processes have asked: a backfill, or a stretch to read again."""
        if now - self._last_asked < 1.0:
            return
        self._last_asked = now
        requests = self._checkpoint.requests()
        for request in requests:
            span = Span(request.oldest, request.latest)
            fold = reread if request.kind == "reread" else add_backlog
            self.work.ledger = fold(self.work.ledger, span)
            if request.kind == "backfill" and not self.settings.coverage_history:
                self.work.ledger = waived(
                    self.work.ledger, *within(span, self.work.backlog_windows())
                )
            self._log("info", "asked", kind=request.kind, oldest=span.oldest, latest=span.latest)
        if requests:
            self._commit(answered=[request.number for request in requests])

    def _commit(
        self,
        fresh: Sequence[Event] = (),
        add: Mapping[int, Mapping[int, None]] | None = None,
        answered: Sequence[int] = (),
        coverage: OfCoverage = NO_COVERAGE,
    ) -> None:
        self.counters.add("commits")
        # As of the last write: what this one brings is in the next commit.
        for name, count in self._sink_counters().items():
            self.counters.add(name, count - self._sink_counted.get(name, 0))
            self._sink_counted[name] = count
        self.counters.hours_waiting = self.hours_waiting()
        self._committer.deliver(
            fresh,
            add or {},
            self.work.ledger,
            counters=self.counters.to_json(),
            filters=self.settings.filters.text(),
            beat=self._clock.wall(),
            held=self._held(),
            answered=answered,
            coverage=coverage,
        )
        self._last_commit = self._clock.monotonic()

    def _held(self) -> list[Span]:
        """Seconds whose minutes may not leave the delivered index yet."""
        covering = self._coverage.held(self.work.ledger) if self.settings.coverage else []
        return [*self.work.spans(), *covering]

    def _beat(self) -> None:
        """A sign of life in the store at least every ``beat_every``, and a summary line."""
        now = self._clock.monotonic()
        if now - self._last_commit >= self.settings.beat_every:
            self._commit()
        if now - self._last_summary >= SUMMARY_EVERY:
            self._last_summary = now
            run = self.counters.run
            self._summary("collected", {n: c - self._summed.get(n, 0) for n, c in run.items()})
            self._summed = dict(run)

    def _summary(self, action: str, done: Mapping[str, int]) -> None:
        """One line of what was done."""
        names = ("events", "duplicates", "late", "pages", "calls", "rate_limited")
        self._log(
            "info",
            action,
            input=self.settings.input,
            **{name: done.get(name, 0) for name in names},
            retries=sum(n for name, n in done.items() if name.startswith("retry_")),
            backlog_s=self.work.backlog(),
            lag_s=round(self.lag(), 1),
        )
