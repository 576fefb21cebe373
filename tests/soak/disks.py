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
            left = os.statvfs(self.folder)
            size = left.f_bavail * left.f_frsize
            with self._filler.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(LEAST, size))
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

    def close(self) -> None:
        """Let go of the file system."""
        if self.real:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)
