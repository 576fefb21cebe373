# SPDX-License-Identifier: Apache-2.0
"""The installed command with a browser that clicks. Nothing that it writes may show a secret."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slack_audit_input.emulator import RunningEmulator

COMMAND = Path(sys.executable).with_name("slack-audit-input")
BROWSER = Path(__file__).with_name("browser.py")
SECRET = "emulated-client-secret"


class Terminal:
    """The command in a folder of its own, with a browser that gives ``answer``."""

    def __init__(self, folder: Path, slack: RunningEmulator) -> None:
        self.folder = folder
        self.slack = slack
        self.answer = "allow"
        self.saw = folder / "saw.html"
        self.secret = folder / "client-secret"
        self.secret.write_text(f"{SECRET}\n")
        self.secret.chmod(0o600)
        self.kept = folder / ".local/state/slack-audit-input/credentials/default.json"
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.more: dict[str, str] = {}

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "HOME": str(self.folder),
            "SLACK_AUDIT_API_URL": self.slack.base_url,
            "SLACK_AUDIT_STATE": str(self.folder / "state.sqlite"),
            "BROWSER": f"{sys.executable} {BROWSER} {self.answer} %s &",
            "BROWSER_SAW": str(self.saw),
            "PYTHONPATH": str(BROWSER.parents[2]),
            **self.more,
        }

    def start(self, *arguments: str, **streams: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(COMMAND), *arguments],
            cwd=self.folder,
            env=self.environment(),
            text=True,
            **{
                "stdin": subprocess.DEVNULL,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                **streams,
            },
        )

    def __call__(self, *arguments: str, given: str | None = None) -> tuple[int, str]:
        streams = {} if given is None else {"stdin": subprocess.PIPE}
        with self.start(*arguments, **streams) as process:
            out, err = process.communicate(given, timeout=60)
        said = out + err
        for secret in ("xoxe", "xoxp-", SECRET):
            assert secret not in said, said
        return process.returncode, said

    def login(self, *arguments: str, given: str | None = None) -> tuple[int, str]:
        return self(
            *("login", "--client-id", "1111111111.2222222222", "--port", str(self.port)),
            *("--client-secret-file", str(self.secret), "--wait", "20", *arguments),
            given=given,
        )


def document(terminal: Terminal) -> dict[str, Any]:
    found = json.loads(terminal.kept.read_text())
    assert isinstance(found, dict)
    return found


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
