# SPDX-License-Identifier: Apache-2.0
"""The forward sink that the options describe. Imported only with ``--output forward``."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slack_audit_input.collector.ports import Log
from slack_audit_input.collector.settings import Settings
from slack_audit_input.hosts.cli.places import collector_of, default_state, secret_in
from slack_audit_input.model.errors import ConfigError
from slack_audit_input.model.event import Event
from slack_audit_input.sinks.ecs import EcsLines
from slack_audit_input.sinks.forward.access import Access, tls_context
from slack_audit_input.sinks.forward.addresses import Address, parse_address
from slack_audit_input.sinks.forward.batches import Batches
from slack_audit_input.sinks.forward.handshake import Credentials, Secret
from slack_audit_input.sinks.forward.patience import Patience
from slack_audit_input.sinks.forward.records import Records
from slack_audit_input.sinks.forward.sender import Sender
from slack_audit_input.sinks.forward.sink import ForwardSink, Limits
from slack_audit_input.sinks.forward.tags import Tags
from slack_audit_input.sinks.forward.trial import specimen, try_host
from slack_audit_input.stores.places import place_of

#: Hosts in a row; each that is down costs its connect time-out.
_HOSTS_MOST = 16


class Forwarding:
    """What the options say, checked: nothing is opened and nobody is asked.

    Raises ConfigError.
    """

    def __init__(self, values: dict[str, Any], settings: Settings, log: Log) -> None:
        hosts = [name for text in values["forward_host"] for name in text.split(",") if name]
        if not 0 < len(hosts) <= _HOSTS_MOST:
            raise ConfigError(f"--forward-host must be given 1 to {_HOSTS_MOST} times")
        self.addresses = [parse_address(name.strip()) for name in dict.fromkeys(hosts)]
        self.access = _access(values, log)
        self.tags = Tags(values["forward_tag"], settings.account, settings.input, _category_of)
        self.limits = Limits(
            values["forward_batch_events"],
            values["forward_batch_kb"] * 1000,
            values["forward_gzip"],
        )
        self.dead_letters = _dead_letters(values)
        self._collector = collector_of(settings)
        self._form: Callable[[Event], str] | None = None
        if values["format"] == "ecs":
            self._form = EcsLines(self._collector).text

    def sink(self, log: Log, stop: Callable[[], bool]) -> ForwardSink:
        """The sink; it connects when it first writes, and stops waiting when ``stop()``."""
        return ForwardSink(
            self._collector,
            self.addresses,
            self.access,
            self.tags,
            self.dead_letters,
            Patience(stop),
            log,
            self.limits,
            self._form,
        )

    def try_(self, address: Address, record: bool) -> None:
        """Connect to one host, and have it accept a marked record. Raises CollectorError."""
        batches = Batches(Records(self._collector), self.tags, 1, self.limits.size)
        batch = specimen(batches) if record else None
        sender = Sender(address, self.access, Patience(lambda: False))
        try_host(sender, batch, self.limits.packed)


def _access(values: dict[str, Any], log: Log) -> Access:
    tls = None
    ours = ("forward_ca_file", "forward_cert_file", "forward_key_file", "forward_server_name")
    if values["forward_tls"]:
        tls = tls_context(*(values[name] for name in ours[:3]))
    elif given := [name for name in ours if values[name]]:
        raise ConfigError(f"--{given[0].replace('_', '-')} needs --forward-tls")
    if values["forward_key_file"] and not values["forward_cert_file"]:
        raise ConfigError("--forward-key-file needs --forward-cert-file")
    key = _secret(values, "shared_key", log)
    password = _secret(values, "password", log)
    username = values["forward_username"]
    if bool(username) != bool(password):
        raise ConfigError("--forward-username and --forward-password-file belong together")
    if username and not key:
        raise ConfigError("--forward-username needs --forward-shared-key-file: hosts ask for both")
    return Access(
        # Not the bare name: a host on this very machine may refuse a client of its own name.
        name=f"slack-audit-input.{socket.gethostname()}",
        credentials=Credentials(key, username, password),
        tls=tls,
        server_name=values["forward_server_name"],
        connect_timeout=values["forward_connect_timeout"],
        ack_timeout=values["forward_ack_timeout"],
    )


def _secret(values: dict[str, Any], name: str, log: Log) -> Secret:
    file = values[f"forward_{name}_file"]
    if not file:
        return Secret(os.environ.get(f"SLACK_AUDIT_FORWARD_{name.upper()}", ""))
    shown = f"--forward-{name.replace('_', '-')}-file"
    secret = secret_in(file, shown, log).rstrip("\r\n")
    if not secret:
        raise ConfigError(f"{shown} {file}: there is nothing in it")
    return Secret(secret)


def _dead_letters(values: dict[str, Any]) -> Path:
    if values["dead_letters"]:
        return Path(values["dead_letters"])
    path = place_of(values["state"]).path
    return (path or default_state()).with_name("dead-letters.ndjson")


def _category_of(action: str) -> str:
    from slack_audit_input.catalogue import ours

    found = ours().get(action)
    return found.categories[0] if found else ""
