# SPDX-License-Identifier: Apache-2.0
"""The file: torn lines, rotation, full disks, and things that are no files."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from slack_audit_input.model.errors import SinkError
from slack_audit_input.sinks.lines import FRONT
from slack_audit_input.sinks.ndjson import NdjsonFile
from tests.sinks.events import events, ids, lines

ROOT = Path(__file__).parents[2]
WHOLE = b"".join(lines().encoded(events(3)))


def worker(*arguments: str, **streams: int) -> subprocess.Popen[str]:
    """A process that writes."""
    command = [sys.executable, "-m", "tests.sinks.worker", *arguments]
    return subprocess.Popen(command, cwd=ROOT, text=True, **streams)  # type: ignore[call-overload,no-any-return]


def test_it_appends(tmp_path: Path) -> None:
    path = tmp_path / "out"
    for first in (0, 5):
        sink = NdjsonFile(lines(), path)
        sink.write(events(5, first))
        sink.close()
    assert ids(path.read_bytes()) == list(range(10))
    assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0


def test_accepted_is_on_the_disk(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("whether fsync is called is NOT TESTED: there is no strace")
    log = tmp_path / "trace"
    command = [sys.executable, "-m", "tests.sinks.worker", "write", str(tmp_path / "out"), "2"]
    subprocess.run(
        [strace, "-f", "-y", "-e", "trace=write,fsync", "-o", str(log), *command],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    calls = [
        line.split()[1].partition("(")[0]
        for line in log.read_text().splitlines()
        if "/out>" in line
    ]
    assert calls == ["write", "fsync", "write", "fsync"]


@pytest.mark.parametrize("before", [b"", WHOLE, b"somebody's line\n", b"\n"])
@pytest.mark.parametrize(
    "torn",
    [
        b"{",
        FRONT,
        FRONT + b"2026",
        WHOLE[:-1].rpartition(b"\n")[2],
        FRONT + b"x" * 65_535,
        FRONT + b"x" * 65_536,
        FRONT + b"x" * 1_000_000,
        b"\0" * 5000,
        FRONT + b"abc" + b"\0" * 5000,
    ],
    ids=lambda torn: f"{torn[:8]!r}-{len(torn)}",
)
def test_a_torn_last_line_is_cut(tmp_path: Path, before: bytes, torn: bytes) -> None:
    path = tmp_path / "out"
    path.write_bytes(before + torn)
    sink = NdjsonFile(lines(), path)
    assert path.read_bytes() == before
    sink.write(events(3))
    sink.close()
    assert path.read_bytes() == before + WHOLE


@pytest.mark.parametrize("text", [b"127.0.0.1 localhost", b'{"@type":"x"}', b"x" * 200_000])
def test_a_last_line_that_is_not_ours_is_never_cut(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"first\n" + text)
    sink = NdjsonFile(lines(), path)
    sink.write(events(3))
    sink.close()
    assert path.read_bytes() == b"first\n" + text + b"\n" + WHOLE


def test_killed_while_it_writes(tmp_path: Path) -> None:
    path = tmp_path / "out"
    chance = random.Random(2)
    size = 0
    for _ in range(8):
        process = worker("without_end", str(path), stdout=subprocess.PIPE)
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(chance.randrange(1, 30))]
        process.kill()
        told += process.communicate()[0].splitlines()
        NdjsonFile(lines(), path).close()
        with path.open("rb") as file:
            file.seek(size)
            found = ids(file.read())
        size = path.stat().st_size
        accepted = int([line for line in told if line.strip()][-1]) * 100
        # All that was accepted, then whole lines of the page in hand.
        assert found == list(range(len(found)))
        assert accepted <= len(found) <= accepted + 100


def test_it_is_rotated_by_size(tmp_path: Path) -> None:
    path = tmp_path / "out"
    sink = NdjsonFile(lines(), path, rotate_bytes=1, keep=3)
    for page in range(6):
        sink.write(events(2, page * 2))
    sink.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "out.1", "out.2", "out.3"]
    kept = {p.name: ids(p.read_bytes()) for p in tmp_path.iterdir()}
    assert kept == {"out": [10, 11], "out.1": [8, 9], "out.2": [6, 7], "out.3": [4, 5]}


def test_it_is_not_rotated_before_it_is_as_large(tmp_path: Path) -> None:
    path = tmp_path / "out"
    sink = NdjsonFile(lines(), path, rotate_bytes=len(WHOLE) + 1, keep=3)
    sink.write(events(3))
    sink.write(events(3, 3))
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    sink.write(events(3, 6))
    sink.close()
    assert ids((tmp_path / "out.1").read_bytes()) == list(range(6))
    assert ids(path.read_bytes()) == [6, 7, 8]


def test_a_gap_among_the_old_ones(tmp_path: Path) -> None:
    path = tmp_path / "out"
    (tmp_path / "out.2").write_bytes(b"old\n")
    sink = NdjsonFile(lines(), path, rotate_bytes=1, keep=3)
    sink.write(events(1))
    sink.write(events(1, 1))
    sink.close()
    assert (tmp_path / "out.3").read_bytes() == b"old\n"
    assert ids((tmp_path / "out.1").read_bytes()) == [0]


def test_a_rotation_that_fails_is_a_sink_error(tmp_path: Path) -> None:
    path = tmp_path / "out"
    (tmp_path / "out.1").mkdir()
    (tmp_path / "out.1" / "full").touch()
    (tmp_path / "out.2").mkdir()
    (tmp_path / "out.2" / "full").touch()
    sink = NdjsonFile(lines(), path, rotate_bytes=1, keep=2)
    sink.write(events(1))
    with pytest.raises(SinkError, match="Nothing of this page"):
        sink.write(events(1, 1))
    sink.close()
    sink.close()
    assert ids(path.read_bytes()) == [0]


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "out"
    link.symlink_to(tmp_path / "disk" / "real")
    sink = NdjsonFile(lines(), link, rotate_bytes=1)
    sink.write(events(1))
    sink.write(events(1, 1))
    sink.close()
    assert link.is_symlink()
    assert sorted(p.name for p in (tmp_path / "disk").iterdir()) == ["real", "real.1"]
    assert ids(link.read_bytes()) == [1]


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    path = tmp_path / "out"
    process = worker("limited", str(path), "300000", stderr=subprocess.PIPE)
    accepted, words = process.communicate()[1].splitlines()
    assert process.returncode == 0
    assert int(accepted) > 2
    assert "free some space, nothing is lost" in words
    assert "Nothing of this page is checkpointed" in words
    # Of the page that did not fit, lines that are whole stay: whoever follows the file has read
    # them, and would read a file that shrinks from its beginning.
    left = ids(path.read_bytes())
    assert left == list(range(len(left)))
    assert int(accepted) * 100 < len(left) < int(accepted) * 100 + 100


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out"
    sink = NdjsonFile(lines(), path, rotate_bytes=1)
    with pytest.raises(SinkError, match="another collector writes to it"):
        NdjsonFile(lines(), path)
    sink.write(events(1))
    sink.write(events(1, 1))
    with pytest.raises(SinkError, match="another collector writes to it"):
        NdjsonFile(lines(), path)
    sink.close()
    NdjsonFile(lines(), path).close()


@pytest.mark.parametrize("where", ["none/out", ".", "file/out"])
def test_where_no_file_can_be(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match="cannot write"):
        NdjsonFile(lines(), tmp_path / where)


def test_a_named_pipe_that_nobody_reads(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SinkError, match="nobody reads this pipe"):
        NdjsonFile(lines(), tmp_path / "pipe")


def test_a_named_pipe_whose_reader_goes(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    sink = NdjsonFile(lines(), path, rotate_bytes=1)
    sink.write(events(2))
    assert ids(os.read(read, 65536)) == [0, 1]
    os.close(read)
    with pytest.raises(SinkError, match="has closed it"):
        sink.write(events(1))
    sink.close()
    assert [p.name for p in tmp_path.iterdir()] == ["pipe"]


def test_stdout_by_its_name(tmp_path: Path) -> None:
    process = worker("write", "/dev/stdout", "20", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, words = process.communicate()
    assert words == "20\n"
    assert ids(output.encode()) == list(range(2000))
    with (tmp_path / "out").open("wb") as file:
        process = worker("write", "/dev/stdout", "2", stdout=file.fileno(), stderr=subprocess.PIPE)
        assert process.communicate()[1] == "2\n"
    assert ids((tmp_path / "out").read_bytes()) == list(range(200))


def test_devices(tmp_path: Path) -> None:
    sink = NdjsonFile(lines(), Path("/dev/null"), rotate_bytes=1)
    sink.write(events(1))
    sink.write(events(1))
    sink.close()
    full = NdjsonFile(lines(), Path("/dev/full"))
    with pytest.raises(SinkError, match="free some space"):
        full.write(events(1))
    full.close()


def test_the_words_hold_no_more_than_the_path(tmp_path: Path) -> None:
    with pytest.raises(SinkError) as caught:
        NdjsonFile(lines(), tmp_path)
    assert json.dumps(str(tmp_path))[1:-1] in str(caught.value)
