# SPDX-License-Identifier: Apache-2.0
"""The built add-on in the double of splunkd, beside an emulated Slack."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape, quoteattr

from slack_audit_input import emulator
from slack_audit_input.emulator import EmulatorOptions, RunningEmulator
from slack_audit_input.stores.kvstore import KVCheckpoint
from tests.splunkd.kvstore import KVStore
from tests.splunkd.places import APP, KIND, package, splunks_python
from tests.splunkd.scripts import Run
from tests.splunkd.splunkd import Splunkd
from tests.stores.kvstores import kv_checkpoint

SEPARATOR = "``splunk_cred_sep``"
END = SEPARATOR + "".join(f"{letter}{SEPARATOR}" for letter in "SPLUNK")


class Addon(NamedTuple):
    """A home with the add-on installed. Accounts and inputs are made as their confs hold them."""

    splunkd: Splunkd
    slack: RunningEmulator

    @property
    def kvstore(self) -> KVStore:
        return self.splunkd.kvstore(APP)

    def account(self, name: str = "acme", *, token: str | None = None, **fields: str) -> None:
        """Make an account, its token as solnlib stores it."""
        values = {"region": "custom", "api_url": self.slack.base_url, "domain": "acme", **fields}
        self.splunkd.confs.write(APP, f"{APP}_account", name, values)
        self.secret("account", name, {"token": token or self.slack.token})

    def sign_in(self, name: str = "acme") -> None:
        """Make an account, or change one, as Add to Slack does."""
        now = self.slack.control.clock.now()
        given = self.slack.control.sign_in()
        times = {}
        secrets = {"access_token": given.access}
        if given.refresh is not None and given.life is not None:
            times = {"issued": str(int(now)), "expires": str(int(now + given.life))}
            secrets.update(refresh_token=given.refresh, client_secret="emulated-client-secret")
        self.account(name, auth_type="oauth", client_id="1111111111.2222222222", **times)
        self.secret("account", name, secrets)

    def secret(self, conf: str, name: str, values: dict[str, str]) -> None:
        """What solnlib's CredentialManager would store."""
        realm = f"__REST_CREDENTIAL__#{APP}#configs/conf-{APP}_{conf}"
        for number, text in enumerate((json.dumps(values), END), 1):
            path = f"/servicesNS/nobody/{APP}/storage/passwords"
            whole = quote(f"{realm}:{name}{SEPARATOR}{number}:", safe="")
            self.splunkd.call("DELETE", f"{path}/{whole}?output_mode=json")
            form = {"name": f"{name}{SEPARATOR}{number}", "realm": realm, "password": text}
            answer = self.splunkd.call("POST", f"{path}?output_mode=json", urlencode(form))
            assert answer.status == 201, answer

    def proxy(self, **fields: str) -> None:
        """The Proxy tab."""
        self.splunkd.confs.write(APP, f"{APP}_settings", "proxy", fields)

    def input(self, name: str = "one", **fields: str) -> None:
        """Make an input; polls follow fast, so that a second run has something to do."""
        values = {
            "account": "acme",
            "index": "slack",
            "interval": "60",
            "poll_every": "1",
            **fields,
        }
        self.splunkd.confs.write(APP, "inputs", f"{KIND}://{name}", values)

    def start(self, name: str = "one") -> Run:
        """One run."""
        return self.splunkd.run_once(APP, KIND, name)

    def unread(self, name: str = "one") -> subprocess.Popen[bytes]:
        """One run whose output is the test's to read, or not."""
        script = self.splunkd.script(APP, KIND)
        values = self.splunkd.inputs.stanzas(APP, KIND)[name]
        params = "".join(
            f"<param name={quoteattr(key)}>{escape(str(value))}</param>"
            for key, value in values.items()
        )
        stanza = f"<stanza name={quoteattr(f'{KIND}://{name}')} app={quoteattr(APP)}>"
        process = subprocess.Popen(
            script._command(()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(script._place.environment),
        )
        assert process.stdin is not None
        inside = f"<configuration>{stanza}{params}</stanza></configuration>"
        process.stdin.write(script._document("input", inside).encode())
        process.stdin.close()
        return process

    def run(self, name: str = "one", seconds: float = 60.0) -> Run:
        """One run to its end, which has to be a good one."""
        run = self.start(name)
        code = run.wait(seconds)
        assert (code, run.events.broken) == (0, ""), (code, run.errors, run.events.broken)
        assert run.events.closed or not run.events.count
        return run

    def checkpoint(self, name: str = "one") -> KVCheckpoint:
        """What the KV store holds of an input."""
        return kv_checkpoint(self.kvstore, name)

    def status(self, name: str = "one") -> dict[str, Any]:
        """The status record of an input."""
        found = [d for d in self.kvstore.documents("slack_audit_status") if d["_key"] == name]
        return found[0]

    def check(self, name: str = "one", **fields: str) -> str:
        """What validation says against an input."""
        params = {"account": "acme", "index": "slack", "interval": "60", **fields}
        return self.splunkd.script(APP, KIND).check(name, params)

    def indexed(self, index: str = "slack") -> list[dict[str, Any]]:
        """Events that have arrived."""
        return list(self.splunkd.indexes.events(index))

    def ids(self, index: str = "slack") -> Counter[str]:
        """Ids of Slack's entries that have arrived, counted; coverage records are none."""
        return Counter(
            json.loads(event["data"])["id"]
            for event in self.indexed(index)
            if event["sourcetype"] == "slack:audit"
        )

    def truth(self, oldest: int = 0, latest: int | None = None) -> set[str]:
        """Ids of what Slack shows."""
        return {str(row.id) for row in self.slack.control.truth(oldest, latest)}


@contextmanager
def addon(home: Path, version: str, **options: Any) -> Iterator[Addon]:
    """An installed add-on on a Python, with an account; ``options``: of the emulator."""
    defaults: dict[str, Any] = {"calls_per_minute": 0, "history_days": 3, "events_per_day": 3000}
    with (
        emulator.start(EmulatorOptions(**{**defaults, **options})) as slack,
        Splunkd(home, splunks_python(version)) as splunkd,
    ):
        splunkd.install(package())
        made = Addon(splunkd, slack)
        made.account()
        yield made


def until(what: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for something to be true."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
