# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.bench.dense``: hours of a large organization, at a scale of 1 to 100.

Pages of 100 entries instead of 10,000, and a hundredth of the events: calls, windows and delays are
those of the whole, on a virtual clock. Slack answers in 0.5 to 1.5 s. A fifth of the events appears
1 to 10 s late.
"""

from __future__ import annotations

import argparse
import random
import sys

from slack_audit_input.collector.loop import Collector
from slack_audit_input.collector.settings import Settings
from slack_audit_input.engine.sweeps import parse_levels
from tests.bench.scale import DEFAULT_SWEEPS
from tests.fakes.slack import FakeSlack, entry
from tests.fakes.world import (
    EPOCH,
    FakeClock,
    Host,
    HostSink,
    Memory,
    MemoryCheckpoint,
    VirtualPool,
)

DAY = 86_400
SCALE = 100


def run(a_day: float, hours: float, poll: int, sweeps: str) -> str:
    """A line of figures."""
    r = random.Random(7)
    end = EPOCH + round(hours * 3600)
    entries = []
    for number in range(round(a_day / SCALE / DAY * (end - EPOCH))):
        second = EPOCH + r.randrange(end - EPOCH)
        late = r.uniform(1, 10) if r.random() < 0.2 else 0.0
        entries.append(entry(second, second + r.random() + late, number))
    slack = FakeSlack(entries)
    clock = FakeClock(skew=0.0)
    host = Host(clock)
    collector = Collector(
        Settings("dense", "org", EPOCH, levels=parse_levels(sweeps, poll), page_size=9999 // SCALE),
        MemoryCheckpoint(Memory()),
        HostSink(host),
        VirtualPool(clock, slack.get, lambda: 0.5 + r.random()),
        clock,
        lambda *_args, **_fields: None,
        random=r,
    )
    collector.run(stop=lambda: clock.now >= end)
    delays = sorted(host.first[e.text] - e.visible_at for e in entries if e.text in host.first)
    visible = sum(e.visible_at < end - 15 for e in entries)
    waiting = sum(e.visible_at < end - 15 and e.text not in host.first for e in entries)
    return (
        f"{a_day / 1e6:5.0f} M a day, {poll} s, {sweeps}, {hours:.0f} h: delay median "
        f"{delays[len(delays) // 2]:.1f} s, 95 % {delays[len(delays) * 95 // 100]:.1f} s, longest "
        f"{delays[-1]:.0f} s; waiting {100 * waiting / visible:.1f} %; repeated {host.repeated}; "
        f"{len(slack.calls) / hours / 60:.1f} calls a minute"
    )


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[1])
    parser.add_argument("--events-per-day", type=float, nargs="*", default=[5e6, 50e6, 500e6])
    parser.add_argument("--hours", type=float, default=8)
    parser.add_argument("--poll-every", type=int, default=5)
    parser.add_argument("--sweeps", default=DEFAULT_SWEEPS)
    given = parser.parse_args()
    for a_day in given.events_per_day:
        print(run(a_day, given.hours, given.poll_every, given.sweeps), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
