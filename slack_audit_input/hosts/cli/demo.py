# SPDX-License-Identifier: Apache-2.0
"""``demo``: the real collector against the emulator, killed once, and every event counted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NoReturn

import click

from slack_audit_input.hosts.cli import options
from slack_audit_input.hosts.cli.demo_view import Figures, LiveView, PlainView, Result, compared
from slack_audit_input.hosts.cli.status import describe
from slack_audit_input.model.errors import StoreError
from slack_audit_input.stores.sql import SqlState

PER_DAY = 60_000
LIVE_RATE = 10
#: A day of history is 10 of these pages and a few more: about 25 s within the call budget.
PAGE_SIZE = 6_000
#: Events appear up to 9 s after their second. Live readings, every 5 s and 15 s deep, find what
#: appears within 10 s; what is later waits for a sweep, up to a minute, longer than a demo lasts.
SETTLE = 13.0
#: Seconds on top of --seconds after which what is still missing counts as lost.
GRACE = 15.0
FAULTS = ("http_500@5,17,26", "cut@8,20", "rate_limited@12:4")
#: No longer than the 429's wait, so that walks find their cursors dead after it.
CURSOR_LIFETIME = 4
INPUT = "demo"
#: Runs a module as `python -m` does, and ends with us however we end: when our end of its stdin
#: closes, even by SIGKILL.
GUARD = """\
import os, runpy, sys, threading
threading.Thread(target=lambda: os._exit(1 + len(os.read(0, 1))), daemon=True).start()
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@click.command("demo")
@options.option(
    "--seconds",
    type=click.FloatRange(5, 3600),
    default=40.0,
    help="How long, about; under 40, the history is shorter than a day in proportion.",
)
@options.option("--seed", type=int, default=1, help="Another seed is another organization.")
@options.option("--keep", is_flag=True, help="Keep events, state and logs, and say where.")
@options.option("--plain", is_flag=True, help="Plain lines on a terminal too.")
@options.common
def demo(seconds: float, seed: int, keep: bool, plain: bool, log_level: str) -> None:
    """See the collector at work against an emulated Slack on this machine, in a minute.

    A day of history (60,000 events) and live traffic (10 a second, every fifth event up to 9 s
    late), with server errors, cut answers, a rate limit and dead cursors. The collector is killed
    (SIGKILL) in the middle of writing a page of the backlog, and started again. In the end what
    Slack had is compared with what arrived.

    Needs no Slack, no token and no network. Exit 0 only if no event was lost and none came twice
    but those of the page that was in flight at the kill.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    folder = Path(tempfile.mkdtemp(prefix="slack-audit-demo-"))
    try:
        with ExitStack() as stack:
            in_lines = plain or not sys.stdout.isatty()
            view: PlainView | LiveView = PlainView() if in_lines else LiveView()
            stack.enter_context(view)
            run = _Demo(folder, seconds, seed, log_level, view)
            stack.callback(run.end)
            result = run.collect()
        for line in result.lines():
            click.echo(line)
    finally:
        if keep:
            click.echo(f"Kept: {folder} (events.ndjson, state.sqlite, the logs)")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if not result.good:
        raise click.exceptions.Exit(1)


class _Demo:
    """Emulator and collector as subprocesses, and what is known of them."""

    def __init__(
        self, folder: Path, seconds: float, seed: int, log_level: str, view: PlainView | LiveView
    ) -> None:
        self._folder = folder
        self._output = folder / "events.ndjson"
        self._state = folder / "state.sqlite"
        self._seconds = seconds
        # Enough pages for a middle also where the history is short.
        self._page_size = int(PAGE_SIZE * min(1.0, max(0.5, seconds / 40)))
        self._seed = seed
        self._log_level = log_level
        self._view = view
        self._children: list[subprocess.Popen[bytes]] = []
        self._figures = Figures()
        self._arrived: set[str] = set()
        self._read = 0
        self._asked = 0.0
        # Direct: a proxy that is set for the outside world knows nothing of our loopback.
        self._http = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def collect(self) -> Result:
        """The whole demo. Raises click.ClickException when one of the two ends by itself."""
        began, began_at = time.monotonic(), time.time()
        day = 86400 * min(1.0, self._seconds / 40)
        oldest = int(began_at - day)
        self._emulate(day)
        # A minute more than the history, so that no rounding takes its first event away.
        collector = self._collector(oldest - 60)
        caught = self._wait_for_the_middle(began + self._seconds)
        collector.kill()
        collector.wait()
        where = "while it was writing a page" if caught else "at no special moment"
        self._view.news(f"killed the collector (SIGKILL) {where}")
        self._figures.restarts += 1
        collector = self._collector(oldest - 60)
        end = began + self._seconds + GRACE
        while time.monotonic() < end - SETTLE - 2 and (
            time.monotonic() < began + self._seconds - SETTLE or self._figures.backlog_s
        ):
            self._tick()
        moment = int(time.time())
        shown = datetime.fromtimestamp(moment, timezone.utc).strftime("%H:%M:%S UTC")
        self._view.news(f"counting what happened up to {shown}; waiting for late ones")
        truth = list(self._truth(oldest - 60, moment))
        while time.monotonic() < end and not self._arrived.issuperset(row["id"] for row in truth):
            self._tick()
        collector.terminate()
        stopped = collector.wait(30)
        self._children.remove(collector)
        self._view.news("stopped the collector (SIGTERM)")
        counters = json.loads(self._control("counters"))
        faults = {**counters["faults"], "dead cursor": counters["statuses"].get("400", 0)}
        return compared(self._output, truth, began_at, moment, self._page_size, faults, stopped)

    def end(self) -> None:
        """No child survives, however we got here."""
        for child in self._children:
            child.kill()
        for child in self._children:
            child.wait()

    def _emulate(self, day: float) -> None:
        emulator = self._started(
            "emulator",
            "slack_audit_input.emulator",
            *("--seed", str(self._seed), "--history-days", str(day / 86400)),
            # By the working week, a demo on a Sunday night would have little to show.
            *("--live-rate", str(PER_DAY / 86400), "--live-from", f"-{day:.0f}"),
            *("--late", "0.2:1-8", "--cursor-lifetime", str(CURSOR_LIFETIME)),
            *(word for fault in FAULTS for word in ("--fault", fault)),
        )
        assert emulator.stdout is not None
        line = emulator.stdout.readline()
        if not line:
            self._fail("emulator")
        self._slack = json.loads(line)
        self._control("rate", json.dumps({"events_per_second": LIVE_RATE}).encode())
        self._view.news(f"emulated Slack listens on {self._slack['base_url']}")

    def _collector(self, start: int) -> subprocess.Popen[bytes]:
        since = datetime.fromtimestamp(start, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        child = self._started(
            "collector",
            "slack_audit_input",
            *("run", "--api-url", self._slack["base_url"], "--start", since),
            *("--state", str(self._state), "--output-file", str(self._output)),
            *("--input", INPUT, "--account", INPUT, "--log-level", self._log_level),
            *("--max-calls-per-minute", "45", "--page-size", str(self._page_size)),
        )
        self._view.news("started the collector")
        return child

    def _started(self, name: str, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        # What a person has set for a real collection is not for this one.
        environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("SLACK_AUDIT_") and not key.lower().endswith("_proxy")
        }
        if name == "collector":
            environment["SLACK_AUDIT_TOKEN"] = self._slack["token"]
        with (self._folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(  # noqa: S603 - our own program, with arguments of ours
                [sys.executable, "-c", GUARD, module, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if name == "emulator" else log,
                stderr=log,
                env=environment,
                # Ctrl-C is for us: we decide what it means for them.
                start_new_session=True,
            )
        self._children.append(child)
        return child

    def _wait_for_the_middle(self, until: float) -> bool:
        """True when a good part of the backlog is read and a page of it is being written."""
        most = 0
        while time.monotonic() < until:
            self._tick()
            left = self._figures.backlog_s
            most = max(most, left or 0)
            if left is not None and left <= most * 0.7:
                break
        # The worst moment: the host has some of the page, the checkpoint knows nothing of it.
        while time.monotonic() < until:
            self._tick()
            size, soon = self._size(), time.monotonic() + 0.5
            while time.monotonic() < soon:
                if self._size() > size + 100_000:
                    return True
                time.sleep(0.001)
        return False

    def _size(self) -> int:
        return self._output.stat().st_size if self._output.exists() else 0

    def _tick(self) -> None:
        """A tenth of a second: read what arrived; once a second ask how it goes; show."""
        time.sleep(0.1)
        for child, name in zip(self._children[:1] + self._children[-1:], ("emulator", "collector")):
            if child.poll() is not None:
                self._fail(name)
        self._tail()
        if time.monotonic() - self._asked >= 1:
            self._ask()
            self._asked = time.monotonic()
        self._view.show(self._figures)

    def _tail(self) -> None:
        if not self._output.exists():
            return
        with self._output.open("rb") as file:
            file.seek(self._read)
            block = file.read()
        # Whole lines only: a restart cuts off one that a kill left half written.
        block = block[: block.rfind(b"\n") + 1]
        self._read += len(block)
        lines = block.splitlines()
        for line in lines:
            event = json.loads(line)
            self._arrived.add(event["id"])
            user = event.get("actor", {}).get("user", {})
            actor = str(user.get("name") or user.get("id") or "-")
            self._figures.last.append((event["@timestamp"][11:19], event["action"], actor))
        self._figures.events += len(lines)

    def _ask(self) -> None:
        calls = json.loads(self._control("calls"))
        self._figures.calls = sum(call["at"] > time.time() - 60 for call in calls)
        counters = json.loads(self._control("counters"))
        self._figures.trouble = sum(counters["faults"].values()) + counters["statuses"].get(
            "400", 0
        )
        try:
            state = SqlState(str(self._state), create=False)
            try:
                status = describe(state.checkpoint(INPUT), INPUT)
            finally:
                state.close()
        except StoreError:
            return  # the collector has not committed anything yet
        self._figures.backlog_s = status["backlog_s"]
        self._figures.lag_s = status["lag_s"]
        self._figures.late = status["counters"]["late"]

    def _control(self, name: str, body: bytes | None = None) -> bytes:
        url = self._slack["control_url"].rstrip("/") + f"/{name}"
        with self._http.open(url, body, timeout=30) as answer:
            data: bytes = answer.read()
        return data

    def _truth(self, oldest: int, latest: int) -> Iterator[dict[str, Any]]:
        rows = self._control(f"truth?oldest={oldest}&latest={latest}&visible=0")
        return map(json.loads, rows.splitlines())

    def _fail(self, name: str) -> NoReturn:
        log = (self._folder / f"{name}.log").read_text("utf-8", "replace")
        last = "\n".join(log.splitlines()[-5:])
        raise click.ClickException(f"the {name} ended by itself; its log ends with:\n{last}")


def _interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt
