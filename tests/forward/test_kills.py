# SPDX-License-Identifier: Apache-2.0
"""Kills that are real: of the receiver under load, and of the collector."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.command import Command, until
from tests.cli.server import history, slack_with
from tests.forward.kills import kept, run
from tests.receivers.running import running


@pytest.mark.slow
def test_a_receiver_that_is_killed_fifty_times(tmp_path: Path) -> None:
    result = run(tmp_path, 20_000, 50)
    assert kept(result, 50), result


@pytest.mark.slow
def test_a_collector_that_is_killed(tmp_path: Path) -> None:
    """What was under way comes again with its page; nothing is lost."""
    with slack_with(history(3000, 7200)) as slack, running(tmp_path) as host:
        command = Command(tmp_path, slack.url)
        options = [
            *("--once", "--output", "forward", "--forward-host", host.address),
            *("--page-size", "200", "--workers", "1", "--forward-batch-events", "50"),
        ]
        try:
            for kill in range(1, 6):
                process = command.start("run", *options)
                until(lambda wanted=kill * 400: len(host.records()) >= wanted)  # type: ignore[misc]
                command.end(process, signal.SIGKILL)
            assert command("run", *options).code == 0
        finally:
            command.kill_all()
        ids = host.ids()
        assert sorted(ids) == slack.ids()
        # At most a page per kill.
        assert sum(ids.values()) - len(ids) <= 5 * 200
