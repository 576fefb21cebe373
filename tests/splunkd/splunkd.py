# SPDX-License-Identifier: Apache-2.0
"""The whole double: a home folder, REST on loopback, and the inputs that it keeps running."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tests.splunkd.confs import Confs
from tests.splunkd.endpoints import Endpoints
from tests.splunkd.entries import Answer
from tests.splunkd.faults import Faults
from tests.splunkd.indexes import Indexes
from tests.splunkd.inputs import Inputs, params_of
from tests.splunkd.kvstore import KVStore
from tests.splunkd.places import unpack
from tests.splunkd.requests import request_of
from tests.splunkd.rest import Rest
from tests.splunkd.running import Running
from tests.splunkd.scripts import Place, Run, Script
from tests.splunkd.server import Served

if TYPE_CHECKING:
    from typing_extensions import Self

SHIM = Path(__file__).parent / "shim"
#: What of the environment a child of splunkd keeps.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")


class Splunkd:
    """``home``: the folder that holds everything, `$SPLUNK_HOME`; what is in it is gone on with.

    ``python``: the interpreter for the app's scripts. ``environment``: more for them. ``port``:
    0 is any. It serves from the start; `run_inputs` has it run what is enabled as well. A context
    manager; ``url`` and ``session_key`` are what clients need.
    """

    def __init__(
        self,
        home: Path,
        python: Path | None = None,
        environment: Mapping[str, str] | None = None,
        port: int = 0,
    ) -> None:
        self.home = home
        for name in ("etc/apps", "etc/system/default", "var/log/splunk", "var/lib/splunk"):
            (home / name).mkdir(parents=True, exist_ok=True)
        self.session_key = secrets.token_hex(24)
        self.keys = {self.session_key}
        self.confs = Confs(home / "etc")
        self.faults = Faults()
        self.indexes = Indexes(home / "var" / "lib" / "splunk" / "indexes")
        self._kvstores: dict[str, KVStore] = {}
        self._served = Served(self._answer, port)
        self.url = self._served.url
        self.port = self._served.port
        self._place = Place(
            python or Path(sys.executable),
            home,
            {
                **{name: os.environ[name] for name in KEPT if name in os.environ},
                "SPLUNK_HOME": str(home),
                "PYTHONPATH": str(SHIM),
                "PYTHONDONTWRITEBYTECODE": "1",
                "DOUBLE_URI": self.url,
                **(environment or {}),
            },
            self.url,
            self._new_key,
        )
        self._scripts: dict[tuple[str, str], Script] = {}
        self.inputs = Inputs(self.confs, self.script, lambda: None)
        endpoints = Endpoints(self._place, self.confs)
        self.python = self._place.python
        self.rest = Rest(
            self.url,
            self.keys,
            self.confs,
            self.kvstore,
            self.inputs,
            self.indexes,
            self.faults,
            endpoints.answer,
        )
        self._running: list[Running] = []
        self._write_system()
        self._served.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End inputs and server. The home stays."""
        for running in self._running:
            running.stop()
        self._served.stop()
        for kvstore in self._kvstores.values():
            kvstore.close()

    def go_away(self) -> None:
        """Listen no more, as while splunkd restarts: connections are refused. Runs go on."""
        self._served.stop()

    def come_back(self) -> None:
        """Listen again, where it did."""
        self._served = Served(self._answer, self.port)
        self._served.start()

    def install(self, package: Path) -> str:
        """Install an app from a .spl file or from its folder; returns its name.

        A newer version goes over an older one, whose ``local/`` stays.
        """
        apps = self.home / "etc" / "apps"
        if package.is_dir():
            name = package.name
            shutil.copytree(package, apps / name, dirs_exist_ok=True)
        else:
            fresh = apps / ".fresh"
            name = unpack(package, fresh)
            for shipped in (apps / name).glob("*"):
                if shipped.is_dir() and shipped.name not in ("local", "metadata"):
                    shutil.rmtree(shipped)
            shutil.copytree(fresh / name, apps / name, dirs_exist_ok=True)
            shutil.rmtree(fresh)
        self._scripts.clear()
        self.kvstore(name).create(*self.confs.read(name, "collections"))
        return name

    def kvstore(self, app: str) -> KVStore:
        """An app's collections."""
        if app not in self._kvstores:
            folder = self.home / "var" / "lib" / "splunk" / "kvstore" / app
            self._kvstores[app] = KVStore(folder)
        return self._kvstores[app]

    def script(self, app: str, kind: str) -> Script:
        """The script of a kind of input."""
        key = (app, kind)
        if key not in self._scripts:
            self._scripts[key] = Script(self._place, app, kind)
        return self._scripts[key]

    def call(self, method: str, path: str, form: str = "", key: str | None = None) -> Answer:
        """One request, without HTTP between: for tests, and for Splunk Web."""
        return self._answer(
            method,
            path,
            {"Authorization": f"Splunk {self.session_key if key is None else key}"},
            form.encode(),
        )

    def run_once(self, app: str, kind: str, name: str) -> Run:
        """Start one run of a stanza now, whatever its interval says; events go to the indexes."""
        values = self.inputs.stanzas(app, kind)[name]
        return self.script(app, kind).start(name, params_of(values), self.indexes.append)

    def run_inputs(self, app: str, kind: str) -> Running:
        """Keep every enabled stanza of a kind running from now on."""
        running = Running(app, kind, self.inputs, self.script(app, kind), self.indexes.append)
        self._running.append(running)
        running.start()
        return running

    def running_now(self) -> list[str]:
        """Names of the stanzas that have a run going on."""
        names = {name for running in self._running for name, run in running.runs if run.running()}
        return sorted(names)

    def logs(self) -> str:
        """Everything that was logged: what `_internal` would hold."""
        folder = self.home / "var" / "log" / "splunk"
        return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.log*")))

    def _answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        return self.rest.answer(request_of(method, target, headers, body))

    def _new_key(self) -> str:
        key = secrets.token_hex(24)
        self.keys.add(key)
        return key

    def _write_system(self) -> None:
        texts: dict[str, dict[str, dict[str, Any]]] = {
            "server": {
                "general": {"serverName": "double"},
                "sslConfig": {"enableSplunkdSSL": "false"},
            },
            "web": {"settings": {"mgmtHostPort": f"127.0.0.1:{self.port}"}},
        }
        for conf, stanzas in texts.items():
            for stanza, values in stanzas.items():
                self.confs.write("system", conf, stanza, values)
