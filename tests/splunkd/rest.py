# SPDX-License-Identifier: Apache-2.0
"""splunkd's REST: which request goes to which room, who may ask, and the form of answers."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Sequence

from tests.splunkd.configs import Configs
from tests.splunkd.confs import Confs
from tests.splunkd.entries import JSON_TYPE, Answer, Entry, Fail, answer_of, refusal
from tests.splunkd.faults import Faults
from tests.splunkd.indexes import Indexes
from tests.splunkd.inputs import Inputs
from tests.splunkd.kvstore import KVStore
from tests.splunkd.passwords import Passwords
from tests.splunkd.requests import Request
from tests.splunkd.searches import Searches

Found = tuple[int, Sequence[Entry]]
#: Runs an app's own handler: the name of its endpoint and the request.
Endpoint = Callable[[str, Request], Answer]


class Rest:
    """Answers requests. ``keys``: the session keys that are good."""

    def __init__(
        self,
        origin: str,
        keys: set[str],
        confs: Confs,
        kvstores: Callable[[str], KVStore],
        inputs: Inputs,
        indexes: Indexes,
        faults: Faults,
        endpoint: Endpoint,
    ) -> None:
        self._origin = origin
        self._keys = keys
        self._confs = confs
        self._configs = Configs(confs)
        self._passwords = Passwords(confs)
        self._kvstores = kvstores
        self._inputs = inputs
        self._indexes = indexes
        self._searches = Searches()
        self._faults = faults
        self._endpoint = endpoint

    def answer(self, request: Request) -> Answer:
        """The answer, refusals included."""
        try:
            self._known(request)
            self._faults.meet(request.method, "/".join(request.path))
            return self._routed(request)
        except Fail as fail:
            return refusal(fail, request.as_json)

    def _known(self, request: Request) -> None:
        if request.key not in self._keys:
            raise Fail(401, "call not properly authenticated", "WARN")

    def _routed(self, request: Request) -> Answer:
        path = request.path
        if path[:2] == ("storage", "collections"):
            return self._collections(request)
        if path[:1] == ("search",):
            return self._searches.answer(request)
        if len(path) in (1, 2, 3) and self._is_endpoint(request.app, path[0]):
            return self._endpoint(path[0], request)
        status, entries = self._found(request)
        return self._shown(request, status, entries)

    def _found(self, request: Request) -> Found:
        path = request.path
        if path[:2] == ("storage", "passwords"):
            return self._secrets(request)
        if path[:1] == ("configs",) and len(path) > 1 and path[1].startswith("conf-"):
            return self._configs.answer(request)
        if path[:1] == ("properties",):
            return self._configs.properties(request)
        if path[:2] == ("data", "inputs") and len(path) > 2:
            return self._inputs.answer(request)
        if path[:2] == ("data", "indexes"):
            return self._indexes.answer(request)
        if path[:2] == ("server", "info"):
            content = {"version": "9.4.0", "serverName": "double", "product_type": "enterprise"}
            return 200, [Entry("server-info", ("services", "server", "info"), content, "system")]
        if path[:2] == ("authentication", "current-context"):
            content = {"username": "admin", "roles": "admin"}
            return 200, [Entry("context", ("services", *path), content, "system")]
        raise Fail(404, "Not Found")

    def _is_endpoint(self, app: str, name: str) -> bool:
        return f"admin_external:{name}" in self._confs.read(app, "restmap")

    def _secrets(self, request: Request) -> Found:
        # splunklib takes names from links and does not quote their slashes again.
        name = "/".join(request.path[2:])
        if request.method == "DELETE":
            self._passwords.remove(request.app, name)
            return 200, self._passwords.all(request.app)
        if request.method == "POST" and not name:
            return 201, [self._passwords.create(request.app, request.fields())]
        if request.method == "POST":
            return 200, [self._passwords.change(request.app, name, request.fields())]
        if name:
            return 200, [self._passwords.one(request.app, name)]
        return 200, self._passwords.all(request.app)

    def _collections(self, request: Request) -> Answer:
        path = "/".join(request.path[2:])
        kvstore = self._kvstores(request.app)
        if request.path[2:3] == ("config",) and not request.as_json:
            # What solnlib asks for comes as Atom, and its fields as a form.
            names = kvstore.names()
            if request.method == "POST" and len(request.path) == 3:
                kvstore.create(request.form.get("name", ""))
                names, status = [request.form.get("name", "")], 201
            elif len(request.path) > 3:
                names, status = [each for each in names if each == request.path[3]], 200
                if not names:
                    raise Fail(404, f"Could not find object id={request.path[3]}")
            else:
                status = 200
            base = ("servicesNS", "nobody", request.app, *request.path[:3])
            entries = [Entry(name, (*base, name), {}, request.app) for name in names]
            return self._shown(request, status, entries)
        status, body = kvstore.answer(request.method, path, request.query, request.body)
        return Answer(status, b"" if body is None else json.dumps(body).encode(), JSON_TYPE)

    def _shown(self, request: Request, status: int, entries: Sequence[Entry]) -> Answer:
        wanted = request.query.get("search", "")
        kept = [entry for entry in entries if _matches(entry, wanted)]
        count = int(request.query.get("count") or 30)
        offset = int(request.query.get("offset") or 0)
        page = kept[offset:] if count <= 0 else kept[offset : offset + count]
        return answer_of(page, self._origin, request.as_json, status, len(kept))


def _matches(entry: Entry, wanted: str) -> bool:
    """Splunk's `search` parameter: `field=value` and bare words, all of which must hold."""
    for part in wanted.split():
        field, equals, value = part.partition("=")
        if not equals:
            if field.strip("*") not in entry.name:
                return False
        elif field == "name":
            if not fnmatch.fnmatchcase(entry.name, value.strip('"')):
                return False
        elif field in entry.content:
            found = entry.content[field]
            text = str(int(found)) if isinstance(found, bool) else str(found)
            if not fnmatch.fnmatchcase(text, value.strip('"')):
                return False
    return True
