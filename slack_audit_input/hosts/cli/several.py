# SPDX-License-Identifier: Apache-2.0
"""``run --all-inputs``: every input that has a table in the file of --config, in one process.

Each has its own thread, collector, sink and place in the state; one that fails does not stop the
others, and is tried again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from slack_audit_input.collector.settings import Settings
from slack_audit_input.hosts.cli.company import Member, Together
from slack_audit_input.hosts.cli.health import Health
from slack_audit_input.hosts.cli.logs import Logger
from slack_audit_input.hosts.cli.outputs import sink_of, to_stdout
from slack_audit_input.hosts.cli.session import Session, note
from slack_audit_input.hosts.memory import settle
from slack_audit_input.hosts.running import SystemClock
from slack_audit_input.hosts.wording import place_of
from slack_audit_input.model.errors import CollectorError, ConfigError
from slack_audit_input.stores.sql import SqlState

#: Calls at a time of all inputs together, at most: each input's share of them for its backlog and
#: sweeps gets smaller with their number. One for live it always has.
CALLS_AT_ONCE = 100
#: Threads that may use one state at a time without waiting for one another.
CONNECTIONS = 4
#: Seconds until an input that failed is tried again, doubling; and for how long it must have
#: collected before that begins anew.
FIRST_PAUSE, LONGEST_PAUSE, WELL_AFTER = 30.0, 3600.0, 600.0


class Task(NamedTuple):
    """One input: its options, as ``run`` alone would have them, and what they mean."""

    values: dict[str, Any]
    settings: Settings
    log: Logger


def collect_all(tasks: Sequence[Task], *, once: bool, standby: bool, health_listen: str) -> int:
    """Collect all until told to stop or, with ``once``, until each has caught up or failed.

    Returns the exit code: 0, or with ``once`` that of the first input that failed. Raises
    ConfigError and StoreError for what keeps all of them from beginning.
    """
    _check_files(tasks)
    workers = max(1, CALLS_AT_ONCE // len(tasks) - 1)
    together = Together(max(CALLS_AT_ONCE, 2 * len(tasks)))
    states = {task.values["state"]: None for task in tasks}
    opened: dict[str, SqlState] = {}
    try:
        for url in states:
            opened[url] = SqlState(url, connections=min(CONNECTIONS, len(tasks)))
        healths = [Health(task.settings, SystemClock()) for task in tasks]
        runs = [
            _Run(
                task._replace(
                    settings=task.settings._replace(workers=min(workers, task.settings.workers))
                ),
                opened[task.values["state"]],
                together.member(),
                lambda health, number=number: healths.__setitem__(number, health),  # type: ignore[misc]
                standby=standby,
            )
            for number, task in enumerate(tasks)
        ]
        if health_listen:
            from slack_audit_input.hosts.cli.listen import serve

            serve(health_listen, healths, tasks[0].log)
        together.stop.install()
        settle()
        threads = [
            # Daemons, so that a second SIGINT ends the process at once.
            threading.Thread(target=run.go, args=(once,), name="input", daemon=True)
            for run in runs
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return next((run.code for run in runs if run.code), 0) if once else 0
    finally:
        for state in opened.values():
            state.close()


class _Run:
    """An input's thread. ``code``: how its last attempt ended."""

    def __init__(
        self,
        task: Task,
        state: SqlState,
        member: Member,
        tell: Callable[[Health], None],
        *,
        standby: bool,
    ) -> None:
        self.code = 0
        self._task = task
        self._checkpoint = state.checkpoint(task.settings.input)
        self._member = member
        self._tell = tell
        self._standby = standby
        self._log = task.log.of(task.settings.input)

    def go(self, once: bool) -> None:
        """Collect; after a failure again, unless ``once``."""
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            self.code, words = self._attempt(once)
            if self._member.sign():
                return
            if not self.code:
                return
            if time.monotonic() - began > WELL_AFTER:
                pause = FIRST_PAUSE
            again = {} if once else {"again_in_s": round(pause)}
            self._log("error", "failed", reason=words, exit=self.code, **again)
            if once or self._member.sign.wait(pause):
                return
            pause = min(2 * pause, LONGEST_PAUSE)

    def _attempt(self, once: bool) -> tuple[int, str]:
        """Exit code and reason of one run: (0, "") when it was told to stop, or has caught up."""
        try:
            self._collect(once)
        except click.exceptions.Exit:
            return 0, ""  # told to stop before it began
        except CollectorError as error:
            from slack_audit_input.hosts.cli.main import exit_code_of

            return self._failed(str(error), exit_code_of(error))
        # A mistake of ours that one organization's answer has brought to light must not end the
        # collection of the others.
        except Exception as error:  # noqa: BLE001
            words = f"a mistake of this program: {type(error).__name__} at {place_of(error)}"
            return self._failed(words, 1)
        return 0, ""

    def _collect(self, once: bool) -> None:
        values, settings, _ = self._task
        session = Session(values, settings, self._checkpoint, self._log, self._member)
        self._tell(session.health)
        if self._standby:
            session.noted(
                lambda: session.stand_by(
                    lambda: sink_of(values, settings, self._log, session.may_wait)
                )
            )
            return
        sink = sink_of(values, settings, self._log, session.may_wait)
        try:
            session.noted(lambda: session.collect(sink, once=once))
        finally:
            sink.close()

    def _failed(self, words: str, code: int) -> tuple[int, str]:
        health = Health(self._task.settings, SystemClock())
        health.failed(words)
        self._tell(health)
        note(self._checkpoint, words, code, self._log)
        return code, words


def _check_files(tasks: Sequence[Task]) -> None:
    """Two that write to one file would wait for each other for ever."""
    seen: dict[Path, str] = {}
    for task in tasks:
        file = task.values["output_file"]
        if not file or to_stdout(task.values):
            continue
        path = Path(file).absolute()
        name = task.settings.input
        if path in seen:
            raise ConfigError(
                f"--output-file {file}: inputs {seen[path]!r} and {name!r} both name it; give "
                "each a file of its own, or leave it out for stdout"
            )
        seen[path] = name
