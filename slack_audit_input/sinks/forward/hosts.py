# SPDX-License-Identifier: Apache-2.0
"""Several hosts in order: the first that can be reached is used, the others stand by."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from slack_audit_input.model.errors import ConfigError
from slack_audit_input.sinks.forward.failures import Failure, Misfit
from slack_audit_input.sinks.forward.patience import Patience
from slack_audit_input.sinks.forward.sender import Sender

#: Seconds after which one that stands by makes room for an earlier one, if that is back.
RETURN_AFTER = 300.0


class _Host:
    """A host's sender and how it has fared. ``misfit``: why it does not take us, if it said."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender
        self.failures = 0
        self.rests_until = 0.0
        self.misfit = ""


class Hosts:
    """``report(reason)``: a host failed; ``switched(address)``: another one is used now.

    A host that failed rests, twice as long each time, a minute at most.
    """

    def __init__(
        self,
        senders: Sequence[Sender],
        patience: Patience,
        report: Callable[[Failure, float], None],
        switched: Callable[[Sender], None],
    ) -> None:
        self._hosts = [_Host(sender) for sender in senders]
        self._patience = patience
        self._report = report
        self._switched = switched
        self._used = self._hosts[0]
        self._used_since = 0.0

    def connected(self) -> Sender:
        """A sender that is connected. Waits for ever for one.

        Raises Unfinished when told to stop, and ConfigError when no host takes us for reasons
        that no waiting can change, and none has ever acknowledged anything.
        """
        while True:
            self._check_fit()
            found = self._first()
            if found is not None:
                return found
            self._check_fit()
            next_at = min(host.rests_until for host in self._hosts)
            self._patience.pause(max(0.0, next_at - self._patience.now()))

    def acknowledged(self, sender: Sender) -> None:
        """This one is well."""
        host = self._of(sender)
        host.failures, host.rests_until, host.misfit = 0, 0.0, ""

    def failed(self, sender: Sender, failure: Failure, rest: bool = True) -> None:
        """This one did not accept. ``rest``: leave it alone for a while."""
        host = self._of(sender)
        host.misfit = str(failure) if isinstance(failure, Misfit) else ""
        pause = 0.0
        if rest:
            host.failures += 1
            pause = self._patience.after(host.failures)
            host.rests_until = self._patience.now() + pause
        self._report(failure, pause)

    def close(self) -> None:
        """Close every connection."""
        for host in self._hosts:
            host.sender.close()

    def _check_fit(self) -> None:
        if all(host.misfit and not host.sender.acknowledged_ever for host in self._hosts):
            raise ConfigError("; ".join(host.misfit for host in self._hosts))

    def _first(self) -> Sender | None:
        """The first host that can be connected to, or the one in use while it is well."""
        now = self._patience.now()
        stays = self._used.sender.connected and (
            self._used is self._hosts[0] or now - self._used_since < RETURN_AFTER
        )
        if stays and self._try(self._used):
            return self._used.sender
        for host in self._hosts:
            if (host is self._used and stays) or host.rests_until > now:
                continue
            if self._try(host):
                self._use(host)
                return host.sender
        return None

    def _try(self, host: _Host) -> bool:
        try:
            host.sender.connect()
        except Failure as failure:
            self.failed(host.sender, failure)
            return False
        return True

    def _use(self, host: _Host) -> None:
        if host is not self._used:
            self._used.sender.close()
            self._used = host
            self._switched(host.sender)
        self._used_since = self._patience.now()

    def _of(self, sender: Sender) -> _Host:
        return next(host for host in self._hosts if host.sender is sender)
