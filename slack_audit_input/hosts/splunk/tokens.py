# SPDX-License-Identifier: Apache-2.0
"""The pairs of accounts with token rotation, in Splunk's credential storage.

What the form has saved stays as it is: UCC's handlers rewrite that credential, also when accounts
are only listed, with what they read a moment before. A pair that was refreshed is kept beside it,
under a name with a number of its own; the highest that is whole counts. The names also hold a
digest of what the form has saved: an account that is saved anew has other names, and wins.

Nothing here is ever written over, so a process may be killed anywhere. Numbers are claimed by
making a credential, which splunkd lets one of several processes do. That is a lock, too: its holder
is known by process, and one that has ended, or that holds it for too long, no longer counts.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from slack_audit_input.collector.ownership import is_gone, owner_name
from slack_audit_input.hosts.splunk.safe import Kept, Safe
from slack_audit_input.hosts.splunk.splunkd import Splunkd
from slack_audit_input.model.errors import GaveUp, StoreError
from slack_audit_input.slack.credentials import App, Credentials, Pair

#: Of the realms, one an account.
REALM = "slack_audit_tokens"
#: Seconds for which a claim counts. A refresh is one call, which is given up after CALL.
LEASE = 60.0
CALL = 40.0
#: Seconds between two looks at who holds the lock.
LOOK_EVERY = 0.5
#: One name for the process: two that stand for one would take each other for an earlier run.
_ME = owner_name()


class SignedIn(NamedTuple):
    """What an account has of its sign-in. ``web_url``: of the Web API."""

    app: App
    pair: Pair
    web_url: str

    def origin(self) -> str:
        """Stands for what the form has saved, and tells nothing of it; later ones are higher."""
        refresh = self.pair.refresh
        parts = (self.app.client_id, self.pair.access.spelled(), refresh and refresh.spelled())
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
        return f"{int(self.pair.issued_at):011d}{digest}"


class SplunkCredentials:
    """The credentials of one account; see ``slack.ports.CredentialStore``.

    ``saved``: what the form has saved. ``wall``: unix seconds, ``sleep``: waits so many.
    """

    #: A process that was held up for longer than a claim counts may still be at work.
    exclusive = False

    def __init__(
        self,
        splunkd: Splunkd,
        account: str,
        saved: SignedIn,
        *,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.shown = f"Splunk's credential storage, account {account}"
        self._safe = Safe(splunkd, realm_of(account))
        self._first = Credentials(saved.app, saved.pair).text()
        self._origin = saved.origin()
        self._wall = wall
        self._sleep = sleep

    def read(self) -> str:
        """The newest; what the form has saved when there is none of it yet."""
        return self._newest(self._load("pair"))

    def write(self, text: str, instead_of: str | None) -> bool:
        """Keep it under the next number, if what is kept is ``instead_of``."""
        known = self._load("pair")
        if self._newest(known) != instead_of:
            return False
        number = max(known, default=0) + 1
        with _as_stored():
            # Whoever has claimed it is about to write: what he keeps is not what we know.
            if not self._safe.claim(self._name("pair", number), self._words()):
                return False
            self._safe.write(self._name("pair", number), text)
        # Somebody who took us for dead may have written the next one meanwhile.
        known = self._load("pair")
        if self._newest(known) != text:
            return False
        self._forget("pair", [old for old in known if old < number])
        self._forget_older_sign_ins()
        return True

    @contextlib.contextmanager
    def lock(self, patience: float) -> Iterator[bool]:
        """Claim the next number of locks, once nobody holds the one before."""
        number = self._acquired(self._wall() + patience)
        try:
            yield number > 0
        finally:
            if number:
                # Numbers only rise: a lock that is let go of is marked, and not removed.
                with contextlib.suppress(GaveUp):
                    self._safe.claim(self._name("free", number), self._words())

    def delete(self) -> None:
        """Forget what was refreshed; what the form has saved goes with its account."""
        for kind in ("pair", "lock", "free"):
            self._forget(kind, list(self._load(kind)))

    def _acquired(self, until: float) -> int:
        """The number of a lock that is ours, 0 when it was not to be had in time."""
        while True:
            known = self._load("lock")
            last = max(known, default=0)
            if not last or last in self._load("free") or self._is_void(known[last]):
                with _as_stored():
                    mine = self._safe.claim(self._name("lock", last + 1), self._words())
                # The highest counts. One that is lower was made by somebody who had looked before
                # others came and went.
                if mine and max(self._load("lock")) == last + 1:
                    self._forget("lock", [old for old in known if old < last])
                    self._forget("free", [old for old in self._load("free") if old < last])
                    return last + 1
            if self._wall() >= until:
                return 0
            self._sleep(LOOK_EVERY)

    def _is_void(self, kept: Kept) -> bool:
        owner, _, since = kept.claim.rpartition(" ")
        try:
            held = self._wall() - float(since)
        except ValueError:
            return True
        # A clock that was set back must not make a lock of somebody's eternal.
        return not 0 <= held < LEASE or (owner != _ME and is_gone(owner))

    def _words(self) -> str:
        return f"{_ME} {self._wall():.1f}"

    def _newest(self, known: dict[int, Kept]) -> str:
        whole = [number for number, kept in known.items() if kept.text is not None]
        text = known[max(whole)].text if whole else None
        return self._first if text is None else text

    def _load(self, kind: str) -> dict[int, Kept]:
        head = f"{kind}-{self._origin}-"
        with _as_stored():
            found = self._safe.load()
        return {
            int(name[len(head) :]): kept
            for name, kept in found.items()
            if name.startswith(head) and name[len(head) :].isdigit()
        }

    def _forget(self, kind: str, numbers: list[int]) -> None:
        # It is in nobody's way: the next who writes does it.
        with contextlib.suppress(GaveUp):
            if numbers:
                self._safe.remove(*(self._name(kind, number) for number in numbers))

    def _forget_older_sign_ins(self) -> None:
        with contextlib.suppress(GaveUp):
            older = [name for name in self._safe.load() if name.split("-")[1:2] < [self._origin]]
            if older:
                self._safe.remove(*older)

    def _name(self, kind: str, number: int) -> str:
        return f"{kind}-{self._origin}-{number:08d}"


def realm_of(account: str) -> str:
    """Where an account's pairs are."""
    return f"{REALM}.{account}"


def forget_pairs(account: str, splunkd: Splunkd) -> None:
    """Forget all that was refreshed for an account of this name. Raises GaveUp."""
    safe = Safe(splunkd, realm_of(account))
    safe.remove(*safe.load())


@contextlib.contextmanager
def _as_stored() -> Iterator[None]:
    """A splunkd that does not answer is a store that is away, which rotation waits for."""
    try:
        yield
    except GaveUp as error:
        raise StoreError(str(error)) from None
