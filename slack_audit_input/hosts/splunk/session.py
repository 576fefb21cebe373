# SPDX-License-Identifier: Apache-2.0
"""One run of one input: everything it needs, the collector, and an eye on its account."""

from __future__ import annotations

import time
from collections.abc import Mapping

from slack_audit_input.catalogue import ours
from slack_audit_input.collector.loop import Collector
from slack_audit_input.collector.naming import ActionNames
from slack_audit_input.collector.ownership import owner_name, wait_for_owner
from slack_audit_input.collector.pool import ThreadPool
from slack_audit_input.hosts.memory import settle
from slack_audit_input.hosts.running import StopSign, SystemClock
from slack_audit_input.hosts.splunk import KIND, SOURCETYPE
from slack_audit_input.hosts.splunk.accounts import Account, account_named
from slack_audit_input.hosts.splunk.checking import explained
from slack_audit_input.hosts.splunk.fields import InputFields, input_fields
from slack_audit_input.hosts.splunk.health import Health
from slack_audit_input.hosts.splunk.inputs import check_index, tell_of_shares
from slack_audit_input.hosts.splunk.logs import InputLog
from slack_audit_input.hosts.splunk.splunkd import Splunkd
from slack_audit_input.model.errors import AuthError, GaveUp
from slack_audit_input.sinks.splunk import Metadata, SplunkStream
from slack_audit_input.slack.client import Client
from slack_audit_input.stores.kvstore import KVCheckpoint
from slack_audit_input.stores.kvstore_rest import RestDocuments, Waiting

#: Seconds between two looks at the account, and between two looks for requests in the store.
LOOK_EVERY = 30.0
REQUESTS_EVERY = 30.0


class Session:
    """``health``: where lines go and errors are told; ``stop``: set by the signals."""

    def __init__(self, name: str, splunkd: Splunkd, log: InputLog) -> None:
        self._name = name
        self._splunkd = splunkd
        self._log = log
        self._clock = SystemClock()
        self._told = False
        self.stop = StopSign()
        # Before the first call to splunkd, so that a stop is heard while one is waited for.
        self.stop.install()
        waiting = Waiting(self.stop.wait, time.monotonic, self._waits)
        self._checkpoint = KVCheckpoint(
            RestDocuments(splunkd.collections, waiting), name, requests_every=REQUESTS_EVERY
        )
        self.health = Health(log, self._checkpoint.note)
        self._looked = time.monotonic()

    def run(self, given: Mapping[str, str | None]) -> None:
        """Collect until told to stop or, with a long interval, until caught up.

        Raises CollectorError; nothing that was not written is checkpointed then.
        """
        fields = input_fields(self._name, given, time.time())
        account = account_named(fields.settings.account, self._splunkd)
        self.health = Health(
            self._log,
            self._checkpoint.note,
            account=account.name,
            index=fields.index,
            host=account.host,
        )
        check_index(fields, self._splunkd, self._log)
        tell_of_shares(fields, self._splunkd, self._log)
        settle()
        source = account.source(self._splunkd, self.health)
        pool = ThreadPool(
            fields.settings.workers + 1,
            lambda: Client(account.client, source),
            self._clock.monotonic,
        )
        self.stop.wake = pool.wake
        if not wait_for_owner(self._checkpoint, self._clock, self.stop.wait, self._log):
            return
        sink = SplunkStream(_metadata(fields, account), 1)
        collector = Collector(
            fields.settings,
            self._checkpoint,
            sink,
            pool,
            self._clock,
            self.health,
            owner=owner_name(),
            names=ActionNames(ours()),
        )

        def watch(collector: Collector) -> None:
            self.health.watch(collector)
            self._look_at(account)

        try:
            collector.run(self.stop, once=not fields.stays_up, watch=watch)
        except AuthError as error:
            raise explained(error, account, source) from None
        finally:
            # After an error, too: what was written is whole.
            sink.close()

    def _look_at(self, account: Account) -> None:
        """Splunk starts an input anew when its own settings change, not when its account's do.

        A token that was refreshed is no such change: it stands elsewhere, and is taken over.
        """
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        try:
            found = account_named(account.name, self._splunkd)
        except GaveUp:
            return  # splunkd is busy; what we know is good until Slack says otherwise
        if not found.same_as(account):
            self._log("info", "account_changed", note="this run ends, the next one uses it")
            self.stop.set()

    def _waits(self, reason: str) -> None:
        if reason:
            self._log("warning", "waiting_for_kvstore", reason=reason)
        else:
            self._log("info", "kvstore_is_back")


def _metadata(fields: InputFields, account: Account) -> Metadata:
    return Metadata(
        source=f"{KIND.replace('_', ':')}:{account.name}",
        sourcetype=SOURCETYPE,
        # "default" is what the stanza says, and splunkd knows what that is.
        index="" if fields.index == "default" else fields.index,
        host=account.host,
    )
