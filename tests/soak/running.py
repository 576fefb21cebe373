# SPDX-License-Identifier: Apache-2.0
"""One soak of one host, from an empty folder to its books."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from slack_audit_input.engine.delivered import HOUR
from slack_audit_input.engine.ledger import from_json
from slack_audit_input.engine.sweeps import parse_levels
from tests.soak import books, covered
from tests.soak.addon import SplunkHost
from tests.soak.clock import FastClock
from tests.soak.day import Day, Host
from tests.soak.pace import Pace
from tests.soak.plan import DAY, all_day, bursts, measure, plan
from tests.soak.plan import SHORT as SHORT_DAY
from tests.soak.records import keep
from tests.soak.slack import COMMAND, Slack, slack
from tests.soak.standalone import PAGE, Standalone

HOSTS = ("standalone", "addon")
#: The collector's own sweeps, and those of a day that is too short for them.
USUAL = "60:180,600:1800,21600:86400"
SHORT = "60:180,300:1500"
#: 2026-03-13, a Friday, 00:00 UTC: the last day of the week that the dashboards show, which
#: ends when it does. A short day begins at nine, when there is something to collect.
MIDNIGHT = 1_773_360_000
NINE = MIDNIGHT + 9 * 3600
#: A page of the add-on's has no other size.
PAGE_OF = {"standalone": PAGE, "addon": 500}
#: The machine's seconds for what is left to read when the quiet hours are over.
PATIENCE = 180.0
#: The same for which a fault of a short day waits to be met.
PATIENCE_OF_FAULTS = 10.0


class Form(NamedTuple):
    """How long, how fast, and how many; see the options of ``python -m tests.soak``.

    ``command``: what the stand-alone collector is started with. ``records``: see ``records.py``.
    """

    seconds: float = 86_400.0
    speed: float = 48.0
    tail_speed: float = 240.0
    kills: int = 1000
    events: float = 60_000
    seed: int = 1
    sweeps: str = USUAL
    python: str = "3.9"
    command: tuple[str, ...] = (COMMAND,)
    records: Path | None = None

    @property
    def begin(self) -> int:
        """When the day begins, unix seconds of the fast clock."""
        if self.seconds < SHORT_DAY:
            return NINE
        # Part of a day is its end: that is when the dashboards are looked at.
        return MIDNIGHT + max(0, int(DAY - self.seconds))


def soak(name: str, folder: Path, form: Form) -> dict[str, Any]:
    """The books of a day under fire, and of the quiet hours until all sweeps have passed it."""
    folder.mkdir(parents=True)
    deepest = parse_levels(form.sweeps, 5)[-1]
    most = deepest.depth - deepest.period
    # A fifth is late as a rule by little; one in a hundred by anything up to what is promised.
    late = (
        "0.15:1-10",
        f"0.04:10-{min(900, most)}",
        f"0.01:{min(60, most / 10):.0f}-{most}:heavy",
    )
    page = measure(PAGE_OF[name], form.events)
    peaks = bursts(form.begin, form.seconds, form.seed, page)
    clock = FastClock(folder, form.begin - 1, form.speed)
    # Slack's own, or so short that a short day has some.
    life = min(43_200.0, max(240.0, form.seconds / 3))
    with slack(
        clock,
        form.seed,
        a_day=form.events,
        late=late,
        bursts=peaks,
        faults=all_day(form.seconds < SHORT_DAY),
        token_life=life,
    ) as there:
        host = _host(name, folder, clock, there, form)
        try:
            pace = Pace(clock, form.speed)
            patience = PATIENCE_OF_FAULTS if form.seconds < SHORT_DAY else 0.0
            day = Day(host, there, pace, form.begin, form.seed, patience)
            end = form.begin + int(form.seconds)
            there.ends(end)
            _say(f"{name}: the day begins")
            began = time.monotonic()
            day.live(plan(name, form.seconds, form.kills, form.seed), form.seconds)
            _say(f"{name}: the day is over; until all sweeps have passed it")
            took = time.monotonic() - began
            pace.speed = form.tail_speed
            # The deepest sweep passes what is as late as can be, and what it found is covered.
            day.live([], form.seconds + deepest.depth + max(HOUR, 0.05 * deepest.depth))
            finished = day.finish(form.seconds, PATIENCE)
            pace.speed = form.speed
            code = day.end()
            found = _books(day, there, form, deepest.depth - deepest.period)
            checks = [
                books.Check("everything is read and covered at the end", str(finished), finished),
                books.Check("the last life ends in good order", f"exit {code}", code == 0),
            ]
            found = books.closed({**found, "speed_on_average": form.seconds / took}, checks)
            if form.records is not None and isinstance(host, SplunkHost):
                keep(host, form.begin, end, found, form.records)
            return found
        finally:
            host.close()
            clock.close()


def _host(name: str, folder: Path, clock: FastClock, there: Slack, form: Form) -> Host:
    if name == "standalone":
        return Standalone(folder, clock, there, form.sweeps, form.command)
    return SplunkHost(folder, clock, there, form.sweeps, form.python)


def _books(day: Day, there: Slack, form: Form, deepest: float) -> dict[str, Any]:
    host = day.host
    # Where the input began: at "-6h" from when it first came so far as to know Slack's time.
    with host.left() as left:
        state = left.load()
    assert state is not None
    begin, end = from_json(state.ledger).start, form.begin + int(form.seconds)
    truth = there.truth(begin, end - 1)
    every = there.truth(0, end - 1)
    before = {row.id for row in every if row.second < begin}
    counters = there.control("counters")
    more = {"receiver": getattr(host, "unacknowledged", 0)}
    outputs, flights, records = {}, {}, {}
    for name, tally in host.tallies.items():
        for known in before & tally.counts.keys():
            del tally.counts[known]
        flights[name] = books.in_flight(day.ends, name)
        bound = sum(flights[name]) + more.get(name, 0)
        outputs[name] = books.output(truth, tally, bound, form.begin)
        mine = host.coverage()[name]
        wrong = covered.wrong(mine, every, begin, end - 1)
        records[name] = {"hours": len(covered.last_of(mine)), "records": len(mine), **wrong}
    kills = books.lives(day.ends)
    shrunk = getattr(host, "shrunk", 0)
    checks = [
        *books.of_slack(truth, measure(PAGE_OF[host.name], form.events), deepest),
        *books.struck(counters, day.struck, {**host.met(), "kill": kills["kills"]}),
        *books.of_coverage(records),
        *books.of_lives(kills, form.kills),
        books.Check("a file that became shorter", f"{shrunk} times", not shrunk),
    ]
    return {
        "host": host.name,
        "form": {**form._asdict(), "command": Path(form.command[-1]).name, "records": None},
        "generated": len(truth),
        "outputs": {name: one._asdict() for name, one in outputs.items()},
        "in_flight_at_kills_and_exits": flights,
        "coverage": records,
        "last_to_come": {
            name: books.last_to_come([row for row in truth if row.second >= form.begin], tally)
            for name, tally in host.tallies.items()
        },
        "lost": {name: books.lost(truth, tally) for name, tally in host.tallies.items()},
        "lives": kills,
        "peak_memory_mb": round(day.peak, 1),
        "calls": sum(counters["calls"].values()),
        "calls_of_logs": counters["calls"].get("logs", 0),
        "most_calls_in_a_minute": max(counters["calls_per_minute"].values(), default=0),
        "statuses": counters["statuses"],
        "faults": counters["faults"],
        "struck": dict(day.struck),
        "most_seconds_behind_the_plan": round(day.late, 1),
        "facts": host.facts(),
        "checks": [check._asdict() for check in checks],
        "failures": books.failures(outputs, checks),
    }


def _say(words: str) -> None:
    sys.stderr.write(f"soak: {words}\n")
    sys.stderr.flush()
