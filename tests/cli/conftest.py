# SPDX-License-Identifier: Apache-2.0
"""Slack with two hours of events, and the command beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.cli.server import Slack, history, slack_with


@pytest.fixture
def slack() -> Iterator[Slack]:
    """300 events of the last two hours."""
    with slack_with(history(300, 7200)) as found:
        yield found


@pytest.fixture
def command(tmp_path: Path, slack: Slack) -> Iterator[Command]:
    """The command in a folder of its own, ready to collect."""
    found = Command(tmp_path, slack.url)
    yield found
    found.kill_all()
    found.no_token()
