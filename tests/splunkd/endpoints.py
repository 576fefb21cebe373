# SPDX-License-Identifier: Apache-2.0
"""An app's own REST handlers, unmodified, each request in a child process."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.splunkd.confs import Confs
from tests.splunkd.entries import Answer, Entry, Fail, answer_of
from tests.splunkd.requests import Request
from tests.splunkd.scripts import Place

#: What splunk.admin calls the actions.
_CREATE, _LIST, _EDIT, _REMOVE = 1, 2, 4, 8
#: What is for splunkd and not for the handler.
_OF_SPLUNKD = frozenset(
    {"output_mode", "count", "offset", "name", "sort_key", "sort_dir", "search"}
)


class Endpoints:
    """Runs handlers as the app's restmap.conf names them."""

    def __init__(self, place: Place, confs: Confs) -> None:
        self._place = place
        self._confs = confs

    def answer(self, name: str, request: Request) -> Answer:
        """The handler's answer. Raises Fail when it refuses, or dies."""
        spec = self._confs.read(request.app, "restmap")[f"admin_external:{name}"]
        action = _action(request)
        allowed = {each.strip() for each in spec["handleractions"].split(",")}
        word = {_CREATE: "create", _LIST: "list", _EDIT: "edit", _REMOVE: "remove"}[action]
        if word not in allowed:
            raise Fail(405, f"The handler of {name} has no action {word}")
        form = {k: [v] for k, v in {**request.query, **request.form}.items()}
        data = {k: v for k, v in form.items() if k not in _OF_SPLUNKD}
        thing = request.path[1] if len(request.path) > 1 else None
        if action == _CREATE:
            thing = request.form.get("name")
            if not thing:
                raise Fail(400, "Cannot perform action POST without a target name to act on.")
        if request.path[2:] in (("enable",), ("disable",)):
            data = {"disabled": ["0" if request.path[2] == "enable" else "1"]}
        found = self._run(
            self._place.home / "etc" / "apps" / request.app / "bin" / spec["handlerfile"],
            {
                "action": action,
                "id": thing,
                "data": data,
                "app": request.app,
                "key": request.key,
            },
        )
        if "text" in found:
            raise Fail(found["status"], found["text"])
        base = ("servicesNS", "nobody", request.app, name)
        entries = [
            Entry(each["name"], (*base, each["name"]), each["content"], request.app)
            for each in found["entries"]
        ]
        return answer_of(
            entries, self._place.uri, request.as_json, 201 if action == _CREATE else 200
        )

    def _run(self, script: Path, request: dict[str, Any]) -> dict[str, Any]:
        with tempfile.NamedTemporaryFile(suffix=".json") as answer:
            environment = {
                **self._place.environment,
                "DOUBLE_ANSWER": answer.name,
                "DOUBLE_URI": self._place.uri,
                "DOUBLE_SESSION_KEY": request["key"],
            }
            done = subprocess.run(
                [str(self._place.python), str(script)],
                input=json.dumps(request),
                capture_output=True,
                text=True,
                encoding="utf-8",
                cwd="/",
                env=environment,
                timeout=120,
                check=False,
            )
            said = Path(answer.name).read_text(encoding="utf-8")
        log = self._place.home / "var" / "log" / "splunk" / "python.log"
        with log.open("a", encoding="utf-8") as file:
            file.write(done.stdout + done.stderr)
        if not said:
            raise Fail(500, f"The handler ended with {done.returncode}: {done.stderr[-500:]}")
        found: dict[str, Any] = json.loads(said)
        return found


def _action(request: Request) -> int:
    if request.method == "DELETE":
        return _REMOVE
    if request.method == "POST":
        return _EDIT if len(request.path) > 1 else _CREATE
    return _LIST
