# SPDX-License-Identifier: Apache-2.0
"""Events to a forward host. Accepted means: acknowledged, or on the disk as a dead letter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from slack_audit_input.model.errors import SinkError
from slack_audit_input.model.event import Event
from slack_audit_input.sinks.forward.access import Access
from slack_audit_input.sinks.forward.addresses import Address
from slack_audit_input.sinks.forward.batches import Batch, Batches
from slack_audit_input.sinks.forward.coverage import coverage_batches
from slack_audit_input.sinks.forward.deadletters import DeadLetters
from slack_audit_input.sinks.forward.delivery import Delivery
from slack_audit_input.sinks.forward.failures import Failure
from slack_audit_input.sinks.forward.hosts import Hosts
from slack_audit_input.sinks.forward.patience import Patience
from slack_audit_input.sinks.forward.records import Records
from slack_audit_input.sinks.forward.sender import Sender
from slack_audit_input.sinks.forward.tags import Tags
from slack_audit_input.sinks.forward.trial import specimen


class Log(Protocol):
    """Where the sink says what it does; see ``collector.ports.Log``."""

    def __call__(self, level: str, action: str, **fields: object) -> None:
        """Write one line."""


@dataclass(frozen=True)
class Limits:
    """Of a batch: events, and bytes of entries before gzip."""

    events: int = 500
    size: int = 1_000_000
    packed: bool = False


class ForwardSink:
    """Sends pages in batches; one is under way while the next is packed.

    Nothing is connected before the first ``write``. ``collector``: name, version, account and
    input, for the records. ``form``: see ``Records``.
    """

    def __init__(
        self,
        collector: dict[str, str],
        addresses: Sequence[Address],
        access: Access,
        tags: Tags,
        dead_letters: Path,
        patience: Patience,
        log: Log,
        limits: Limits = Limits(),
        form: Callable[[Event], str] | None = None,
    ) -> None:
        self._records = Records(collector, form)
        self._batches = Batches(self._records, tags, limits.events, limits.size)
        self._coverage = coverage_batches(collector, tags, limits.events, limits.size)
        self._dead_letters = DeadLetters(dead_letters, collector)
        self._log = log
        self._tags = tags
        self._counts: Counter[str] = Counter()
        self._closed = False
        senders = [Sender(address, access, patience) for address in addresses]
        self._hosts = Hosts(senders, patience, self._host_failed, self._host_switched)
        self._delivery = Delivery(
            self._hosts, limits.packed, self._set_aside, lambda: specimen(self._batches)
        )

    def write(self, events: Sequence[Event], batches: Batches | None = None) -> None:
        """Return once all of ``events`` are acknowledged or set aside.

        Waits for ever for a host to be there and well. Raises Unfinished when told to stop
        meanwhile, ConfigError when no host takes us as we are set, and SinkError when a dead
        letter cannot be written.
        """
        if self._closed:
            raise SinkError(
                "the connection to the host is closed. Nothing of this page is checkpointed: it "
                "comes again at the next start"
            )
        try:
            for batch in (batches or self._batches).of(events):
                self._delivery.end()
                self._delivery.start(batch)
            self._delivery.finish()
        except BaseException:
            # Whatever is under way may or may not be accepted: it comes again with its page, and
            # no late acknowledgement may be taken for one of something else.
            self._hosts.close()
            self._delivery.drop()
            raise

    def write_records(self, records: Sequence[Event]) -> None:
        """The same for coverage records, under a tag of their own."""
        self.write(records, self._coverage)

    def counters(self) -> Mapping[str, int]:
        """What was done so far."""
        return {
            **self._counts,
            **self._delivery.counts,
            "altered": self._records.altered,
        }

    def close(self) -> None:
        """Close the connections. What was accepted is with the host already."""
        self._closed = True
        self._hosts.close()

    def _set_aside(self, batch: Batch, reason: str) -> None:
        event = second, _key, _text = batch.events[0]
        self._dead_letters.add(event, batch.tag, reason)
        self._log(
            "error",
            "set_aside",
            second=second,
            file=self._dead_letters.path,
            reason=reason,
            note="the host refuses this entry and accepts others",
        )

    def _host_failed(self, failure: Failure, pause: float) -> None:
        self._counts["forward_retries"] += 1
        self._log("warning", "forward_retry", reason=str(failure), wait_s=round(pause, 1))

    def _host_switched(self, sender: Sender) -> None:
        self._counts["forward_failovers"] += 1
        self._log("warning", "forward_host", host=sender.address)
