# SPDX-License-Identifier: Apache-2.0
"""The SQLite file under a crash, a full disk, damage and other people's mistakes."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from slack_audit_input.model.errors import ConfigError, StoreError
from slack_audit_input.model.state import State
from tests.stores.changes import change
from tests.stores.opened import close_all, opened
from tests.stores.processes import said, start
from tests.stores.worker import of_version


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state with one commit, closed."""
    found = tmp_path / "state.sqlite"
    state = opened(str(found))
    buckets = {minute: os.urandom(400) for minute in range(100)}
    state.checkpoint("one").commit(0, change("a", buckets=buckets))
    state.close()
    return found


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can get to, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for found in (folder, *folder.rglob("*")):
            found.chmod(0o700)


def digest(path: Path) -> str:
    """What a file holds."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(found.name for found in folder.iterdir())


def refused(path: Path, words: str) -> None:
    """Opening it is refused with ``words``, to collect and to look; nothing of it changes."""
    before = digest(path), names(path.parent)
    for create in (True, False):
        with pytest.raises(StoreError, match=words) as caught:
            opened(str(path), create=create).checkpoint("one").load()
        assert str(path) in str(caught.value)
        assert "no checkpoint" not in str(caught.value)
    assert (digest(path), names(path.parent)) == before


def test_it_is_made_with_its_folder_for_this_user_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "state.sqlite"
    opened(str(path)).close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert names(path.parent) == ["state.sqlite"]


@pytest.mark.parametrize("name", ["a b", "ä", "q?x=1", "h#h", "p%41", "co:lon", "'q'"])
def test_names_of_any_kind(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / name
    opened(str(path)).checkpoint("one").commit(0, change())
    assert path.is_file()
    assert opened(str(path)).inputs() == ["one"]


def test_as_a_url(path: Path) -> None:
    state = opened(f"sqlite:///{path}", create=False)
    assert state.inputs() == ["one"]
    assert state.shown == str(path)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://x/y"])
def test_a_state_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="path"):
        opened(url)


def test_a_link_to_a_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "state.sqlite"
    link.symlink_to(tmp_path / "disk" / "real.sqlite")
    opened(str(link)).checkpoint("one").commit(0, change())
    assert link.is_symlink()
    assert opened(str(tmp_path / "disk" / "real.sqlite")).inputs() == ["one"]


def test_killed_in_the_middle_of_commits(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    opened(str(path)).close()
    chance = random.Random(1)
    version = 0
    for _ in range(30):
        process = start("commit_on", str(path))
        assert process.stdout is not None
        seen = [process.stdout.readline() for _ in range(chance.randrange(1, 12))]
        process.kill()
        seen += process.communicate()[0].splitlines()
        told = [int(line) for line in seen if line.strip()]
        state = opened(str(path))
        checkpoint = state.checkpoint("one")
        loaded = checkpoint.load()
        assert loaded is not None
        # What was told is there; one more may have come in before it could be told.
        assert loaded.version in (told[-1], told[-1] + 1)
        assert loaded.version > version
        version = loaded.version
        made = of_version(version)
        assert loaded == State(
            version, made.account, made.filters, made.ledger, made.counters, made.owner, made.beat
        )
        assert checkpoint.hours(0, 9) == made.hours
        kept = checkpoint.keys(0, 9)
        assert made.buckets.items() <= kept.items()
        assert not set(made.dropped) - set(made.buckets) & set(kept)
        state.close()


def test_killed_while_it_is_made(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    for wait in range(8):
        process = start("commit_on", str(path))
        try:
            process.wait(0.2 + wait * 0.03)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        if path.exists():
            opened(str(path)).close()


def test_no_database(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 1000)
    refused(path, "not a database")
    path.write_bytes(b"x")
    refused(path, "not a database")


def test_an_empty_file_is_no_new_state(path: Path) -> None:
    path.write_bytes(b"")
    refused(path, "empty file: something has cut it.*delete it")


@pytest.mark.parametrize("left", [5, 50, 99, 100, 4096, 5000, 12_000, 40_000])
def test_a_file_that_was_cut(path: Path, left: int) -> None:
    assert path.stat().st_size > left
    os.truncate(path, left)
    refused(path, "has been cut.*restore it")


def test_a_file_with_damage_inside(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    refused(path, "malformed.*damaged")


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("left_open", [False, True])
def test_another_programs_database(tmp_path: Path, mode: str, left_open: bool) -> None:
    path = tmp_path / "theirs.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode={mode}")
    connection.execute("CREATE TABLE theirs (x)")
    connection.execute("INSERT INTO theirs VALUES (1)")
    connection.commit()
    if not left_open:
        connection.close()
    refused(path, "another program's database")
    connection.close()


def test_another_programs_empty_database(tmp_path: Path) -> None:
    path = tmp_path / "theirs.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("VACUUM")
    connection.close()
    refused(path, "another program's database|empty file")


def test_ours_without_its_tables(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE slack_audit_meta")
    connection.commit()
    connection.close()
    refused(path, "no such table.*damaged")


def test_a_folder(tmp_path: Path) -> None:
    for create in (True, False):
        with pytest.raises(StoreError, match="is a folder"):
            opened(str(tmp_path), create=create)


def test_a_folder_that_cannot_be(path: Path) -> None:
    for create in (True, False):
        with pytest.raises(StoreError):
            opened(str(path / "below" / "state.sqlite"), create=create)
    assert path.is_file()


def test_a_missing_folder_is_not_made_by_who_only_looks(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no state at"):
        opened(str(tmp_path / "none" / "state.sqlite"), create=False)
    assert names(tmp_path) == []


@pytest.mark.parametrize("away", ["unlink", "replace"])
def test_a_file_that_goes_away_while_it_is_used(path: Path, tmp_path: Path, away: str) -> None:
    state = opened(str(path))
    checkpoint = state.checkpoint("one")
    checkpoint.commit(1, change("b"))
    if away == "unlink":
        path.unlink()
    else:
        shutil.copy(path, tmp_path / "copy")
        (tmp_path / "copy").replace(path)
    with pytest.raises(StoreError, match="deleted or replaced while it was in use"):
        checkpoint.commit(2, change("c"))
    state.close()
    assert path.exists() is (away == "replace")


def test_a_file_that_another_holds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slack_audit_input.stores.sqlite.BUSY", 0.1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    # Who only looks is not in the way of who commits.
    looking = opened(str(path), create=False).checkpoint("one")
    assert looking.load() is not None
    with pytest.raises(StoreError, match=r"locked \(another process holds it"):
        looking.commit(1, change())
    other.close()
    assert looking.commit(1, change()) == 2


@pytest.mark.parametrize("read_only", ["file", "folder", "both"])
def test_read_only(open_folder: Path, read_only: str) -> None:
    folder = open_folder / "state"
    folder.mkdir()
    path = folder / "state.sqlite"
    state = opened(str(path))
    state.checkpoint("one").commit(0, change("a"))
    state.close()
    path.chmod(0o444 if read_only in ("file", "both") else 0o666)
    folder.chmod(0o555 if read_only in ("folder", "both") else 0o777)
    before = digest(path)
    words = said("as_nobody", str(path))
    assert len(words) == 1
    assert f"the state {path}: " in words[0]
    assert "read-only for this user" in words[0] or "may this user write there" in words[0]
    assert digest(path) == before


def test_a_folder_in_which_nothing_can_be_made(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    words = said("as_nobody", str(open_folder / "state.sqlite"))
    assert len(words) == 1
    assert words[0].startswith("cannot open the state")
    assert "must be allowed" in words[0]
    assert names(open_folder) == []


def full(path: Path, lines: list[str]) -> None:
    """The commits that were told are there, whole; then it was said what is wrong."""
    done, words = int(lines[0]), lines[1]
    assert done > 3
    assert words.startswith(f"cannot write the state {path}: ")
    assert "othing was lost" in words
    checkpoint = opened(str(path), create=False).checkpoint("one")
    loaded = checkpoint.load()
    assert loaded is not None
    assert loaded.version == done
    kept = checkpoint.keys(0, 2000)
    assert [len(kept[minute]) for minute in sorted(kept)] == [20_000] * done


def test_a_limit_on_file_sizes(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    full(path, said("limited", str(path), str(2_000_000)))


def test_a_full_disk(tmp_path: Path) -> None:
    tool = shutil.which("mount")
    mount = [str(tool), "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)]
    if (
        os.geteuid() != 0
        or tool is None
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("a full disk is NOT TESTED: this user may not mount one")
    try:
        path = tmp_path / "state.sqlite"
        full(path, said("filling", str(path)))
    finally:
        close_all()
        subprocess.run([f"{Path(str(tool)).parent}/umount", str(tmp_path)], check=True)
