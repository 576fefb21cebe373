# SPDX-License-Identifier: Apache-2.0
"""The demo as people run it: a subprocess, and nothing of it left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slack_audit_input.hosts.cli.demo_view import Result, compared

COMMAND = [sys.executable, "-m", "slack_audit_input", "demo", "--plain", "--seconds", "12"]


def environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "TMPDIR": str(folder),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }


def children_in(folder: Path) -> list[str]:
    """Command lines of processes that were told about `folder`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in words:
            found.append(words.replace(b"\0", b" ").decode())
    return found


def judged(folder: Path, arrived: str, stopped: int = 0) -> Result:
    """The result when Slack had a, b, c at seconds 1, 2, 2, pages hold one, and these arrived."""
    output = folder / "events.ndjson"
    dates = {"a": 1, "b": 2, "c": 2, "x": 1, "z": 9}
    output.write_text(
        "".join(json.dumps({"id": name, "date_create": dates[name]}) + "\n" for name in arrived)
    )
    truth = [{"id": name, "second": dates[name], "visible_at": dates[name]} for name in "cba"]
    return compared(output, truth, 0, 5, 1, {"cut": 2}, stopped)


@pytest.mark.parametrize("arrived", ["abc", "cabz", "abcab"])
def test_all_of_it_and_at_most_a_page_twice_is_as_promised(tmp_path: Path, arrived: str) -> None:
    result = judged(tmp_path, arrived)

    assert result.good
    assert list(result.lines())[-1] == "As promised."


@pytest.mark.parametrize(
    ("arrived", "stopped", "line"),
    [
        ("ab", 0, "lost 1"),
        ("", 0, "lost 3"),
        ("abcabc", 0, "repeated 3 (the kill may repeat the page in flight: 2)"),
        ("abcx", 0, "unknown to Slack 1"),
        ("abc", 4, "collector stopped by SIGTERM with exit code 4"),
    ],
)
def test_anything_else_is_not(tmp_path: Path, arrived: str, stopped: int, line: str) -> None:
    result = judged(tmp_path, arrived, stopped)

    assert not result.good
    assert line in list(result.lines())
    assert list(result.lines())[-1] == "NOT as promised."


@pytest.mark.slow
def test_nothing_is_lost_and_at_most_a_page_repeated(tmp_path: Path) -> None:
    done = subprocess.run(
        COMMAND, check=False, capture_output=True, text=True, timeout=120, env=environment(tmp_path)
    )

    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert "lost 0" in lines
    assert any("killed the collector (SIGKILL) while it was writing" in line for line in lines)
    had = re.search(r"^Slack had +([\d,]+) events", done.stdout, re.MULTILINE)
    arrived = re.search(r"^arrived +([\d,]+) ", done.stdout, re.MULTILINE)
    assert had is not None and arrived is not None and had[1] == arrived[1]
    assert int(had[1].replace(",", "")) > 10_000
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_survives_it(tmp_path: Path, number: signal.Signals) -> None:
    # A shell's background job ignores SIGINT, and so would what it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    demo = subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path)
    )
    try:
        deadline = time.monotonic() + 30
        while not any("run" in line for line in children_in(tmp_path)):
            assert demo.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        demo.send_signal(number)
        demo.communicate(timeout=30)
        assert demo.returncode == (-9 if number == signal.SIGKILL else 1)
        while children_in(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not children_in(tmp_path)
        assert number == signal.SIGKILL or not list(tmp_path.iterdir())
    finally:
        signal.signal(signal.SIGINT, before)
        demo.kill()
        demo.wait()
