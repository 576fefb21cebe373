# SPDX-License-Identifier: Apache-2.0
"""data/inputs/KIND: the stanzas of modular inputs, checked by the input's own script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from tests.splunkd.confs import Confs
from tests.splunkd.entries import Entry, Fail
from tests.splunkd.requests import Request

#: What splunkd knows of every input, whatever its kind.
GENERAL = frozenset({"disabled", "host", "index", "interval", "source", "sourcetype", "queue"})
#: Belongs to the kind, not to what a script is told.
OF_THE_KIND = frozenset({"python.version", "python.required", "start_by_shell", "passAuth"})


class Script(Protocol):
    """The script of one kind of input."""

    def arguments(self) -> Mapping[str, bool]:
        """What it knows, and whether it has to be given when an input is made."""

    def check(self, name: str, params: Mapping[str, str]) -> str:
        """What it says against an input, or ""."""


class Inputs:
    """Reads and writes input stanzas. ``changed``: told whenever something may have to run."""

    def __init__(
        self, confs: Confs, script: Callable[[str, str], Script], changed: Callable[[], None]
    ) -> None:
        self._confs = confs
        self._script = script
        self._changed = changed

    def stanzas(self, app: str, kind: str) -> dict[str, dict[str, str]]:
        """Params by name, what the kind gives to all of them included."""
        found = self._confs.read(app, "inputs")
        general = {
            "host": "$decideOnStartup",
            "index": "default",
            **found.get(kind, {}),
        }
        head = f"{kind}://"
        return {
            stanza[len(head) :]: {**general, **values}
            for stanza, values in found.items()
            if stanza.startswith(head)
        }

    def answer(self, request: Request) -> tuple[int, Sequence[Entry]]:
        """For ``data/inputs/KIND[/NAME[/enable|disable]]``. Raises Fail."""
        kind, names, app = request.path[2], request.path[3:], request.app
        if request.method == "GET":
            if not names or names[0] == "_reload":
                return 200, [self._entry(app, kind, name) for name in self.stanzas(app, kind)]
            return 200, [self._existing(app, kind, names[0])]
        if not names:
            return 201, [self._create(request, kind)]
        self._existing(app, kind, names[0])
        if request.method == "DELETE":
            self._confs.remove(app, "inputs", f"{kind}://{names[0]}")
            self._changed()
            return 200, [self._entry(app, kind, name) for name in self.stanzas(app, kind)]
        if names[1:] in (("enable",), ("disable",)):
            values = {"disabled": "0" if names[1] == "enable" else "1"}
        else:
            values = request.fields()
            self._checked(app, kind, names[0], {**self.stanzas(app, kind)[names[0]], **values})
        self._confs.write(app, "inputs", f"{kind}://{names[0]}", values)
        self._changed()
        return 200, [self._existing(app, kind, names[0])]

    def _create(self, request: Request, kind: str) -> Entry:
        values = request.fields()
        name = values.pop("name", "")
        if not name:
            raise Fail(400, "Cannot perform action POST without a target name to act on.")
        if name in self.stanzas(request.app, kind):
            raise Fail(409, f"An object with name={name} already exists")
        script = self._script(request.app, kind)
        for argument, needed in script.arguments().items():
            if needed and argument != "name" and not values.get(argument):
                raise Fail(400, f"The following required arguments are missing: {argument}.")
        general = self._confs.read(request.app, "inputs").get(kind, {})
        self._checked(request.app, kind, name, {"index": "default", **general, **values})
        self._confs.write(request.app, "inputs", f"{kind}://{name}", values)
        self._changed()
        return self._existing(request.app, kind, name)

    def _checked(self, app: str, kind: str, name: str, values: Mapping[str, str]) -> None:
        script = self._script(app, kind)
        known = {*script.arguments(), *GENERAL, *OF_THE_KIND}
        for key in values:
            if key not in known:
                raise Fail(400, f'Argument "{key}" is not supported by this handler.')
        said = script.check(name, params_of(values))
        if said:
            raise Fail(400, said)

    def _existing(self, app: str, kind: str, name: str) -> Entry:
        if name not in self.stanzas(app, kind):
            raise Fail(404, f"Could not find object id={name}")
        return self._entry(app, kind, name)

    def _entry(self, app: str, kind: str, name: str) -> Entry:
        values = self.stanzas(app, kind)[name]
        content = {
            **values,
            "disabled": is_off(values),
            "eai:appName": app,
            "eai:userName": "nobody",
        }
        path = ("servicesNS", "nobody", app, "data", "inputs", kind, name)
        removable = self._confs.in_local(app, "inputs", f"{kind}://{name}")
        return Entry(name, path, content, app, removable)


def is_off(values: Mapping[str, str]) -> bool:
    """Is an input disabled?"""
    return values.get("disabled", "0").lower() in ("1", "true")


def params_of(values: Mapping[str, str]) -> dict[str, str]:
    """What a script is told of a stanza."""
    return {key: value for key, value in values.items() if key not in {*OF_THE_KIND, "disabled"}}
