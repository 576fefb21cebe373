# SPDX-License-Identifier: Apache-2.0
"""Processes of their own for the tests of stores: ``python -m tests.stores.worker WHAT …``."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from slack_audit_input.model.errors import StoreError, Superseded
from slack_audit_input.model.state import Change, Hour
from slack_audit_input.stores.sql import SqlState
from tests.stores.changes import change

NOBODY = 65534


def commit_on(url: str) -> None:
    """Commit one version after the other until killed; say each on stdout once it is in."""
    checkpoint = SqlState(url).checkpoint("one")
    state = checkpoint.load()
    version = state.version if state else 0
    while True:
        version = checkpoint.commit(version, of_version(version + 1))
        os.write(1, f"{version}\n".encode())


def of_version(version: int) -> Change:
    """The change that makes ``version``: every part of it says which one it is."""
    return change(
        str(version),
        buckets={m: str(version).encode() * 500 for m in (0, version % 7 + 1)},
        dropped=[(version + 1) % 7 + 1],
        hours={0: Hour(version, f"{version:032x}")},
    )


def race(url: str, name: str, wins: str) -> None:
    """Win ``wins`` commits against whoever else tries; say the versions won on stdout."""
    checkpoint = SqlState(url).checkpoint("one")
    won = 0
    while won < int(wins):
        state = checkpoint.load()
        try:
            version = checkpoint.commit(state.version if state else 0, change(name))
        except Superseded:
            continue
        won += 1
        os.write(1, f"{version}\n".encode())


def limited(path: str, most: str) -> None:
    """Commit ever larger buckets while no file may grow beyond ``most`` bytes."""
    checkpoint = SqlState(path).checkpoint("one")
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
    fill(checkpoint.commit)


def filling(path: str) -> None:
    """Commit ever more buckets until the disk is full."""
    fill(SqlState(path).checkpoint("one").commit)


def fill(commit: Callable[[int, Change], int]) -> None:
    """Commit until it fails; say how many went well, and with which words it ended."""
    version = 0
    try:
        while version < 1000:
            version = commit(version, change(buckets={version: os.urandom(20_000)}))
    except StoreError as error:
        sys.stdout.write(f"{version}\n{error}\n")


def as_nobody(path: str) -> None:
    """Open and commit as a user who may do little; say what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        # Modules that are imported late can be out of that user's reach.
        warm = SqlState(str(Path(folder) / "state")).checkpoint("one")
        warm.commit(0, change())
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        SqlState(path).checkpoint("one").commit(1, change("nobody"))
    except StoreError as error:
        sys.stdout.write(f"{error}\n")
    else:
        sys.stdout.write("committed\n")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
