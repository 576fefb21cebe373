# SPDX-License-Identifier: Apache-2.0
"""The app as the archive that Splunk installs; the same bytes from the same files."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

from slack_audit_input.addon.settling import files

#: The time of every file: 1 January 2020. Splunk does not look at it.
TIME = 1577836800


def pack(app: Path, target: Path) -> None:
    """Write ``target``, a gzipped tar file with the app's folder in it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_suffix(".new")
    folders = {folder for path in files(app) for folder in path.relative_to(app).parents}
    everything = {*files(app), *(app / folder for folder in folders)}
    with (
        beside.open("wb") as file,
        gzip.GzipFile("", "wb", 9, file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for path in sorted(everything, key=lambda path: path.as_posix()):
            _add(tar, path, path.relative_to(app.parent).as_posix())
    beside.replace(target)


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    member = tarfile.TarInfo(name)
    member.mtime = TIME
    if path.is_dir():
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(member)
        return
    content = path.read_bytes()
    member.size, member.mode = len(content), 0o644
    tar.addfile(member, io.BytesIO(content))
