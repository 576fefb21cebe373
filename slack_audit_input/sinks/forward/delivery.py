# SPDX-License-Identifier: Apache-2.0
"""Getting batches accepted: again, smaller, elsewhere; and telling a bad entry from a bad host.

A host that closes, resets or is silent gives no reason. It may be going down, its buffer may be
full, or it may be unable to take this very batch. So a batch that fails twice on a host that can
be reached is halved, and halved again, until what is refused is one entry: a suspect. The rest
goes on. A suspect is set aside only when one host has refused it ROUNDS times more, alone, and
between every two of these refusals has acknowledged something else. A host that refuses all
sends nothing to the dead letters: then all waits for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from slack_audit_input.sinks.forward.batches import Batch
from slack_audit_input.sinks.forward.failures import Failure, Misfit, NotAccepted
from slack_audit_input.sinks.forward.hosts import Hosts
from slack_audit_input.sinks.forward.sender import Sender

#: Attempts after which a batch is halved: one may have met a host that was going down.
ATTEMPTS = 2
#: Refusals of a suspect, each with an acknowledgement of something else before it.
ROUNDS = 3


class _Suspect:
    """A batch of one entry that was refused. ``seen``: acknowledgements by host at that time."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.seen: dict[Sender, int] = {}
        self.rounds: Counter[Sender] = Counter()

    def refused(self, sender: Sender, acknowledged: int) -> bool:
        """Note one more refusal; True when that is enough."""
        if acknowledged > self.seen.get(sender, acknowledged):
            self.rounds[sender] += 1
        self.seen[sender] = acknowledged
        return self.rounds[sender] >= ROUNDS


class Delivery:
    """``packed``: with gzip. ``set_aside(batch, reason)``: keep a batch of one; it counts as done.

    ``specimen()``: a record to try a host with that has acknowledged nothing yet.
    """

    def __init__(
        self,
        hosts: Hosts,
        packed: bool,
        set_aside: Callable[[Batch, str], None],
        specimen: Callable[[], Batch],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._hosts = hosts
        self._packed = packed
        self._set_aside = set_aside
        self._specimen = specimen
        self._sent: tuple[Batch, Sender | None] | None = None
        self._acknowledged: Counter[Sender] = Counter()
        self._good: Batch | None = None
        self._suspects: list[_Suspect] = []
        self._in_doubt = False

    def start(self, batch: Batch) -> None:
        """Send a batch; whatever comes of it shows in ``end``. Waits while no host is there."""
        sender = self._hosts.connected()
        self._sent = (batch, sender)
        try:
            sender.send(batch, self._packed)
        except NotAccepted as failure:
            self._hosts.failed(sender, failure, rest=True)
            self._sent = (batch, None)

    def end(self) -> None:
        """See the batch that was started through."""
        if self._sent is None:
            return
        (batch, sender), self._sent = self._sent, None
        if sender is None or self._wait_for(batch, sender, rest=True) is not None:
            self._again(batch, 1)
        # One at a time: its refusal says something only after something else was acknowledged.
        if self._suspects and not self._in_doubt:
            self._try_a_suspect()

    def finish(self) -> None:
        """Return when nothing is open any more: acknowledged, or set aside."""
        self.end()
        while self._suspects:
            self._prove()
            self._try_a_suspect()

    def drop(self) -> None:
        """Forget what is open: its page was not accepted, and comes again."""
        self._sent, self._suspects, self._in_doubt = None, [], False

    def _again(self, batch: Batch, attempts: int) -> None:
        """See through a batch that was refused ``attempts`` times."""
        while True:
            if self._in_doubt:
                self._prove()
            # While halving there is no need to wait: every half is another attempt.
            last = attempts + 1 >= ATTEMPTS and not self._in_doubt
            if self._attempt(batch, rest=not last or len(batch) == 1)[1] is None:
                return
            attempts += 1
            if attempts < ATTEMPTS:
                continue
            if len(batch) > 1:
                self.counts["forward_splits"] += 1
                for half in batch.halves():
                    self._again(half, ATTEMPTS - 1)
                return
            # Nothing else is to blame before this host has acknowledged something else.
            self._in_doubt = True
            self._suspects.append(_Suspect(batch))
            return

    def _try_a_suspect(self) -> None:
        """Try the next one once more: it is acknowledged, set aside, or put last."""
        suspect = self._suspects.pop(0)
        sender, failure = self._attempt(suspect.batch, rest=True)
        if failure is None:
            return
        self._in_doubt = True
        blamed = isinstance(failure, NotAccepted)
        if not (blamed and suspect.refused(sender, self._acknowledged[sender])):
            self._suspects.append(suspect)
            return
        self._set_aside(suspect.batch, str(failure))
        self.counts["dead_letters"] += 1

    def _prove(self) -> None:
        """Have a host acknowledge something that is not under suspicion; waits for ever."""
        while True:
            good = self._good.part(0, 1) if self._good is not None else self._specimen()
            self.counts["forward_probes"] += 1
            if self._attempt(good, rest=True)[1] is None:
                return

    def _attempt(self, batch: Batch, rest: bool) -> tuple[Sender, Failure | None]:
        sender = self._hosts.connected()
        try:
            sender.send(batch, self._packed)
        except NotAccepted as failure:
            self._hosts.failed(sender, failure, rest)
            return sender, failure
        return sender, self._wait_for(batch, sender, rest)

    def _wait_for(self, batch: Batch, sender: Sender, rest: bool) -> Failure | None:
        try:
            sender.acknowledge(batch)
        except (NotAccepted, Misfit) as failure:
            self._hosts.failed(sender, failure, rest)
            return failure
        self.counts["forward_batches"] += 1
        self._acknowledged[sender] += 1
        self._good = batch
        self._in_doubt = False
        self._hosts.acknowledged(sender)
        return None
