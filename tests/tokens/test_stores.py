# SPDX-License-Identifier: Apache-2.0
"""Where a sign-in is kept: a file of mode 600, and a real keyring; what both promise."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keyring
import keyring.backends.fail
import pytest
from keyrings.alt.file import PlaintextKeyring

from slack_audit_input.model.errors import ConfigError, StoreError
from slack_audit_input.slack.ports import CredentialStore
from slack_audit_input.stores.credentials_file import CredentialsFile, locked
from slack_audit_input.stores.credentials_keyring import CredentialsInKeyring


def never(seconds: float) -> None:
    raise AssertionError("waited")


def file_store(folder: Path) -> CredentialStore:
    return CredentialsFile(folder / "below" / "default.json", never)


def keyring_store(folder: Path) -> CredentialStore:
    return CredentialsInKeyring("default", folder / "lock", never)


@pytest.fixture(params=[file_store, keyring_store], ids=["file", "keyring"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, backend: PlaintextKeyring
) -> CredentialStore:
    make: Callable[[Path], CredentialStore] = request.param
    return make(tmp_path)


@pytest.fixture
def backend(tmp_path: Path) -> Any:
    """Keyring's own file backend, as the system's keyring."""
    before = keyring.get_keyring()
    found = PlaintextKeyring()
    found.file_path = str(tmp_path / "keyring.cfg")
    keyring.set_keyring(found)
    yield found
    keyring.set_keyring(before)


# -- every store -----------------------------------------------------------------------------


def test_what_is_written_is_there_and_only_instead_of_what_was_known(
    store: CredentialStore,
) -> None:
    assert store.read() is None
    assert not store.write("b", "a")
    assert store.write("a", None) and store.read() == "a"
    assert not store.write("b", None) and not store.write("b", "c") and store.read() == "a"
    assert store.write("b", "a") and store.read() == "b"
    store.delete()
    assert store.read() is None
    store.delete()


def test_another_object_on_the_same_place_sees_it(
    tmp_path: Path, backend: PlaintextKeyring
) -> None:
    for make in (file_store, keyring_store):
        assert make(tmp_path).write("a", None)
        assert make(tmp_path).read() == "a"


def test_the_lock_is_held_by_one(store: CredentialStore, tmp_path: Path) -> None:
    with store.lock(0.0) as mine:
        assert mine
        with store.lock(0.0) as theirs:
            assert not theirs
    with store.lock(0.0) as again:
        assert again


def test_the_lock_is_waited_for_as_long_as_one_likes(tmp_path: Path) -> None:
    waits: list[float] = []
    with locked(tmp_path / "lock", 0.0, never) as mine:
        assert mine
        with locked(tmp_path / "lock", 1.0, waits.append) as theirs:
            assert not theirs
    assert sum(waits) == pytest.approx(1.0)


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    code = """
        import sys, time
        from pathlib import Path
        from slack_audit_input.stores.credentials_file import locked
        with locked(Path(sys.argv[1]), 0.0, time.sleep) as got:
            print(got, flush=True)
            time.sleep(60)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "lock")],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None and process.stdout.readline() == "True\n"
        with locked(tmp_path / "lock", 0.0, never) as got:
            assert not got
        process.kill()
    with locked(tmp_path / "lock", 0.0, never) as got:
        assert got


# -- the file --------------------------------------------------------------------------------


def test_it_is_made_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = file_store(tmp_path)
        with store.lock(0.0):
            store.write("a", None)
    finally:
        os.umask(before)
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "below").iterdir()
    }
    assert modes == {"default.json": 0o600, ".default.json.lock": 0o600}
    assert stat.S_IMODE((tmp_path / "below").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644, 0o602])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "default.json"
    path.write_text("xoxe-1-secret")
    path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600") as raised:
        CredentialsFile(path).read()
    assert "xoxe" not in str(raised.value)
    with pytest.raises(ConfigError, match="chmod 600"):
        CredentialsFile(path).write("a", None)


def test_a_cut_write_that_was_left_behind_does_no_harm(tmp_path: Path) -> None:
    store = file_store(tmp_path)
    store.write("a", None)
    aside = tmp_path / "below" / ".default.json.abc123.new"
    aside.write_text("half of")
    aside.chmod(0o666)
    assert store.read() == "a" and store.write("b", "a") and store.read() == "b"
    assert not aside.exists()
    assert stat.S_IMODE((tmp_path / "below" / "default.json").stat().st_mode) == 0o600


def left_behind(folder: Path, text: str, mode: int = 0o600) -> Path:
    aside = folder / "below" / ".default.json.abc123.new"
    aside.write_text(text)
    aside.chmod(mode)
    return aside


def test_a_whole_write_that_was_not_renamed_is_renamed_under_the_lock(tmp_path: Path) -> None:
    store = file_store(tmp_path)
    store.write("{}", None)
    left_behind(tmp_path, '{"new":1}')
    assert store.read() == "{}"
    with store.lock(0.0):
        assert store.read() == '{"new":1}'
    assert stat.S_IMODE((tmp_path / "below" / "default.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("text", "mode"), [('{"new":', 0o600), ("", 0o600), ("[1]", 0o600), ('{"new":1}', 0o644)]
)
def test_what_is_not_whole_or_not_ours_is_not(tmp_path: Path, text: str, mode: int) -> None:
    store = file_store(tmp_path)
    store.write("{}", None)
    left_behind(tmp_path, text, mode)
    with store.lock(0.0):
        assert store.read() == "{}"


def test_neither_is_a_link(tmp_path: Path) -> None:
    store = file_store(tmp_path)
    store.write("{}", None)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text('{"new":1}')
    elsewhere.chmod(0o600)
    (tmp_path / "below" / ".default.json.abc123.new").symlink_to(elsewhere)
    with store.lock(0.0):
        assert store.read() == "{}"


def test_a_link_is_followed_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.json").symlink_to(tmp_path / "real" / "default.json")
    store = CredentialsFile(tmp_path / "link.json")
    assert store.write("a", None) and (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real" / "default.json").read_text() == "a"


def test_a_link_laid_where_new_files_go_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    store = CredentialsFile(tmp_path / "default.json")
    (tmp_path / ".default.json.abc123.new").symlink_to(victim)
    assert store.write("a", None)
    assert victim.read_text() == "mine" and store.read() == "a"


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    others = ["default.json.new", ".other.json.abc.new", ".default.json.txt"]
    for name in others:
        (tmp_path / name).write_text("mine")
    store = CredentialsFile(tmp_path / "default.json")
    store.write("a", None)
    store.delete()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = CredentialsFile(tmp_path / "file" / "default.json")
    with pytest.raises(StoreError, match="Not a directory"):
        store.write("a", None)
    with pytest.raises(StoreError), store.lock(0.0):
        pass
    with pytest.raises(ConfigError, match="no file"):
        CredentialsFile(Path("/dev/null")).read()


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_refreshed() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "default.json"
        path.write_text("a")
        CredentialsFile(path).check_writable()
        folder.chmod(0o555)
        before = os.geteuid()
        try:
            if before == 0:
                os.seteuid(65534)  # root may write anywhere
            with pytest.raises(ConfigError, match=r"docs/tokens\.md"):
                CredentialsFile(path).check_writable()
        finally:
            os.seteuid(before)
        folder.chmod(0o755)


def test_what_is_no_text_is_no_credentials(tmp_path: Path) -> None:
    path = tmp_path / "default.json"
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    with pytest.raises(StoreError, match="does not hold credentials"):
        CredentialsFile(path).read()


# -- the keyring -----------------------------------------------------------------------------


def test_without_a_keyring_it_is_said(tmp_path: Path, backend: PlaintextKeyring) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    with pytest.raises(ConfigError, match="--token-store file"):
        keyring_store(tmp_path)


class Locked(PlaintextKeyring):  # type: ignore[misc]
    """A keyring whose owner has not unlocked it."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError(f"xoxe-1-secret of {service} {username}")


def test_a_keyring_that_fails_is_said_without_what_it_says(
    tmp_path: Path, backend: PlaintextKeyring
) -> None:
    store = keyring_store(tmp_path)
    keyring.set_keyring(Locked())
    with pytest.raises(StoreError, match=r"cannot be read \(RuntimeError\)") as raised:
        store.read()
    assert "xoxe" not in str(raised.value)


@pytest.mark.parametrize("make", [file_store, keyring_store])
def test_no_repr_shows_what_is_kept(
    tmp_path: Path, backend: PlaintextKeyring, make: Callable[[Path], CredentialStore]
) -> None:
    store = make(tmp_path)
    store.write("xoxe-1-secret", None)
    assert "xoxe" not in f"{store!r} {store.shown}"
