# SPDX-License-Identifier: Apache-2.0
"""The stand-alone collector under fire: the installed command, a file, and a forward host."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from slack_audit_input.slack.credentials import App, Credentials, Pair
from slack_audit_input.slack.token import Token
from slack_audit_input.stores.credentials_file import CredentialsFile
from slack_audit_input.stores.sql import SqlState
from tests.bench.children import environment
from tests.receivers.running import Running
from tests.soak.clock import HOSTS, FastClock
from tests.soak.covered import Record
from tests.soak.disks import SmallDisk
from tests.soak.plan import Strike
from tests.soak.slack import CLIENT_ID, CLIENT_SECRET, COMMAND, TOP, Slack
from tests.soak.tally import Arrival, Checkpoint, Tally, uncommitted

PAGE = 500
#: Words in the log that prove that a fault was met, by its kind.
MET = {
    "disk_output": ("(No space left on device", "(File too large"),
    "disk_state": ("disk is full", "disk I/O error"),
    "receiver_away": ("action=forward_retry",),
    "revoked": ("action=failed",),
}


class Standalone:
    """``slack-audit-input run`` with both outputs; see ``tests.soak.day.Host``."""

    name = "standalone"

    def __init__(
        self,
        folder: Path,
        clock: FastClock,
        slack: Slack,
        sweeps: str,
        command: Sequence[str] = (COMMAND,),
    ) -> None:
        self.folder = folder
        self.tallies = {"file": Tally(), "receiver": Tally()}
        self.receiver_kills = 0
        self.shrunk = 0
        """How often a file was shorter than what had been read of it."""
        self.unacknowledged = 0
        """Events of batches that a receiver had written when it was killed, and not committed."""
        self.process: subprocess.Popen[bytes] | None = None
        self.output = SmallDisk(folder / "output", 512)
        self.state = SmallDisk(folder / "state", 64)
        self._clock = clock
        self._slack = slack
        self._credentials = folder / "credentials.json"
        self._log = folder / "collector.log"
        self._receiver = Running(folder)
        self._receiver.start()
        self._reads = {"file": 0, "receiver": 0}
        self._batch: list[Arrival] = []
        self._receiver_away = False
        self._received_records: list[Record] = []
        self._chunk = ""
        self.sign_in()
        self.line = [*command, "run", "--credentials", str(self._credentials), "--start", "-6h"]
        self.line += ["--api-url", slack.base_url, "--state", str(self._state), "--input", "soak"]
        self.line += ["--account", "soak", "--sweeps", sweeps, "--page-size", str(PAGE)]
        self.line += ["--output", "ndjson", "--output-file", str(self._file)]
        self.line += ["--coverage-output", str(self._records)]
        self.line += ["--output", "forward", "--forward-host", self._receiver.address]

    @property
    def _file(self) -> Path:
        return self.output.folder / "audit.ndjson"

    @property
    def _records(self) -> Path:
        return self.output.folder / "coverage.ndjson"

    @property
    def _state(self) -> Path:
        return self.state.folder / "state.sqlite"

    @property
    def pid(self) -> int | None:
        """Of the collector, while it runs."""
        return self.process.pid if self.alive() and self.process else None

    def environment(self) -> dict[str, str]:
        """What the collector's processes see."""
        return {**environment(), **self._clock.environment(HOSTS)}

    def start(self) -> None:
        """A new life."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self.line, env=self.environment(), cwd=TOP, stderr=log, start_new_session=True
            )
        for disk in (self.output, self.state):
            disk.limit(self.process.pid)

    def alive(self) -> bool:
        """Does it run?"""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(60)

    def code(self) -> int:
        """How it ended."""
        assert self.process is not None
        return self.process.wait()

    def tend(self) -> None:
        """Read what has arrived."""
        self._read("file", self._file)
        self._read("receiver", self._receiver.out)

    def written(self) -> int:
        """Grows when something is written."""
        try:
            return self._file.stat().st_size
        except FileNotFoundError:
            return 0

    def left(self) -> _Left:
        """The checkpoint of the process, for reading."""
        return _Left(self._state, self.folder / "left", self.alive())

    def coverage(self) -> dict[str, list[Record]]:
        """Coverage records, by output."""
        text = self._records.read_text("utf-8") if self._records.exists() else ""
        return {
            "file": [json.loads(line) for line in text.splitlines()],
            "receiver": self._received_records,
        }

    def in_flight(self) -> dict[str, int]:
        """What a process that has ended had written and not committed, by output."""
        self.tend()
        with self.left() as left:
            return {name: tally.settle(left) for name, tally in self.tallies.items()}

    def sign_in(self) -> None:
        """Sign in, and keep what comes of it where ``login`` does."""
        given = self._slack.sign_in()
        issued = given.issued + self._clock.ahead()
        pair = Pair(Token(given.access), Token(given.refresh), issued, issued + given.life)
        kept = CredentialsFile(self._credentials)
        with kept.lock(30.0):
            text = Credentials(App(CLIENT_ID, Token(CLIENT_SECRET)), pair).text()
            assert kept.write(text, kept.read())

    def strike(self, strike: Strike) -> None:
        """What befalls this host alone."""
        if strike.kind.startswith("receiver"):
            self._receivers(strike)
        else:
            disk = {"disk_output": self.output, "disk_state": self.state}[strike.kind]
            (disk.fill if strike.begins else disk.free)(self.pid)

    def met(self) -> dict[str, int]:
        """Proofs in the log that faults were met, by kind."""
        text = self._log.read_text("utf-8", "replace") if self._log.exists() else ""
        found = {kind: sum(map(text.count, words)) for kind, words in MET.items()}
        found["receiver"] = self.receiver_kills
        return found

    def facts(self) -> dict[str, Any]:
        """What else the books say of it."""
        return {
            "full disk": self.output.kind,
            "times a file was shorter than what was read": self.shrunk,
            "receiver kills": self.receiver_kills,
            "written by a receiver when it was killed, not committed": self.unacknowledged,
        }

    def close(self) -> None:
        """Nothing of it runs any more."""
        if self.alive():
            self.kill()
        self._receiver.kill()
        for disk in (self.output, self.state):
            disk.close()

    def _receivers(self, strike: Strike) -> None:
        """It is killed, and up again at once or when its absence is over."""
        if strike.kind == "receiver_away":
            self._receiver_away = strike.begins
        elif self._receiver_away:
            return  # there is none to kill
        if strike.begins:
            self._kill_receiver()
        if not self._receiver_away:
            self._receiver.start()

    def _kill_receiver(self) -> None:
        """The batch that it wrote last may come again, if the collector has not committed it."""
        self._receiver.kill()
        self.receiver_kills += 1
        self.tend()
        with self.left() as left:
            names = set(uncommitted(self._batch, left))
        again = [arrival for arrival in self._batch if arrival[0] in names]
        self.tallies["receiver"].forget(again)
        self.unacknowledged += len(again)
        self._batch, self._chunk = [], ""

    def _read(self, name: str, path: Path) -> None:
        if not path.exists():
            return
        with path.open("rb") as file:
            # Whoever follows a file takes one that has become shorter for a new one.
            self.shrunk += os.fstat(file.fileno()).st_size < self._reads[name]
            file.seek(self._reads[name])
            new = file.read()
        end = new.rfind(b"\n") + 1
        if not end:
            return
        self._reads[name] += end
        lines = new[:end].split(b"\n")[:-1]
        events = [self._event(line, name) for line in lines]
        self.tallies[name].take((e for e in events if e is not None), self._clock.now())

    def _event(self, line: bytes, name: str) -> Arrival | None:
        try:
            found = json.loads(line)
        except ValueError:
            # The receiver's next life ends a line that a kill cut off; ours leaves none.
            assert name == "receiver", line[:200]
            return None
        if name == "file":
            return found["id"], found["date_create"]
        chunk, tag, _, fields = found
        if tag.endswith(".coverage"):
            self._received_records.append(fields)
            return None
        if chunk != self._chunk:
            self._batch, self._chunk = [], chunk
        event = fields["id"], fields["date_create"]
        self._batch.append(event)
        return event


class _Left:
    """The delivered index as a process left it: read from a copy, so that nothing is tidied up.

    ``alive``: it is still being written, and is read as `status` reads it.
    """

    def __init__(self, state: Path, folder: Path, alive: bool = False) -> None:
        self._state = state
        self._folder = folder
        self._alive = alive

    def __enter__(self) -> Checkpoint:
        self._folder.mkdir(exist_ok=True)
        self._open: SqlState | None = None
        if not self._state.exists():
            return _Nothing()
        path = self._state
        if not self._alive:
            path = self._folder / self._state.name
            for end in ("", "-wal"):
                source = Path(f"{self._state}{end}")
                if source.exists():
                    shutil.copyfile(source, f"{path}{end}")
        self._open = SqlState(str(path), create=False)
        return self._open.checkpoint("soak")

    def __exit__(self, *_: object) -> None:
        if self._open is not None:
            self._open.close()
        shutil.rmtree(self._folder)


class _Nothing:
    """Where there is no state yet."""

    def load(self) -> None:
        """Nothing."""

    def keys(self, _first: int, _last: int) -> dict[int, bytes]:
        """Nothing."""
        return {}
