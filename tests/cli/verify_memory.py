# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.cli.verify_memory``: what `verify` takes over a day, and over 60 days.

Against the emulator, with the installed command: peak memory, calls, seconds; then the same with
the host's own file; then the size of the temporary file for a million ids.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from slack_audit_input.emulator import EmulatorOptions, start
from slack_audit_input.hosts.cli.held import Held
from tests.cli.command import COMMAND, PLENTY

DAYS = 60
A_DAY = 20_000


def main() -> int:
    """Print the figures."""
    options = EmulatorOptions(events_per_day=A_DAY, history_days=DAYS + 1, calls_per_minute=0)
    with start(options) as slack, tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        environment = {
            **os.environ,
            "SLACK_AUDIT_API_URL": slack.base_url,
            "SLACK_AUDIT_TOKEN": slack.token,
            "SLACK_AUDIT_STATE": str(base / "state.sqlite"),
            "SLACK_AUDIT_OUTPUT_FILE": str(base / "events.ndjson"),
            **PLENTY,
        }
        run(environment, base, "run", "--once", "--start", f"-{DAYS}d")
        for arguments in (
            ("--from", "-1d"),
            ("--from", f"-{DAYS}d"),
            ("--from", f"-{DAYS}d", "--against", str(base / "events.ndjson")),
        ):
            text, seconds, peak = run(
                environment, base, "verify", "--json", "--report", str(base / "report"), *arguments
            )
            found = json.loads(text)
            size = (base / "report.json").stat().st_size
            sys.stdout.write(
                f"verify {' '.join(arguments[:3])}: {found['entries']} entries, {found['hours']} "
                f"hours, {found['calls']} calls, {seconds:.1f} s, peak {peak / 1024:.1f} MB, "
                f"report {size / 1e6:.2f} MB\n"
            )
            sys.stdout.flush()
        ids(base)
    return 0


def ids(base: Path) -> None:
    """A million ids in the temporary file."""
    r, path = Random(1), base / "ids"
    with path.open("w") as file:
        for _ in range(1_000_000):
            file.write(f"{r.getrandbits(128):032x}\n")
    held, began = Held([str(path)]), time.monotonic()
    held.read()
    seconds = time.monotonic() - began
    sys.stdout.write(
        f"{held.keys} ids: {held.size() / 1e6:.1f} MB of temporary file, {seconds:.1f} s\n"
    )
    held.close()


def run(environment: dict[str, str], base: Path, *arguments: str) -> tuple[str, float, int]:
    """What a command printed, its seconds, its peak memory in KiB."""
    began = time.monotonic()
    with (base / "err").open("wb") as err:
        process = subprocess.Popen(
            [str(COMMAND), *arguments], env=environment, stdout=subprocess.PIPE, stderr=err
        )
        assert process.stdout is not None
        text = process.stdout.read().decode()
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.stderr.write((base / "err").read_text())
        raise SystemExit(f"{arguments[0]} ended with {process.returncode}")
    return text, time.monotonic() - began, used.ru_maxrss


if __name__ == "__main__":
    sys.exit(main())
