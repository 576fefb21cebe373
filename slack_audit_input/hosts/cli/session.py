# SPDX-License-Identifier: Apache-2.0
"""What every collecting command sets up: clock, signals, pool, collector; and what it notes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from slack_audit_input.collector.loop import Collector
from slack_audit_input.collector.naming import ActionNames
from slack_audit_input.collector.ownership import owner_name, wait_for_owner
from slack_audit_input.collector.pool import ThreadPool
from slack_audit_input.collector.ports import Checkpoint, Sink
from slack_audit_input.collector.settings import Settings
from slack_audit_input.hosts.cli.logs import Logger
from slack_audit_input.hosts.cli.options import client_settings
from slack_audit_input.hosts.cli.places import token_from
from slack_audit_input.hosts.memory import settle
from slack_audit_input.hosts.running import StopSign, SystemClock
from slack_audit_input.model.errors import CollectorError, ProtocolError, StoreError
from slack_audit_input.slack.client import Client, Token, checked_url


class Session:
    """A command's run on one input."""

    def __init__(
        self, values: dict[str, Any], settings: Settings, checkpoint: Checkpoint, log: Logger
    ) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.stop = StopSign()
        self.log = log
        self._checkpoint = checkpoint
        self._client_settings = client_settings(values)
        checked_url(self._client_settings.api_url)
        self._token: Token = token_from(values["token_file"], log)
        self._state = values["state"]

    def collector(self, sink: Sink) -> Collector:
        """A collector over this session's input; waits until nobody else owns it.

        From here on signals stop it in good order. Ends the command when one comes before the
        input is free: then there is nothing to finish, and nothing of the owner's to take.
        """
        self.stop.install()
        settle()
        pool = ThreadPool(
            self.settings.workers + 1,
            lambda: Client(self._client_settings, self._token),
            self.clock.monotonic,
        )
        self.stop.wake = pool.wake
        if not wait_for_owner(self._checkpoint, self.clock, self.stop.wait, self.log):
            raise click.exceptions.Exit(0)
        return Collector(
            self.settings,
            self._checkpoint,
            sink,
            pool,
            self.clock,
            self.log,
            owner=owner_name(),
            names=ActionNames(_catalogue()),
        )

    def client(self) -> Client:
        """A client for calls outside a collector."""
        return Client(self._client_settings, self._token)

    def noted(self, work: Callable[[], None]) -> None:
        """Do ``work``; how it ended is kept with the state, where ``status`` shows it."""
        try:
            work()
        except CollectorError as error:
            self._note(str(error), error.exit_code)
            if isinstance(error, ProtocolError) and error.evidence:
                self._keep_evidence(error)
            raise
        self._note("", 0)

    def _note(self, error: str, code: int) -> None:
        try:
            self._checkpoint.note(
                json.dumps({"at": int(time.time()), "error": error, "exit": code})
            )
        except StoreError as failed:
            self.log("warning", "status_not_kept", reason=str(failed))

    def _keep_evidence(self, error: ProtocolError) -> None:
        """Beside the state, for whoever is to find out what Slack meant."""
        folder = Path.cwd()
        if "://" not in self._state:
            folder = Path(self._state).expanduser().parent
        path = folder / f"slack-answer-{int(time.time())}.bin"
        try:
            path.touch(mode=0o600)
            path.write_bytes(error.evidence)
        except OSError as failed:
            self.log("warning", "evidence_not_kept", reason=str(failed))
        else:
            self.log("error", "evidence_kept", path=path)


def _catalogue() -> list[str]:
    from slack_audit_input.catalogue import ours

    return list(ours())
