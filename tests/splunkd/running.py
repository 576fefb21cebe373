# SPDX-License-Identifier: Apache-2.0
"""splunkd's part in running enabled inputs: start, start again, end on a change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.splunkd.cron import is_due
from tests.splunkd.inputs import Inputs, is_off, params_of
from tests.splunkd.scripts import Run, Script

#: Seconds between looks at what is to be done.
LOOK = 0.1
#: Seconds that a run may take to end after SIGTERM, before SIGKILL.
GRACE = 30.0


class _Stanza:
    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.run: Run | None = None
        self.started = 0.0
        self.told = 0.0
        """When its run was told to end; 0: it was not."""


class Running:
    """Keeps every enabled stanza of a kind running, by its interval."""

    def __init__(
        self, app: str, kind: str, inputs: Inputs, script: Script, take: Callable[[Any], None]
    ) -> None:
        self._app, self._kind = app, kind
        self._inputs = inputs
        self._script = script
        self._take = take
        self._stanzas: dict[str, _Stanza] = {}
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self.runs: list[tuple[str, Run]] = []
        """Every run so far, with its stanza's name."""

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End every run, as when splunkd stops, and wait for it."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        for stanza in self._stanzas.values():
            if stanza.run is not None and stanza.run.running():
                stanza.run.terminate()
        for stanza in self._stanzas.values():
            if stanza.run is not None:
                try:
                    stanza.run.wait(GRACE)
                except TimeoutError:
                    stanza.run.kill()

    def current(self, name: str) -> Run | None:
        """The run of a stanza that is going on now."""
        stanza = self._stanzas.get(name)
        if stanza is None or stanza.run is None or not stanza.run.running():
            return None
        return stanza.run

    def _work(self) -> None:
        while not self._over.wait(LOOK):
            self._look()

    def _look(self) -> None:
        wanted = {
            name: values
            for name, values in self._inputs.stanzas(self._app, self._kind).items()
            if not is_off(values)
        }
        for name, stanza in list(self._stanzas.items()):
            going = stanza.run is not None and stanza.run.running()
            if going and wanted.get(name) != stanza.values:
                self._end(stanza)
            elif not going and name not in wanted:
                del self._stanzas[name]
            elif not going and wanted[name] != stanza.values:
                self._stanzas[name] = _Stanza(wanted[name])
        for name, values in wanted.items():
            stanza = self._stanzas.setdefault(name, _Stanza(values))
            if (stanza.run is None or not stanza.run.running()) and self._is_due(stanza):
                stanza.run = self._script.start(name, params_of(values), self._take)
                stanza.started = time.time()
                self.runs.append((name, stanza.run))

    def _end(self, stanza: _Stanza) -> None:
        assert stanza.run is not None
        if not stanza.told:
            stanza.told = time.time()
            stanza.run.terminate()
        elif time.time() > stanza.told + GRACE:
            stanza.run.kill()

    def _is_due(self, stanza: _Stanza) -> bool:
        interval = stanza.values.get("interval", "60").strip()
        now = time.time()
        try:
            seconds = float(interval)
        except ValueError:
            # Cron does not run at the start, and once a minute at most.
            return int(now) // 60 != int(stanza.started) // 60 and is_due(interval, now)
        if seconds < 0:
            return stanza.started == 0.0
        return now >= stanza.started + seconds
