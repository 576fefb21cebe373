# SPDX-License-Identifier: Apache-2.0
"""Disks that can be full: a small file system of its own for root, else a limit on file sizes."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from pathlib import Path

#: With fewer bytes left than this, nothing of ours fits any more.
LEAST = 4096


class SmallDisk:
    """A folder whose disk can be filled.

    ``real``: it is a file system of its own, and is filled by a file; otherwise processes that are
    named to ``fill`` can make no file longer than it is.
    """

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        line = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
        self.real = False
        with contextlib.suppress(OSError):
            self.real = subprocess.run(line, capture_output=True, check=False).returncode == 0
        self.is_full = False
        self._filler = folder / ".filler"

    @property
    def kind(self) -> str:
        """How it is full, in words."""
        return "a full tmpfs (ENOSPC)" if self.real else "RLIMIT_FSIZE (EFBIG)"

    def fill(self, pid: int | None) -> None:
        """Nothing more fits; ``pid``: the process that is to find out, if it runs."""
        self.is_full = True
        if self.real:
            with self._filler.open("wb") as file:
                # Others write meanwhile, so that what is left is soon less than it was.
                while (size := _left(self.folder)) >= LEAST:
                    with contextlib.suppress(OSError):
                        os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)
        elif pid is not None:
            self.limit(pid)

    def limit(self, pid: int) -> None:
        """Where there is no file system of our own: have a process meet the full disk."""
        if self.real or not self.is_full:
            return
        sizes = [path.stat().st_size for path in self.folder.iterdir() if path.is_file()]
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (max([LEAST, *sizes]) + 512, hard))

    def free(self, pid: int | None) -> None:
        """There is room again."""
        self.is_full = False
        if self.real:
            self._filler.unlink()
        elif pid is not None:
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))

    def close(self, keep: bool = False) -> None:
        """Let go of the file system; ``keep``: what is in it stays in the folder."""
        if self.real:
            kept = {p: p.read_bytes() for p in self.folder.iterdir() if keep and p.is_file()}
            line = ["umount", "--lazy", str(self.folder)]
            subprocess.run(line, check=False)
            for path, content in kept.items():
                path.write_bytes(content)


def _left(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
