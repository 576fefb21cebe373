# SPDX-License-Identifier: Apache-2.0
"""From what the generator made to what is shipped: the same bytes from the same sources."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

#: In the vendored packages' own records: how and when they were installed here.
_RECORDS = ("RECORD", "INSTALLER", "REQUESTED", "WHEEL", "direct_url.json")
#: Without a use in Splunk: commands of packages, their types for type checkers.
_UNUSED = ("lib/bin", "lib/requirements.txt")
_BUILD = re.compile(r"(?m)^build = \d+$")
_BUSTER = re.compile(r"static/@\d+/")


def settle(app: Path) -> None:
    """Take out what differs from build to build, and what nobody needs."""
    for name in _UNUSED:
        path = app / name
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
    for path in sorted((app / "lib").rglob("*")):
        unwanted = path.name in _RECORDS and path.parent.suffix == ".dist-info"
        if unwanted or path.suffix in (".pyi", ".pyc") or path.name == "py.typed":
            path.unlink()
    for path in sorted(app.rglob("__pycache__")):
        shutil.rmtree(path)
    _set_build(app, 0)
    # A number that changes when anything else does: browsers keep what they have until then.
    _set_build(app, int(digest(app), 16) % 10**9)


def files(app: Path) -> Iterator[Path]:
    """All files, in the one order that counts."""
    yield from sorted(
        (path for path in app.rglob("*") if path.is_file()),
        key=lambda path: path.relative_to(app).as_posix(),
    )


def digest(app: Path) -> str:
    """A digest of all names and contents."""
    summed = hashlib.sha256()
    for path in files(app):
        summed.update(path.relative_to(app).as_posix().encode() + b"\0")
        summed.update(hashlib.sha256(path.read_bytes()).digest())
    return summed.hexdigest()


def _set_build(app: Path, number: int) -> None:
    pages = [
        app / "appserver" / "templates" / "base.html",
        *sorted(app.glob("appserver/templates/*_redirect.html")),
    ]
    _set(app / "default" / "app.conf", _BUILD, f"build = {number}")
    for page in pages:
        _set(page, _BUSTER, f"static/@{number}/")


def _set(path: Path, pattern: re.Pattern[str], text: str) -> None:
    found, count = pattern.subn(text, path.read_text(encoding="utf-8"))
    if not count:
        raise ValueError(f"{path} has no build number: has the generator changed?")
    path.write_text(found, encoding="utf-8")
