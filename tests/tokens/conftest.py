# SPDX-License-Identifier: Apache-2.0
"""An emulated Slack on loopback, with a small organization, and the command that signs in to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from slack_audit_input.emulator import EmulatorOptions, RunningEmulator, start
from slack_audit_input.slack.settings import Settings
from tests.tokens.terminal import Terminal

SMALL = EmulatorOptions(calls_per_minute=0, events_per_day=500, history_days=2)


@pytest.fixture
def slack() -> Iterator[RunningEmulator]:
    with start(SMALL) as running:
        yield running


@pytest.fixture
def settings(slack: RunningEmulator) -> Settings:
    return Settings(slack.base_url, timeouts=(5.0, 5.0), patience=10.0)


@pytest.fixture
def terminal(tmp_path: Path, slack: RunningEmulator) -> Terminal:
    return Terminal(tmp_path, slack)
