# SPDX-License-Identifier: Apache-2.0
"""One account's credentials in a file that only its owner can read.

Written to a file beside it, brought to the disk, and renamed: a kill at any moment leaves the old
text or the new one. One that was whole already, and only not renamed, is renamed by whoever has the
lock next: the window in which a kill loses what Slack gave does not wait for the disk. A lock on a
third file keeps processes apart; the system takes it away from a process that dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import json
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from slack_audit_input.model.errors import ConfigError, StoreError

#: A text that is longer is not ours.
_MOST = 1 << 16
#: Seconds between two attempts at a lock that another process holds.
_LOOK = 0.05


class CredentialsFile:
    """See ``slack.ports.CredentialStore``. ``path``: made at the first write, mode 600."""

    exclusive = True

    def __init__(self, path: Path, pause: Callable[[float], object] = time.sleep) -> None:
        # A rename would put a file in the place of a link to one.
        self._path = Path(os.path.realpath(path.expanduser()))
        self._pause = pause
        self.shown = str(path)

    def read(self) -> str | None:
        """What the file holds. Raises ConfigError when others can read it, StoreError."""
        try:
            with self._path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                if not stat.S_ISREG(mode):
                    raise ConfigError(f"{self.shown} is no file")
                if mode & (stat.S_IRWXG | stat.S_IRWXO):
                    raise ConfigError(
                        f"{self.shown} can be read by others, and holds the keys to the audit log: "
                        f"chmod 600 {self.shown}. If somebody else may have read it, sign in again"
                    )
                return file.read(_MOST).decode()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise StoreError(f"{self.shown} does not hold credentials") from None
        except OSError as error:
            raise StoreError(f"{self.shown}: {error.strerror}") from None

    def write(self, text: str, instead_of: str | None) -> bool:
        """Put ``text`` there, if it holds ``instead_of``. Hold the lock, or nobody else writes."""
        if self.read() != instead_of:
            return False
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._forget_leftovers()
            # A name of its own, mode 600: whatever somebody else writes at the same time, where
            # locks do not hold, is not renamed in its stead.
            descriptor, aside = tempfile.mkstemp(".new", self._leftover, self._path.parent)
            try:
                self._fill(descriptor, text.encode())
            finally:
                os.close(descriptor)
            self._replace(Path(aside))
        except OSError as error:
            raise StoreError(
                f"{self.shown} cannot be written ({error.strerror}). Tokens that are refreshed "
                "must be kept: give them a folder that is writable for this user"
            ) from None
        return True

    def delete(self) -> None:
        """Remove the file, and what a kill may have left beside it."""
        try:
            self._forget_leftovers()
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{self.shown} cannot be removed: {error.strerror}") from None

    @contextlib.contextmanager
    def lock(self, patience: float) -> Iterator[bool]:
        """The lock, on a file beside this one."""
        with locked(self._path.with_name(f".{self._path.name}.lock"), patience, self._pause) as got:
            if got:
                self._finish()
            yield got

    def check_writable(self) -> None:
        """Raises ConfigError when what is refreshed could not be kept here."""
        folder = self._path.parent
        mine = os.access in os.supports_effective_ids
        able = os.access(folder, os.W_OK | os.X_OK, effective_ids=mine)
        if self._path.exists() and not able:
            raise ConfigError(
                f"{self.shown} holds tokens that are refreshed every few hours, and {folder} "
                "cannot be written by this user: what Slack gives could not be kept. Copy the "
                "file into a writable folder, see docs/tokens.md"
            )

    @property
    def _leftover(self) -> str:
        """How a file begins that is being written, or that a kill has left behind."""
        return f".{self._path.name}."

    def _forget_leftovers(self) -> None:
        """Secrets in a file that nobody will rename any more have no business there."""
        for path in self._leftovers():
            path.unlink(missing_ok=True)

    def _finish(self) -> None:
        """Rename what a process that is dead by now had written whole.

        It was written instead of what is there now: whoever writes removes what is left over.
        """
        found = list(self._leftovers())
        if len(found) != 1:
            return
        try:
            descriptor = os.open(found[0], os.O_RDONLY | os.O_NOFOLLOW)
            with open(descriptor, "rb") as file:  # noqa: PTH123 - no path: it may be a link
                state = os.fstat(file.fileno())
                whole = json.loads(file.read(_MOST))
            ours = state.st_uid == os.geteuid() and stat.S_IMODE(state.st_mode) == 0o600
            if ours and isinstance(whole, dict):
                self._replace(found[0])
        except (OSError, ValueError, RecursionError):
            return  # half of it, or not ours: the next write removes it

    def _leftovers(self) -> Iterator[Path]:
        return self._path.parent.glob(f"{glob.escape(self._leftover)}*.new")

    def _fill(self, descriptor: int, data: bytes) -> None:
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)

    def _replace(self, aside: Path) -> None:
        aside.replace(self._path)
        # The rename itself is on the disk only when the folder is.
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def locked(path: Path, patience: float, pause: Callable[[float], object]) -> Iterator[bool]:
    """Hold a lock on ``path`` until the end, or until this process is dead.

    False when another process had it for all of ``patience`` seconds. Raises StoreError when
    there can be no such file.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from None
    try:
        got = _taken(descriptor)
        waited = 0.0
        while not got and waited < patience:
            pause(_LOOK)
            waited += _LOOK
            got = _taken(descriptor)
        yield got
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
