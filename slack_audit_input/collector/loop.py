# SPDX-License-Identifier: Apache-2.0
"""The loop: ask what the engine says, take in what comes back, commit, and again.

One thread thinks; the pool's workers only wait for Slack. Time, waiting and randomness come
from outside, so that a day passes in seconds in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

from slack_audit_input.collector.around import Around
from slack_audit_input.collector.calls import Calls, Stopped
from slack_audit_input.collector.commit import NO_COVERAGE, Committer, OfCoverage
from slack_audit_input.collector.counters import Counters
from slack_audit_input.collector.coverage import Coverage
from slack_audit_input.collector.dispatch import Dispatch
from slack_audit_input.collector.intake import Intake
from slack_audit_input.collector.naming import ActionNames
from slack_audit_input.collector.opening import first_ledger, hear_slack, resumed
from slack_audit_input.collector.ports import Checkpoint, Clock, Log, Pool, Sink
from slack_audit_input.collector.refusal import Refusals
from slack_audit_input.collector.retries import Retries
from slack_audit_input.collector.setbacks import Setbacks
from slack_audit_input.collector.settings import Settings
from slack_audit_input.collector.work import Work
from slack_audit_input.engine.coverage import waived
from slack_audit_input.engine.plan import add_backlog, reread
from slack_audit_input.engine.spans import within
from slack_audit_input.model.errors import Superseded, Unfinished
from slack_audit_input.model.event import Event
from slack_audit_input.model.ledger import Ledger, Span
from slack_audit_input.slack.budget import CallBudget
from slack_audit_input.slack.clock import SlackClock

#: Seconds between two summary lines.
SUMMARY_EVERY = 60.0
#: Seconds between two looks for what other processes ask; when idle, little else is done.
REQUESTS_EVERY = 2.0


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
            self._open(stop, live)
            while not stop():
                now = self._clock.monotonic()
                self._take_requests(now)
                self._dispatch.start(now)
                if watch:
                    watch(self)
                if (once or not live) and self._dispatch.nothing_left():
                    break
                beat = max(0.0, self._last_commit + self.settings.beat_every - now)
                outcome = self._calls.wait(min(beat, self._dispatch.pause(now)))
                if outcome is not None:
                    self._intake.take(outcome)
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

    def _open(self, stop: Callable[[], bool], live: bool) -> None:
        settings = self.settings
        state = self._checkpoint.load()
        if state is not None:
            self.counters = Counters(state.counters)
            # Slack's limit does not begin anew with us.
            wall = self._clock.wall()
            ages = [wall - moment for moment in self.counters.called]
            self.budget.remember(self._clock.monotonic(), ages)
        self.counters.watch = self.counters.watch.under(settings.levels)
        self._calls = Calls(self._pool, self._clock, self.budget, self.counters, stop)
        self._retries = Retries(
            self._clock, self._random, self.counters, self._log, settings.give_up_after
        )
        hear_slack(self._calls, self._clock, self._retries, self.slack_clock, self._names)
        now = self.slack_clock.now(self._clock.monotonic())
        ledger = (
            first_ledger(settings, now)
            if state is None
            else resumed(state, settings, now, self._log)
        )
        self._set_up(ledger, state.version if state else 0, live)
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

    def _set_up(self, ledger: Ledger, version: int, live: bool) -> None:
        """Put together what works on ``ledger``, whose commits go on from ``version``."""
        settings, checkpoint = self.settings, self._checkpoint
        levels, limit, account = settings.levels, settings.page_size, settings.account
        self._work = Work(ledger, levels, limit)
        self._coverage = Coverage(checkpoint, levels, limit, account, settings.input)
        self._committer = Committer(self._sink, checkpoint, version, account, self._owner)
        around = Around(
            settings,
            self._clock,
            self.slack_clock,
            self.budget,
            self.counters,
            self._log,
            self._names,
            self._random,
        )
        work, coverage = self._work, self._coverage
        self._dispatch = Dispatch(around, work, coverage, self._calls, live)
        refusals = Refusals(self._calls, self._clock, self._retries)
        setbacks = Setbacks(around, work, coverage, self._dispatch, self._retries, refusals)
        self._intake = Intake(
            around,
            work,
            coverage,
            self._dispatch,
            setbacks,
            self._retries,
            self._committer.index,
            self._commit,
        )

    # -- the store -------------------------------------------------------------------------

    def _take_requests(self, now: float) -> None:
        """Fold in what other processes have asked: a backfill, or a stretch to read again."""
        if now - self._last_asked < REQUESTS_EVERY:
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
        wall = self._clock.wall()
        recent = self.budget.recent(self._clock.monotonic())
        self.counters.called = [wall - age for age in recent]
        self._committer.deliver(
            fresh,
            add or {},
            self.work.ledger,
            counters=self.counters.to_json(),
            filters=self.settings.filters.text(),
            beat=wall,
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
