# SPDX-License-Identifier: Apache-2.0
"""storage/passwords: secrets by realm and user name, never in clear on the disk."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from tests.splunkd.confs import Confs
from tests.splunkd.entries import Entry, Fail

_MARK = "$7$"
_KEY = b"the double's own key; it only keeps secrets out of plain sight"


class Passwords:
    """Secrets of one app, in its `local/passwords.conf` as Splunk keeps them."""

    def __init__(self, confs: Confs) -> None:
        self._confs = confs

    def all(self, app: str) -> list[Entry]:
        """Every secret, with its text."""
        found = []
        for stanza, values in self._confs.read(app, "passwords").items():
            # credential::realm:user: with colons inside escaped by a backslash
            name = stanza[len("credential::") :]
            realm, user = _parts(name)
            content: dict[str, Any] = {
                "clear_password": _opened(values["password"]),
                "encr_password": values["password"],
                "password": "********",
                "realm": realm,
                "username": user,
            }
            path = ("servicesNS", "nobody", app, "storage", "passwords", name)
            found.append(Entry(name, path, content, app))
        return found

    def one(self, app: str, name: str) -> Entry:
        """One secret. Raises Fail 404."""
        for entry in self.all(app):
            if entry.name in (name, name + ":"):
                return entry
        raise Fail(404, f"Could not find object id={name}")

    def create(self, app: str, form: Mapping[str, str]) -> Entry:
        """A new one. Raises Fail 409 if it is there already, 400 without its fields."""
        user, password = form.get("name", ""), form.get("password", "")
        if not user or not password:
            raise Fail(400, "Name and password must be provided")
        name = f"{_escaped(form.get('realm', ''))}:{_escaped(user)}:"
        if any(entry.name == name for entry in self.all(app)):
            raise Fail(409, f"Cannot create object because name={user} already exists")
        self._confs.write(app, "passwords", f"credential::{name}", {"password": _closed(password)})
        return self.one(app, name)

    def change(self, app: str, name: str, form: Mapping[str, str]) -> Entry:
        """Another text for one. Raises Fail 404."""
        entry = self.one(app, name)
        self._confs.write(
            app, "passwords", f"credential::{entry.name}", {"password": _closed(form["password"])}
        )
        return self.one(app, name)

    def remove(self, app: str, name: str) -> None:
        """Forget one. Raises Fail 404."""
        self._confs.remove(app, "passwords", f"credential::{self.one(app, name).name}")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")


def _parts(name: str) -> tuple[str, str]:
    parts = [""]
    escaped = False
    for character in name:
        if escaped or character not in "\\:":
            parts[-1] += character
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            parts.append("")
    return parts[0], parts[1]


def _closed(text: str) -> str:
    return _MARK + base64.b64encode(_mixed(text.encode())).decode()


def _opened(text: str) -> str:
    return _mixed(base64.b64decode(text[len(_MARK) :])).decode()


def _mixed(data: bytes) -> bytes:
    return bytes(byte ^ _KEY[i % len(_KEY)] for i, byte in enumerate(data))
