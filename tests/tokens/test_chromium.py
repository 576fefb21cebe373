# SPDX-License-Identifier: Apache-2.0
"""Signing in with a real browser: the consent page, the way back to localhost, the last page."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from slack_audit_input.emulator import RunningEmulator
from tests.tokens.terminal import Terminal
from tests.ui.visiting import PLAYWRIGHT, browser

SCRIPT = Path(__file__).with_name("chromium.js")


class Desktop(Terminal):
    """A terminal with a Chromium beside it."""

    def press(self, button: str) -> tuple[int, str, dict[str, Any]]:
        saw = self.folder / "saw.json"
        words = (
            str(shutil.which("node")),
            str(SCRIPT),
            str(PLAYWRIGHT),
            browser(),
            button,
            str(saw),
        )
        self.more = {"BROWSER": f"{' '.join(words)} %s &"}
        code, said = self.login("--wait", "60")
        deadline = time.monotonic() + 30
        while not saw.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        found = json.loads(saw.read_text())
        assert isinstance(found, dict) and found["broken"] == []
        return code, said, found


@pytest.mark.parametrize(
    ("button", "code", "page", "words"),
    [
        ("Allow", 0, "Slack has agreed", "Signed in as W012A3CDE in E0EMULATED"),
        ("Cancel", 3, "Not signed in", "cancelled, or refused, on Slack's page"),
    ],
)
def test_a_person_presses_a_button(
    tmp_path: Path, slack: RunningEmulator, button: str, code: int, page: str, words: str
) -> None:
    browser()  # says what is missing, and skips
    ended, said, found = Desktop(tmp_path, slack).press(button)
    assert "auditlogs:read" in found["asked"]
    assert page in found["said"] and found["title"] == "slack-audit-input"
    assert ended == code and words in said, said
