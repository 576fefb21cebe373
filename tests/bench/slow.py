# SPDX-License-Identifier: Apache-2.0
"""A backfill from a Slack that answers slowly, within the usual rate limit."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from tests.bench.backfill import PATIENCE
from tests.bench.bench import Bench
from tests.bench.children import (
    EVENTS_PER_DAY,
    back_to,
    command,
    emulator,
    environment,
    measured,
)
from tests.bench.table import Figure
from tests.bench.truth import compare, truth

ANSWER_SECONDS = 3
CALLS_A_MINUTE = 50
#: Seconds cut off at either end for the figure without running in and out.
_ENDS = 10.0


def slow(bench: Bench) -> None:
    """C: how much of the call budget and of the pages a backfill uses."""
    history = ("--events-per-day", EVENTS_PER_DAY, "--history-days", 60)
    limits = ("--answer-time", ANSWER_SECONDS, "--calls-per-minute", CALLS_A_MINUTE)
    with emulator(*history, *limits) as slack:
        latest = slack.began - 1
        wanted = truth(slack, back_to(bench.sizes.slow_events, latest), latest)
        bench.note(f"C: {wanted.entries:,} events, {wanted.entries / 9999 / 50 + 0.1:.1f} minutes")
        output, state = bench.fresh("collector.ndjson"), bench.fresh("state.db")
        where = ("--api-url", slack.base_url, "--state", state, "--output-file", output)
        stretch = ("--from", wanted.oldest, "--to", latest)
        budget = ("--max-calls-per-minute", CALLS_A_MINUTE)
        cost = measured(command("backfill", *stretch, *where, *budget), bench.folder, PATIENCE)
        bench.check("C: slow answers", compare(slack, wanted, output))
        output.unlink()
        moments = [call["at"] for call in slack.control("calls")]
        refused = slack.control("counters")["rate_limited"]
    counters = _status(state)["counters"]
    filled = counters["entries"] / counters["capacity"]
    words = f"answers of {ANSWER_SECONDS} s, {CALLS_A_MINUTE} calls a minute"
    bench.add(
        _share("slow.budget", f"{words}: budget used", used(moments), "≥ 95 %"),
        _share("slow.budget_middle", "  without the first and last 10 s", middle(moments)),
        _share("slow.budget_wall", "  of the process's whole life", len(moments) / _may(cost.wall)),
        _share("slow.filled", "  page capacity filled", filled, "≥ 97 %")._replace(cost=cost),
        Figure("slow.calls", "  calls", len(moments), f"{len(moments):,}"),
        Figure("slow.rate_limited", "  answers 429", refused, str(refused), "0"),
    )


def used(moments: Sequence[float]) -> float:
    """Share of the budget from the first to the last call (unix seconds, in order).

    A call owns the time up to the next, so the last has its own 60 / 50 seconds as well.
    """
    return len(moments) / _may(moments[-1] - moments[0] + 60 / CALLS_A_MINUTE)


def middle(moments: Sequence[float]) -> float:
    """The same without the first and last seconds."""
    first, last = moments[0] + _ENDS, moments[-1] - _ENDS
    return used([moment for moment in moments if first <= moment <= last] or [0.0])


def _may(seconds: float) -> float:
    """Calls that the budget allows in that time."""
    return CALLS_A_MINUTE * seconds / 60


def _share(name: str, what: str, value: float, target: str = "") -> Figure:
    return Figure(name, what, value, f"{100 * value:.1f} %", target)


def _status(state: object) -> Any:
    line = command("status", "--json", "--state", state)
    done = subprocess.run(line, env=environment(), stdout=subprocess.PIPE, check=True, timeout=60)
    return json.loads(done.stdout)
