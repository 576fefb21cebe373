# SPDX-License-Identifier: Apache-2.0
"""The installed command as people run it, in a folder of its own; no token ever shows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.fakes.http import TOKEN

COMMAND = Path(sys.executable).parent / "slack-audit-input"
#: So that nothing in a test waits for the budget.
PLENTY = {"SLACK_AUDIT_MAX_CALLS_PER_MINUTE": "100000"}


class Ended(NamedTuple):
    """How a run ended."""

    code: int
    out: str
    err: str


class Command:
    """Runs of the command on one state and one output file."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.state = folder / "state.sqlite"
        self.file = folder / "events.ndjson"
        self.token_file = folder / "token"
        self.token_file.write_text(f"{TOKEN}\n")
        self.token_file.chmod(0o600)
        self.environment = {
            "PATH": os.defpath,
            "HOME": str(folder),
            "SLACK_AUDIT_API_URL": url,
            "SLACK_AUDIT_STATE": str(self.state),
            "SLACK_AUDIT_TOKEN_FILE": str(self.token_file),
            **PLENTY,
        }
        self._running: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, **streams: Any) -> subprocess.Popen[str]:
        """Begin a run."""
        process = subprocess.Popen(
            [str(COMMAND), *arguments],
            cwd=self.folder,
            env=self.environment,
            text=True,
            errors="surrogateescape",
            stdin=subprocess.DEVNULL,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        )
        self._running.append(process)
        return process

    def end(self, process: subprocess.Popen[str], number: int | None = None) -> Ended:
        """Wait for a run's end, after signal ``number`` if there is one."""
        if number is not None:
            process.send_signal(number)
        out, err = process.communicate(timeout=60)
        ended = Ended(process.returncode, out or "", err or "")
        self.no_token(ended.out + ended.err)
        return ended

    def __call__(self, *arguments: str, **streams: Any) -> Ended:
        """A whole run."""
        return self.end(self.start(*arguments, **streams))

    def once(self, *arguments: str) -> Ended:
        """``run --once`` into the file."""
        return self("run", "--once", "--output-file", str(self.file), *arguments)

    def no_token(self, text: str = "") -> None:
        """Neither ``text`` nor any file but the token's own holds the token."""
        assert TOKEN not in text
        for path in self.folder.rglob("*"):
            if path.is_file() and path != self.token_file:
                assert TOKEN.encode() not in path.read_bytes(), path

    def delivered(self) -> Counter[str]:
        """How often each id is in the file."""
        return ids_of(self.file.read_text("utf-8") if self.file.exists() else "")

    def status(self) -> dict[str, Any]:
        """What ``status --json`` says."""
        ended = self("status", "--json")
        assert ended.code == 0, ended.err
        found = json.loads(ended.out)
        assert isinstance(found, dict)
        return found

    def kill_all(self) -> None:
        """End whatever still runs."""
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate()


def ids_of(text: str) -> Counter[str]:
    """How often each id is in lines that are all whole."""
    assert text == "" or text.endswith("\n")
    return Counter(json.loads(line)["id"] for line in text.splitlines())


def until(true: Callable[[], Any], seconds: float = 30.0) -> None:
    """Wait until ``true()``."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
