# SPDX-License-Identifier: Apache-2.0
"""What every collecting command sets up: clock, signals, pool, collector; and what it notes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import click

from slack_audit_input.collector.heartbeat import Heartbeat, Renewable
from slack_audit_input.collector.loop import Collector
from slack_audit_input.collector.naming import ActionNames
from slack_audit_input.collector.ownership import SILENT, is_gone, owner_name, wait_for_owner
from slack_audit_input.collector.pool import ThreadPool
from slack_audit_input.collector.ports import Log, Pool, Sink
from slack_audit_input.collector.settings import Settings
from slack_audit_input.hosts.cli.health import Health
from slack_audit_input.hosts.cli.options import client_settings
from slack_audit_input.hosts.cli.tokens import source_from
from slack_audit_input.hosts.memory import settle
from slack_audit_input.hosts.running import StopSign, SystemClock
from slack_audit_input.model.errors import (
    CollectorError,
    ProtocolError,
    StoreAway,
    StoreError,
    Superseded,
)
from slack_audit_input.slack.client import Client
from slack_audit_input.slack.settings import Settings as ClientSettings
from slack_audit_input.slack.settings import checked_url
from slack_audit_input.slack.source import TokenSource


class Workers(Pool, Protocol):
    """A pool whose waiting can be ended."""

    def wake(self) -> None:
        """End a ``wait`` early; safe to call from a signal handler."""


class Company(Protocol):
    """What an input shares with others that the same process collects."""

    def stop_sign(self) -> StopSign:
        """One of its own, which is set when the process is told to stop."""

    def pool(self, workers: int, settings: ClientSettings, token: TokenSource) -> Workers:
        """Workers for it, beside one for live."""


class Session:
    """A command's run on one input, alone in its process or in ``company``."""

    def __init__(
        self,
        values: dict[str, Any],
        settings: Settings,
        checkpoint: Renewable,
        log: Log,
        company: Company | None = None,
    ) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.stop = company.stop_sign() if company else StopSign()
        self._company = company
        self.log = log
        self.health = Health(settings, self.clock)
        self._checkpoint = checkpoint
        self._silent = values.get("take_over_after") or SILENT
        self._owner = owner_name()
        self._heart: Heartbeat | None = None
        self._client_settings = client_settings(values)
        checked_url(self._client_settings.api_url)
        self._source = source_from(values, log)
        self._state = values["state"]

    def collector(self, sink: Sink) -> Collector:
        """A collector over this session's input; waits until nobody else owns it.

        From here on signals stop it in good order. Ends the command when one comes before the
        input is free: then there is nothing to finish, and nothing of the owner's to take.
        """
        self._begin()
        if not self._free(standby=False):
            raise click.exceptions.Exit(0)
        return self._collector(sink)[0]

    def collect(self, sink: Sink, *, once: bool) -> None:
        """Collect until told to stop or, with ``once``, until caught up; or refuse."""
        self._begin()
        if not self._free(standby=False):
            raise click.exceptions.Exit(0)
        self._collect(sink, once=once)

    def stand_by(self, sink_of: Callable[[], Sink]) -> None:
        """Collect whenever nobody else does, until told to stop.

        The sink is opened only then: a file may have a lock, which the active one holds. A
        collector that was superseded, or has lost its database, stands by again, with nothing
        of its memory kept.
        """
        self._begin()
        while self._free(standby=True):
            sink = sink_of()
            try:
                self._collect(sink, once=False)
            except (Superseded, StoreAway) as error:
                self.log("warning", "stands_by_again", reason=str(error))
            else:
                return
            finally:
                sink.close()

    def may_wait(self) -> bool:
        """Should whoever waits for the host stop: told to, or no longer the owner?"""
        return self.stop() or bool(self._heart and self._heart.lost)

    def _collect(self, sink: Sink, *, once: bool) -> None:
        collector, heart = self._collector(sink)
        try:
            collector.run(self.stop, once=once, watch=self.health.collecting)
        finally:
            heart.close()
        if heart.lost and not self.stop():
            raise Superseded(
                "another collector has taken over this input while this one waited for its host. "
                "Run one collector per input, or let the others stand by: --standby"
            )

    def _begin(self) -> None:
        if self._company is not None:
            return  # whoever began the process has seen to both
        self.stop.install()
        settle()

    def _free(self, *, standby: bool) -> bool:
        self.health.waiting()
        return wait_for_owner(
            self._checkpoint,
            self.clock,
            self.stop.wait,
            self.log,
            lambda owner: owner == self._owner or is_gone(owner),
            standby=standby,
            silent=self._silent,
        )

    def _collector(self, sink: Sink) -> tuple[Collector, Heartbeat]:
        workers = self.settings.workers
        pool: Workers = (
            self._company.pool(workers, self._client_settings, self._source)
            if self._company
            else ThreadPool(workers + 1, self.client, self.clock.monotonic)
        )
        self.stop.wake = pool.wake
        heart = Heartbeat(self._checkpoint, self.clock, self.log, self.settings.beat_every)
        self._heart = heart
        self.health.begins(heart)
        collector = Collector(
            self.settings,
            heart,
            heart.over(sink),
            pool,
            self.clock,
            self.log,
            owner=self._owner,
            names=ActionNames(_catalogue()),
        )
        return collector, heart

    def client(self) -> Client:
        """A client for calls outside a collector."""
        return Client(self._client_settings, self._source)

    def noted(self, work: Callable[[], None]) -> None:
        """Do ``work``; how it ended is kept with the state, where ``status`` shows it."""
        try:
            work()
        except (Superseded, StoreAway):
            raise  # there is a better owner to say how it is doing, or nobody to tell
        except CollectorError as error:
            note(self._checkpoint, str(error), error.exit_code, self.log)
            if isinstance(error, ProtocolError) and error.evidence:
                self._keep_evidence(error)
            raise
        note(self._checkpoint, "", 0, self.log)

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


def note(checkpoint: Renewable, error: str, code: int, log: Log) -> None:
    """Keep with the state how a run ended, where ``status`` shows it."""
    try:
        checkpoint.note(json.dumps({"at": int(time.time()), "error": error, "exit": code}))
    except StoreError as failed:
        log("warning", "status_not_kept", reason=str(failed))


def _catalogue() -> list[str]:
    from slack_audit_input.catalogue import ours

    return list(ours())
