# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of one's own, for the tests of the store that speaks to one.

The server has a new cluster, listens on a Unix socket only that this user (and root) can reach, and
is gone afterwards with all its data.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Debian keeps the server programs out of PATH, in a folder per major version.
DEBIAN_FOLDER = Path("/usr/lib/postgresql")
SUPERUSER = "postgres"
START_SECONDS = 60
INITDB_OPTIONS = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
# Nothing has to survive a power cut, so nothing waits for the disk.
SERVER_SETTINGS = {
    "listen_addresses": "''",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}


class PostgresMissing(RuntimeError):
    """There are no PostgreSQL server programs here, or no user that could run them."""


class Owner(NamedTuple):
    """The user that a server runs as, where that is not the user that runs the tests."""

    uid: int
    gid: int


@contextmanager
def running_postgres(tmp_dir: Path) -> Iterator[str]:
    """Run a private PostgreSQL server, and stop it at the end.

    Yields the SQLAlchemy URL (driver psycopg) of an empty database, as its superuser. What the
    server logs goes to `postgresql.log` in `tmp_dir`. Raises `PostgresMissing` if there is nothing
    to run; RuntimeError with the end of the log if the server does not start.
    """
    programs = server_programs()
    owner = server_owner()
    log = tmp_dir / "postgresql.log"
    # Not under `tmp_dir`: another user has to get there, and the path of a Unix socket has to stay
    # under 108 bytes. pytest's folders are closed to other users, and deep.
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        home = Path(name)
        if owner is not None:
            os.chown(home, owner.uid, owner.gid)
        cluster = home / "cluster"
        create = (str(programs / "initdb"), "--pgdata", str(cluster), "--username", SUPERUSER)
        _run([*create, *INITDB_OPTIONS], home, owner, log)
        # The server knows no more of the tests' settings than this file.
        settings = {**SERVER_SETTINGS, "unix_socket_directories": f"'{home}'", "port": "5432"}
        with (cluster / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{key} = {value}\n" for key, value in settings.items())
        control = (str(programs / "pg_ctl"), "--pgdata", str(cluster), "--silent", "--wait")
        _run([*control, "start", "--timeout", str(START_SECONDS)], home, owner, log)
        try:
            yield f"postgresql+psycopg://{SUPERUSER}@/{SUPERUSER}?host={quote(name)}&port=5432"
        finally:
            _run([*control, "stop", "--mode=fast"], home, owner, log)


def server_programs() -> Path:
    """Return the folder of the newest `initdb` and `pg_ctl`; raise `PostgresMissing` without."""
    folders = sorted(DEBIAN_FOLDER.glob("*/bin"), key=_major_version, reverse=True)
    on_path = shutil.which("initdb")
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    message = f"no initdb and pg_ctl in {DEBIAN_FOLDER}/*/bin or PATH: apt-get install postgresql"
    raise PostgresMissing(message)


def server_owner() -> Owner | None:
    """Return who has to run the server: PostgreSQL refuses root. None is this very user."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(SUPERUSER)
    except KeyError:
        message = f"root cannot run PostgreSQL, and there is no user {SUPERUSER} to run it instead"
        raise PostgresMissing(message) from None
    return Owner(entry.pw_uid, entry.pw_gid)


def _major_version(folder: Path) -> tuple[int, ...]:
    """Order `/usr/lib/postgresql/15/bin` and `…/9.6/bin` by their numbers."""
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdigit())


def _run(command: Sequence[str], home: Path, owner: Owner | None, log: Path) -> None:
    """Run a server program as `owner` in `home`, its words (and its server's) added to `log`."""
    with log.open("ab") as output:
        done = subprocess.run(
            command,
            check=False,
            cwd=home,
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=2 * START_SECONDS,
            user=None if owner is None else owner.uid,
            group=None if owner is None else owner.gid,
            extra_groups=None if owner is None else [],
        )
    if done.returncode != 0:
        tail = "\n".join(log.read_text("utf-8", "replace").splitlines()[-15:])
        message = f"{command[0]} ended with {done.returncode}; the end of {log}:\n{tail}"
        raise RuntimeError(message)


def _environment(home: Path) -> Mapping[str, str]:
    """Leave out PGPORT, PGDATA and all else of this user's that would change the server."""
    return {"PATH": os.defpath, "HOME": str(home), "LC_ALL": "C"}
