# SPDX-License-Identifier: Apache-2.0
"""configs/conf-* and properties/*: conf files by REST."""

from __future__ import annotations

from collections.abc import Sequence

from tests.splunkd.confs import Confs
from tests.splunkd.entries import Entry, Fail
from tests.splunkd.requests import Request


class Configs:
    """Reads and writes stanzas."""

    def __init__(self, confs: Confs) -> None:
        self._confs = confs

    def answer(self, request: Request) -> tuple[int, Sequence[Entry]]:
        """For ``configs/conf-NAME[/STANZA[/_reload]]``. Raises Fail."""
        conf = request.path[1][len("conf-") :]
        if len(request.path) == 2 or request.path[2] == "_reload":
            if request.method == "GET":
                return 200, self._all(request.app, conf)
            return 201, [self._create(request, conf)]
        stanza = request.path[2]
        if request.method == "DELETE":
            return 200, self._remove(request.app, conf, stanza)
        if request.method == "POST":
            self._existing(request.app, conf, stanza)
            self._confs.write(request.app, conf, stanza, request.fields())
        return 200, [self._existing(request.app, conf, stanza)]

    def properties(self, request: Request) -> tuple[int, Sequence[Entry]]:
        """For ``properties/CONF[/STANZA[/KEY]]``, reading only. Raises Fail."""
        names = request.path[1:]
        app = request.app
        if not names:
            raise Fail(404, "Not Found")
        if not self._confs.exists(app, names[0]):
            raise Fail(404, f"{names[0]} does not exist")
        stanzas = self._confs.read(app, names[0])
        if len(names) == 1:
            return 200, [Entry(name, self._path(app, *names, name), {}, app) for name in stanzas]
        if names[1] not in stanzas:
            raise Fail(404, f"{names[1]} does not exist")
        values = stanzas[names[1]]
        return 200, [
            Entry(key, self._path(app, *names, key), {"value": value}, app)
            for key, value in values.items()
        ]

    def _path(self, app: str, *names: str) -> tuple[str, ...]:
        return ("servicesNS", "nobody", app, "properties", *names)

    def _all(self, app: str, conf: str) -> list[Entry]:
        return [self._entry(app, conf, stanza) for stanza in self._confs.read(app, conf)]

    def _entry(self, app: str, conf: str, stanza: str) -> Entry:
        values = self._confs.read(app, conf)[stanza]
        off = values.get("disabled", "0").lower() in ("1", "true")
        content = {**values, "disabled": off, "eai:appName": app, "eai:userName": "nobody"}
        path = ("servicesNS", "nobody", app, "configs", f"conf-{conf}", stanza)
        return Entry(stanza, path, content, app, self._confs.in_local(app, conf, stanza))

    def _existing(self, app: str, conf: str, stanza: str) -> Entry:
        if stanza not in self._confs.read(app, conf):
            raise Fail(404, f"Could not find object id={stanza}")
        return self._entry(app, conf, stanza)

    def _create(self, request: Request, conf: str) -> Entry:
        values = request.fields()
        stanza = values.pop("name", "")
        if not stanza:
            raise Fail(400, "Cannot perform action POST without a target name to act on.")
        if stanza in self._confs.read(request.app, conf):
            raise Fail(409, f"An object with name={stanza} already exists")
        self._confs.write(request.app, conf, stanza, values)
        return self._entry(request.app, conf, stanza)

    def _remove(self, app: str, conf: str, stanza: str) -> list[Entry]:
        entry = self._existing(app, conf, stanza)
        if not entry.removable:
            raise Fail(403, f"Cannot remove the stanza {stanza}, which came with the app")
        self._confs.remove(app, conf, stanza)
        return self._all(app, conf)
