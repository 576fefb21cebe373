# SPDX-License-Identifier: Apache-2.0
"""Conf files as Splunk layers them: an app's `default/`, and over it `local/`, where writes go."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

Stanzas = dict[str, dict[str, str]]


class Confs:
    """All conf files below ``etc``. Threads may share it."""

    def __init__(self, etc: Path) -> None:
        self._etc = etc
        self._lock = threading.RLock()

    def apps(self) -> list[str]:
        """The apps installed."""
        return sorted(path.name for path in (self._etc / "apps").iterdir() if path.is_dir())

    def exists(self, app: str, conf: str) -> bool:
        """Is there such a file in any layer?"""
        return any(path.exists() for path in self._layers(app, conf))

    def read(self, app: str, conf: str) -> Stanzas:
        """All stanzas, layers merged, with what the stanza ``default`` gives to each."""
        merged: Stanzas = {}
        with self._lock:
            for path in self._layers(app, conf):
                if path.exists():
                    for stanza, values in parse(path.read_text(encoding="utf-8")).items():
                        merged.setdefault(stanza, {}).update(values)
        general = merged.pop("default", {})
        return {stanza: {**general, **values} for stanza, values in merged.items()}

    def in_local(self, app: str, conf: str, stanza: str) -> bool:
        """Is the stanza one that was made here, rather than one that came with the app?"""
        shipped = self._layers(app, conf)[0]
        if shipped.exists() and stanza in parse(shipped.read_text(encoding="utf-8")):
            return False
        return stanza in self.read(app, conf)

    def write(self, app: str, conf: str, stanza: str, values: Mapping[str, str]) -> None:
        """Set keys of a stanza in ``local/``."""
        with self._lock:
            local = self._layers(app, conf)[1]
            found = parse(local.read_text(encoding="utf-8")) if local.exists() else {}
            found.setdefault(stanza, {}).update(values)
            _replace(local, found)

    def remove(self, app: str, conf: str, stanza: str) -> None:
        """Take a stanza out of ``local/``. KeyError if it is not there."""
        with self._lock:
            local = self._layers(app, conf)[1]
            found = parse(local.read_text(encoding="utf-8")) if local.exists() else {}
            del found[stanza]
            _replace(local, found)

    def _layers(self, app: str, conf: str) -> tuple[Path, Path]:
        home = self._etc / "system" if app in ("system", "-") else self._etc / "apps" / app
        return home / "default" / f"{conf}.conf", home / "local" / f"{conf}.conf"


def parse(text: str) -> Stanzas:
    """The stanzas of a conf file. Keys before the first stanza belong to ``default``."""
    stanzas: Stanzas = {}
    current = "default"
    lines = iter(text.splitlines())
    for line in lines:
        whole = line
        while whole.endswith("\\"):
            whole = whole[:-1] + "\n" + next(lines, "")
        bare = whole.strip()
        if not bare or bare.startswith("#"):
            continue
        if bare.startswith("[") and bare.endswith("]"):
            current = bare[1:-1] or "default"
            stanzas.setdefault(current, {})
        elif "=" in bare:
            key, _, value = bare.partition("=")
            stanzas.setdefault(current, {})[key.strip()] = value.strip()
    return stanzas


def _replace(path: Path, stanzas: Stanzas) -> None:
    lines = []
    for stanza, values in stanzas.items():
        lines.append(f"[{stanza}]")
        lines += [f"{key} = " + value.replace("\n", "\\\n") for key, value in values.items()]
        lines.append("")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text("\n".join(lines), encoding="utf-8")
    beside.replace(path)
