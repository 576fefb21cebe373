# SPDX-License-Identifier: Apache-2.0
"""What `verify` does about missing entries: it has them delivered, and sees that they were."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from slack_audit_input.collector.again import HourAgain, picked
from slack_audit_input.collector.commit import Committer
from slack_audit_input.collector.ports import Checkpoint, Sink
from slack_audit_input.collector.sealed import ledger_of, undelivered
from slack_audit_input.collector.walk import Walk
from slack_audit_input.engine.delivered import HOUR, MINUTE, unpack
from slack_audit_input.engine.ledger import from_json
from slack_audit_input.hosts.cli.backfill import is_running
from slack_audit_input.hosts.cli.held import Held
from slack_audit_input.hosts.cli.outputs import sink_of
from slack_audit_input.hosts.cli.session import Session
from slack_audit_input.hosts.cli.verify_proof import Proof
from slack_audit_input.model.event import UNDATED, Event, Page, with_keys
from slack_audit_input.model.ledger import Span

#: Seconds to wait for a running collector to deliver what it was asked to read again.
HANDED_OVER = 120.0
#: A host that has less than this part of what Slack shows is sent nothing unless told to: the
#: wrong file was named more likely than so much was lost.
LEAST_HELD = 0.5


class Repair:
    """Repairs what a proof has found, by whoever may write.

    ``remedy``: what a person must do, when something is left that nobody sends unasked.
    """

    def __init__(
        self,
        proof: Proof,
        session: Session,
        checkpoint: Checkpoint,
        walk: Walk,
        values: dict[str, Any],
    ) -> None:
        self.remedy = ""
        self._proof = proof
        self._session = session
        self._checkpoint = checkpoint
        self._walk = walk
        self._values = values
        self._delivered: dict[int, frozenset[int]] = {}

    def all_of_it(self, host: Held | None, redeliver: bool) -> None:
        """Whatever is missing, as far as it may be sent."""
        self._proof.read_again()
        self.missing()
        if host is not None:
            self.host(host, redeliver)
        if redeliver and not self._session.stop() and not is_running(self._checkpoint):
            self.differing()

    def missing(self) -> None:
        """Have the hours with ids that were never delivered swept again."""
        proof = self._proof
        spans = [Span(hour * HOUR, hour * HOUR + HOUR - 1) for hour in proof.missing]
        spans += [within for within, _ in proof.undated_missing.values()]
        if not spans:
            return
        for span in spans:
            self._checkpoint.ask("reread", span.oldest, span.latest, time.time())
        running = is_running(self._checkpoint)
        if not running:
            sink = self._sink()
            self._session.collector(sink).run(self._session.stop, live=False)
            sink.close()
        until = time.monotonic() + (HANDED_OVER if running else 0.0)
        while self._checkpoint.requests() and time.monotonic() < until:
            time.sleep(0.5)
        for hour, keys in proof.missing.items():
            left = _in_time(until, lambda h=hour: self._still_missing(h))  # type: ignore[misc]
            proof.missing[hour] = left
            self._delivered[hour] = keys - left
            proof.update(hour, repaired=len(keys) - len(left))
        for hour, (within, keys) in proof.undated_missing.items():
            left = _in_time(until, lambda k=keys: undelivered(self._checkpoint, k))  # type: ignore[misc]
            if left and not running and not self._session.stop():
                self._undated(within, left)
                left = undelivered(self._checkpoint, keys)
            self._delivered[hour] = self._delivered.get(hour, frozenset()) | (keys - left)
            proof.update(hour, undated_repaired=len(keys) - len(left))

    def _still_missing(self, hour: int) -> frozenset[int]:
        first = hour * HOUR // MINUTE
        stored = self._checkpoint.keys(first, first + HOUR // MINUTE - 1)
        return self._proof.missing[hour].difference(*map(unpack, stored.values()))

    def _undated(self, within: Span, keys: frozenset[int]) -> None:
        """Deliver entries without a date that no sweep reaches any more."""
        sink = self._sink()
        for events in picked(self._walk, [within], keys):
            state = self._checkpoint.load()
            assert state is not None
            committer = Committer(sink, self._checkpoint, state.version, state.account, "")
            page = Page([], events, len(events), None, None, True, "", True, frozenset(), 0)
            committer.index.of(page)
            new = {key: None for _, key, _ in events}
            committer.deliver(
                events,
                {UNDATED: new},
                from_json(state.ledger),
                counters=state.counters,
                filters=state.filters,
                beat=state.beat,
            )
        sink.close()

    def differing(self, wanted: Callable[[int, list[Event]], list[Event]] | None = None) -> None:
        """Send every differing hour again and put what Slack shows in its place.

        ``wanted(hour, events)``: only those of its events; all by default.
        """
        hours = [h for h, r in self._proof.records.items() if r.differs and not r.replaced]
        if not hours:
            return
        sink = self._sink()
        floor = ledger_of(self._checkpoint).floor
        for number in hours:
            state = self._checkpoint.load()
            assert state is not None
            # Nobody's: a collector that starts meanwhile wins, and we stop.
            committer = Committer(sink, self._checkpoint, state.version, state.account, "")
            parts = self._proof.coverage.done
            hour = HourAgain(
                self._walk,
                self._checkpoint,
                number,
                parts,
                floor,
                (lambda es, n=number: wanted(n, es)) if wanted else (lambda es: es),  # type: ignore[misc]
            )
            committer.replace_hours(hour.batches(), hour.total, state)
            self._proof.update(number, replaced=True, redelivered=hour.sent)
        sink.close()

    def host(self, host: Held, redeliver: bool) -> None:
        """Send the host what it does not have, though it was delivered."""
        for hour, keys in self._delivered.items():
            host.has_now(hour, keys)
        left = sum(count for _, count in host.hours())
        if left and self._may_send(left, redeliver):
            if not is_running(self._checkpoint):
                self.differing(lambda hour, events: self._lacked(host, hour, events))
            self._send(host)
        for hour, record in self._proof.records.items():
            if record.host_missing > 0:
                self._proof.update(hour, host_sent=record.host_missing - len(host.lacked(hour)))

    def _may_send(self, left: int, redeliver: bool) -> bool:
        """Is it certain enough that these are missing? If not, ``remedy`` says what to do."""
        records = self._proof.records.values()
        shows = sum(record.entries + record.undated for record in records)
        if redeliver:
            return True
        if self._proof.alone:
            self.remedy = "--redeliver writes them to the output, for the host to take in"
            return False
        if left > (1 - LEAST_HELD) * shows:
            self.remedy = (
                f"the files hold only {shows - left} of {shows}. Were the right ones named, and "
                "all of them? If so, --redeliver sends the rest"
            )
        elif is_running(self._checkpoint):
            self.remedy = (
                "the running collector has delivered them and does not send them twice; "
                "--redeliver sends them from here, to an output that it does not hold open"
            )
        return not self.remedy

    def _lacked(self, host: Held, hour: int, events: list[Event]) -> list[Event]:
        """Those of a page that the host lacks; it is given them right after."""
        going = with_keys(events, host.lacked(hour))
        host.has_now(hour, [key for _, key, _ in going])
        return going

    def _send(self, host: Held) -> None:
        """The state knows them as delivered, so only the host changes."""
        sink = self._sink()
        for hour, _ in list(host.hours()):
            keys = host.lacked(hour)
            parts = self._proof.parts(hour)
            if hour in self._proof.undated_within:
                parts = [*parts, self._proof.undated_within[hour]]
            for events in picked(self._walk, parts, keys):
                sink.write(events)
                sent = {key for _, key, _ in events}
                keys -= sent
                host.has_now(hour, sent)
                if not keys:
                    break
        sink.close()

    def _sink(self) -> Sink:
        return sink_of(self._values, self._session.settings, self._session.log, self._session.stop)


def _in_time(until: float, left: Callable[[], frozenset[int]]) -> frozenset[int]:
    """What is still left when nothing is, or when it is too late."""
    found = left()
    while found and time.monotonic() < until:
        time.sleep(0.5)
        found = left()
    return found
