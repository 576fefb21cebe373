# SPDX-License-Identifier: Apache-2.0
"""The Splunk add-on under fire: the built package, run as splunkd runs it, in splunkd's double."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from tests.addon.world import Addon
from tests.soak.clock import HOSTS, FastClock
from tests.soak.covered import Record
from tests.soak.disks import SmallDisk
from tests.soak.plan import Strike
from tests.soak.slack import CLIENT_ID, CLIENT_SECRET, Slack
from tests.soak.tally import Checkpoint, Tally
from tests.splunkd.inputs import params_of
from tests.splunkd.places import APP, KIND, package, splunks_python
from tests.splunkd.scripts import Run
from tests.splunkd.splunkd import Splunkd
from tests.stores.kvstores import kv_checkpoint

NAME = "soak"
#: Requests that get a 503 while the KV store is said to start.
MANY = 1_000_000
MET = {
    "kvstore_503": ("waiting_for_kvstore", "HTTP 503"),
    "splunkd_away": ("ConnectionError", "ConnectionRefused", "splunkd does not answer"),
    "revoked": ("action=failed",),
}


class SplunkHost:
    """The add-on's input in a double of splunkd; see ``tests.soak.day.Host``."""

    name = "addon"

    def __init__(
        self, folder: Path, clock: FastClock, slack: Slack, sweeps: str, version: str
    ) -> None:
        self.folder = folder
        self.tallies = {"splunk": Tally()}
        self._records: list[Record] = []
        self.run: Run | None = None
        self.version = version
        self.blocked = 0
        self.refused = 0
        home = folder / "splunk"
        self.log_disk = SmallDisk(home / "var" / "log" / "splunk", 256)
        self._clock = clock
        self._reads = threading.Event()
        self._reads.set()
        self._told: list[str] = []
        self._cut = 0
        self.splunkd = Splunkd(home, splunks_python(version), clock.environment(HOSTS))
        self.splunkd.install(package())
        # As the first run leaves it behind in a Splunk, which the double keeps from its children.
        compiled = [str(self.splunkd.python), "-m", "compileall", "-q", str(home / "etc" / "apps")]
        subprocess.run(compiled, stdout=subprocess.DEVNULL, check=False)
        # The world's emulator is one in this process; of it only these two are used.
        self._world = Addon(self.splunkd, cast("Any", slack))
        self._slack = slack
        self.sign_in()
        self._world.input(
            NAME, account="soak", start="-6h", poll_every="5", interval="60", sweeps=sweeps
        )

    @property
    def pid(self) -> int | None:
        """Of the input's process, while it runs."""
        return self.run.process.pid if self.alive() and self.run else None

    def start(self) -> None:
        """A new life."""
        values = params_of(self.splunkd.inputs.stanzas(APP, KIND)[NAME])
        self.run = self.splunkd.script(APP, KIND).start(NAME, values, self._take)
        self.log_disk.limit(self.run.process.pid)

    def alive(self) -> bool:
        """Does it run?"""
        return self.run is not None and self.run.running()

    def kill(self) -> None:
        """SIGKILL; what it had written is read."""
        assert self.run is not None
        self.run.kill()
        self._end()

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        assert self.run is not None
        self.run.terminate()
        return self._end()

    def code(self) -> int:
        """How it ended."""
        return self._end()

    def tend(self) -> None:
        """Nothing to do: threads read what arrives."""

    def written(self) -> int:
        """Grows when something is written."""
        return self.tallies["splunk"].total()

    def left(self) -> contextlib.AbstractContextManager[Checkpoint]:
        """The checkpoint of the process, for reading."""
        return contextlib.nullcontext(kv_checkpoint(self.splunkd.kvstore(APP), NAME))

    def coverage(self) -> dict[str, list[Record]]:
        """Coverage records, by output."""
        return {"splunk": self._records}

    def in_flight(self) -> dict[str, int]:
        """What a process that has ended had written and not committed."""
        with self.left() as left:
            return {name: tally.settle(left) for name, tally in self.tallies.items()}

    def sign_in(self) -> None:
        """Make the account, or change it, as Add to Slack does."""
        given = self._slack.sign_in()
        issued = int(given.issued + self._clock.ahead())
        times = {"issued": str(issued), "expires": str(int(issued + given.life))}
        secrets = {"access_token": given.access, "refresh_token": given.refresh}
        fields = {"region": "custom", "api_url": self._slack.base_url, "domain": "soak"}
        fields.update(auth_type="oauth", client_id=CLIENT_ID, **times)
        self.splunkd.confs.write(APP, f"{APP}_account", "soak", fields)
        self._world.secret("account", "soak", {**secrets, "client_secret": CLIENT_SECRET})

    def strike(self, strike: Strike) -> None:
        """What befalls this host alone."""
        on = strike.begins
        if strike.kind == "kvstore_503":
            self.splunkd.faults.clear()
            if on:
                self.splunkd.faults.fail(503, MANY, "storage/collections", "KV Store is starting")
        elif strike.kind == "splunkd_away":
            (self.splunkd.go_away if on else self.splunkd.come_back)()
            self.refused += on
        elif strike.kind == "splunkd_reads_nothing":
            (self._reads.clear if on else self._reads.set)()
            self.blocked += on
        elif on:
            self.log_disk.fill(self.pid)
        else:
            self._cut += self._log_is_cut()
            self.log_disk.free(self.pid)

    def met(self) -> dict[str, int]:
        """Proofs that faults were met, by kind."""
        text = "\n".join((*self._told, self.splunkd.logs()))
        found = {kind: sum(map(text.count, words)) for kind, words in MET.items()}
        found["splunkd_reads_nothing"] = self.blocked
        found["disk_log"] = self._cut
        return found

    def facts(self) -> dict[str, Any]:
        """What else the books say of it."""
        return {"Python": self.version, "full disk of the log": self.log_disk.kind}

    def close(self) -> None:
        """Nothing of it runs any more."""
        if self.alive():
            self.kill()
        self.splunkd.stop()
        self.log_disk.close(keep=True)

    def _log_is_cut(self) -> bool:
        """Has a line met the full disk? Nothing fits beyond the disk's last block then."""
        log = self.log_disk.folder / f"{APP}_{NAME}.log"
        return log.exists() and not log.read_bytes().endswith(b"\n")

    def _end(self) -> int:
        assert self.run is not None
        # Whatever splunkd did not read of a process that has ended is in the pipe, and is read.
        stopped = not self._reads.is_set()
        self._reads.set()
        code = self.run.wait()
        if stopped:
            self._reads.clear()
        self._told += self.run.errors
        self.run.errors = []
        return code

    def _take(self, events: Sequence[Mapping[str, Any]]) -> None:
        self._reads.wait()
        now = self._clock.now()
        found = []
        for event in events:
            value = json.loads(event["data"])
            if event["sourcetype"].endswith("coverage"):
                self._records.append(value)
            else:
                found.append((value["id"], value["date_create"]))
        self.tallies["splunk"].take(found, now)
        with contextlib.suppress(OSError):
            self.splunkd.indexes.append([dict(event, arrived=now) for event in events])
