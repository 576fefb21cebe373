# SPDX-License-Identifier: Apache-2.0
"""A clock that runs faster than the machine's, for processes that are not changed for it.

`clock.c` is compiled once and preloaded into them; what they see as time, and how long they wait,
is in a page of a file that this module writes.
"""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
import time
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")
#: What processes see: the true time, or that of a machine whose clock is set wrong.
TRUE, HOSTS = 0, 1
_PAGE = struct.Struct("=Qdqqqq")
_NS = 1_000_000_000


class NoCompiler(RuntimeError):
    """There is no C compiler here."""


def library(folder: Path) -> Path:
    """Compile the library into ``folder``, unless it is there. Raises NoCompiler."""
    path = folder / "clock.so"
    if path.exists() and path.stat().st_mtime > SOURCE.stat().st_mtime:
        return path
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompiler("no C compiler: apt-get install gcc libc6-dev")
    folder.mkdir(parents=True, exist_ok=True)
    line = [compiler, "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(path), str(SOURCE)]
    subprocess.run([*line, "-ldl", "-lpthread"], check=True)
    return path


class FastClock:
    """``speed`` times the machine's; the true wall clock shows ``at`` (unix seconds) now."""

    def __init__(self, folder: Path, at: float, speed: float) -> None:
        self.speed = speed
        self._library = library(folder)
        self._path = folder / "clock.page"
        self._real = self._shown = time.monotonic_ns()
        base = int(at * _NS) - self._shown
        self._wall = [base, base]
        self._turn = 0
        with self._path.open("wb") as file:
            file.write(bytes(_PAGE.size))
        with self._path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), _PAGE.size)
        self._write()

    def environment(self, wall: int = TRUE) -> dict[str, str]:
        """For a process that is to live by this clock."""
        return {
            "LD_PRELOAD": str(self._library),
            "SOAK_CLOCK": str(self._path),
            "SOAK_WALL": str(wall),
        }

    def now(self) -> float:
        """The true unix time, as Slack has it."""
        return (self._monotonic() + self._wall[TRUE]) / _NS

    def ahead(self) -> float:
        """Seconds by which the hosts' wall clock is ahead of the true time."""
        return (self._wall[HOSTS] - self._wall[TRUE]) / _NS

    def set_ahead(self, seconds: float) -> None:
        """Set the hosts' wall clock so far ahead (behind, if negative) of the true time."""
        self._wall[HOSTS] = self._wall[TRUE] + int(seconds * _NS)
        self._write()

    def set_speed(self, speed: float) -> None:
        """From now on run so fast. A wait that is under way ends when it would have."""
        shown = self._monotonic()
        self._real, self._shown, self.speed = time.monotonic_ns(), shown, speed
        self._write()

    def real(self, seconds: float) -> float:
        """How many of the machine's seconds so many of this clock's last."""
        return seconds / self.speed

    def sleep_until(self, at: float) -> None:
        """Wait until the true time is ``at``."""
        while (left := at - self.now()) > 0:
            time.sleep(min(0.5, self.real(left)))

    def close(self) -> None:
        """Let go of the page; processes that have it keep it."""
        self._page.close()
        self._path.unlink()

    def _monotonic(self) -> int:
        return self._shown + int((time.monotonic_ns() - self._real) * self.speed)

    def _write(self) -> None:
        # Odd while it is being written: whoever reads then reads again.
        self._turn += 2
        self._page[:8] = struct.pack("=Q", self._turn - 1)
        rest = _PAGE.pack(0, self.speed, self._real, self._shown, *self._wall)[8:]
        self._page[8 : _PAGE.size] = rest
        self._page[:8] = struct.pack("=Q", self._turn)
