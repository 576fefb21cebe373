# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.soak``: a day under fire, and its books. Exit 0 only if they are right."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.soak.plan import SHORT as SHORT_DAY
from tests.soak.report import text
from tests.soak.running import HOSTS, SHORT, USUAL, Form, soak
from tests.soak.slack import COMMAND

PLANTED = (sys.executable, "-m", "tests.soak.planted")


def main(arguments: list[str] | None = None) -> int:
    """Run it, write the books, and say what they say."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--host", choices=(*HOSTS, "both"), default="both")
    parser.add_argument("--hours", type=float, default=24.0, help="of the day under fire")
    parser.add_argument("--speed", type=float, default=48.0, help="seconds in one of the machine's")
    parser.add_argument("--tail-speed", type=float, default=240.0, help="after the day")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument(
        "--events", type=float, default=60_000, help="a day; of fewer, bursts are smaller"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sweeps", help=f"default: the collector's; below 8 hours {SHORT}")
    parser.add_argument("--python", default="3.9", help="that runs the add-on")
    parser.add_argument("--planted", action="store_true", help="with a bug, which must be found")
    parser.add_argument("--records", type=Path, help="where what the add-on's Splunk has is kept")
    parser.add_argument("--json", type=Path, help="where the books go as JSON")
    parser.add_argument("--keep", type=Path, help="a folder for what the processes leave")
    given = parser.parse_args(arguments)
    form = Form(
        seconds=given.hours * 3600,
        speed=given.speed,
        tail_speed=max(given.speed, given.tail_speed),
        kills=given.kills,
        events=given.events,
        seed=given.seed,
        sweeps=given.sweeps or (USUAL if given.hours * 3600 >= SHORT_DAY else SHORT),
        python=given.python,
        records=given.records,
        command=PLANTED if given.planted else (COMMAND,),
    )
    # Ended by a signal, too, it leaves no process and no mount behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wrong = 0
    for host in HOSTS if given.host == "both" else (given.host,):
        with tempfile.TemporaryDirectory(prefix="slack-audit-soak-") as folder:
            began = time.monotonic()
            found = soak(host, Path(given.keep or folder) / host, form)
        found["took_s"] = round(time.monotonic() - began, 1)
        sys.stdout.write(text(found) + "\n")
        sys.stdout.flush()
        path = given.json or Path(f"soak-{host}.json")
        if given.json and given.host == "both":
            path = path.with_name(f"{path.stem}-{host}{path.suffix}")
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="ascii")
        wrong += bool(found["failures"])
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
