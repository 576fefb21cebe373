# SPDX-License-Identifier: Apache-2.0
"""What goes into the package, laid out as UCC's generator wants it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from slack_audit_input.addon.configuration import configuration

#: The app's id, which is the name of its folder.
APP = "slack_audit_input"
#: The collector's own folders and files that have no business inside Splunk: they need what is
#: not vendored (click, rich, SQLAlchemy, msgspec), or serve other hosts, tests and builds.
LEFT_OUT = (
    "addon",
    "emulator",
    "hosts/cli",
    "hosts/script.py",
    "mapping",
    "sinks/coverage.py",
    "sinks/ecs.py",
    "sinks/fanout.py",
    "sinks/forward",
    "sinks/ndjson.py",
    "slack/skim.py",
    "stores/checkpoint.py",
    "stores/credentials_file.py",
    "stores/credentials_keyring.py",
    "stores/places.py",
    "stores/sql.py",
    "stores/sqlite.py",
    "stores/tables.py",
    "stores/verified.py",
    "__main__.py",
    "py.typed",
)
#: Kinds of files that may be in `default/`, `lookups/` and our own `package/`.
KINDS = frozenset(
    {".conf", ".csv", ".html", ".json", ".manifest", ".md", ".png", ".py", ".txt", ".xml"}
)
#: Made by other build steps (searches from detections, say), laid over the sources: a folder
#: shaped like an app, `generated/default/savedsearches.conf` for instance.
GENERATED = Path("build/generated")


def stage(repository: Path, stage: Path, version: str) -> Path:
    """Fill the empty folder ``stage``; returns its ``globalConfig.json``.

    ``repository``: the checkout. Raises ValueError for a file of a kind that no app holds.
    """
    code = repository / "slack_audit_input"
    package = stage / "package"
    _copy(code / "addon" / "package", package)
    _copy_code(code, package / "lib" / "slack_audit_input")
    for name in ("default", "lookups", "metadata"):
        if (repository / name).is_dir():
            _copy(repository / name, package / name)
    if (repository / GENERATED).is_dir():
        _copy(repository / GENERATED, package)
    licences = package / "LICENSES"
    licences.mkdir(exist_ok=True)
    shutil.copyfile(repository / "LICENSE", licences / "Apache-2.0.txt")
    shutil.copyfile(repository / "CHANGELOG.md", package / "CHANGELOG.md")
    _set_version(package / "app.manifest", version)
    target = stage / "globalConfig.json"
    document = configuration(code / "addon" / "globalConfig.json", version)
    target.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return target


def _copy_code(code: Path, target: Path) -> None:
    unwanted = {code / name for name in LEFT_OUT}
    for path in sorted(code.rglob("*")):
        if path.suffix not in (".py", ".csv") or unwanted.intersection((path, *path.parents)):
            continue
        place = target / path.relative_to(code)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _copy(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        if path.is_dir() or "__pycache__" in path.parts:
            continue
        if path.suffix not in KINDS or path.is_symlink():
            raise ValueError(f"{path} is of a kind that the package does not hold")
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _set_version(manifest: Path, version: str) -> None:
    document = json.loads(manifest.read_text(encoding="utf-8"))
    document["info"]["id"]["version"] = version
    manifest.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
