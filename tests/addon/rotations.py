# SPDX-License-Identifier: Apache-2.0
"""Rotations of an account in Splunk, with kills between the steps: is anybody ever locked out?

    python -m tests.addon.rotations --count 60

Each is made by processes on Splunk's Python with the built package's own code, against the double
of splunkd, whose credential storage has pieces and no transactions, and the emulator over HTTP. One
is killed by SIGKILL before or after a random request of its to splunkd, or before or after its call
to Slack; beside it, in half of them, a second one runs on the same account. Then another starts,
within the grace, and must read the audit log with a pair that was refreshed. A lockout is a start
that cannot; the exit code is 1 if there was one.

`--plant` keeps the pair as solnlib would, over the one before, to see that this is caught.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from slack_audit_input.emulator import EmulatorOptions, start
from tests.addon.world import Addon
from tests.splunkd.places import package, splunks_python
from tests.splunkd.splunkd import Splunkd

#: Seconds of the emulator's that a spent refresh token is taken again.
GRACE = 60.0
HOUR = 3600.0
#: Requests to splunkd that one rotation makes, or a few more.
REQUESTS = 50
#: Pieces that the planted mistake writes in one rotation.
PIECES = 12
ONE = Path(__file__).with_name("rotating.py")


class Plan(NamedTuple):
    """``step``: before or after which request to die, "" for never. ``two``: not alone."""

    step: str
    two: bool
    after: float


def _plan(chance: random.Random, number: int, plant: str) -> Plan:
    step = ("splunkd", "splunkd", "splunkd", "slack before", "slack after", "")[number % 6]
    if plant:
        step = f"piece {1 + number % PIECES}"
    elif step == "splunkd":
        when = chance.choice(("before", "after"))
        step = f"splunkd {when} {chance.randrange(1, REQUESTS)}"
    return Plan(step, chance.random() < 0.5, chance.choice((8.5, 11.0, 12.5, 40.0)) * HOUR)


def _start(world: Addon, now: float, plan: Plan, plant: str) -> subprocess.Popen[str]:
    given = {
        "lib": str(world.splunkd.home / "etc/apps/slack_audit_input/lib"),
        "port": world.splunkd.port,
        "key": world.splunkd.session_key,
        "now": now,
        "die": plan.step,
        "plant": plant,
    }
    return subprocess.Popen(
        [str(world.splunkd.python), str(ONE), json.dumps(given)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any], str]:
    out, err = process.communicate(timeout=150)
    return process.returncode, json.loads(out or "{}"), err


def run(count: int, seed: int, plant: str, folder: Path) -> dict[str, Any]:
    """So many rotations. What came of them."""
    chance = random.Random(seed)
    kills: Counter[str] = Counter()
    lockouts: list[str] = []
    rotations = two = serial = asked = 0
    began = time.monotonic()
    options = EmulatorOptions(
        calls_per_minute=0, history_days=1, events_per_day=500, frozen=True, refresh_grace=GRACE
    )
    with start(options) as slack, Splunkd(folder, splunks_python("3.9")) as splunkd:
        splunkd.install(package())
        world = Addon(splunkd, slack)
        world.sign_in()
        for number in range(count):
            plan = _plan(chance, number, plant)
            slack.control.clock.step(plan.after)
            now = slack.control.clock.now()
            running = [_start(world, now, plan, plant)]
            if plan.two:
                running.append(_start(world, now, plan._replace(step=""), plant))
            codes = [_ended(process)[0] for process in running]
            kills[plan.step.rpartition(" ")[0] or plan.step] += codes[0] == -9
            two += plan.two
            slack.control.clock.step(chance.uniform(0.0, GRACE - 5.0))
            last = plan._replace(step="")
            code, said, err = _ended(_start(world, slack.control.clock.now(), last, plant))
            if code or said["serial"] <= serial:
                lockouts.append(f"{plan}: {code} {said} {err[-500:]}")
                world.sign_in()
                serial = 0
                continue
            rotations += 1
            serial = said["serial"]
            asked = max(asked, said["asked"])
        left = len(json.loads(_passwords(world))["entry"])
        grants = slack.control.counters()["grants"]
    return {
        "rounds": count,
        "rotations": rotations,
        "kills": sum(kills.values()),
        "kills_by_place": dict(kills),
        "with_two_processes": two,
        "refreshes": grants["refreshes"],
        "refreshes_in_grace": grants["refreshes_in_grace"],
        "requests_at_most": asked,
        "lockouts": len(lockouts),
        "first_lockouts": lockouts[:3],
        "credentials_left": left,
        "seconds": round(time.monotonic() - began, 1),
    }


def _passwords(world: Addon) -> bytes:
    path = "/servicesNS/nobody/slack_audit_input/storage/passwords?output_mode=json&count=-1"
    return world.splunkd.call("GET", path).body


def main() -> None:
    parser = argparse.ArgumentParser(description="Rotations in Splunk with kills.")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plant", choices=("written-over",), default="", help="a mistake")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(given.count, given.seed, given.plant, Path(folder) / "splunk")
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    sys.exit(1 if found["lockouts"] else 0)


if __name__ == "__main__":
    main()
