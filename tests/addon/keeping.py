# SPDX-License-Identifier: Apache-2.0
"""What the store of refreshed tokens promises, on the double's credential storage.

Runs on Splunk's Python, with nothing but the package's lib/. Prints what it found as JSON.
"""

from __future__ import annotations

import json
import socket
import sys
from typing import Any

given: dict[str, Any] = json.loads(sys.argv[1])
sys.path.insert(0, given["lib"])

from slack_audit_input.hosts.splunk.safe import Safe  # noqa: E402
from slack_audit_input.hosts.splunk.splunkd import Splunkd  # noqa: E402
from slack_audit_input.hosts.splunk.tokens import (  # noqa: E402
    LEASE,
    SignedIn,
    SplunkCredentials,
    forget_pairs,
    realm_of,
)
from slack_audit_input.slack.credentials import App, Pair  # noqa: E402
from slack_audit_input.slack.token import Token  # noqa: E402

splunkd = Splunkd(given["key"], "http", "127.0.0.1", given["port"])
now = 1_800_000_000.0


def sleep(seconds: float) -> None:
    """Time is ours."""
    global now  # noqa: PLW0603 - a clock
    now += seconds


def store(access: str = "xoxe.xoxp-1", issued: float = now) -> SplunkCredentials:
    """One process' view of account acme, as the form has saved it."""
    pair = Pair(Token(access), Token("xoxe-1-r"), issued, issued + 43_200)
    saved = SignedIn(App("1.2", Token("secret")), pair, "https://slack.com/api/")
    return SplunkCredentials(splunkd, "acme", saved, wall=lambda: now, sleep=sleep)


found: dict[str, Any] = {}
safe = Safe(splunkd, realm_of("acme"))
one, two = store(), store()

# What the form has saved comes first; a text is kept only instead of what is known.
first = one.read()
long = json.dumps({"long": "x" * 2000 + "\u00fc"})
found["saved first"] = json.loads(first)["tokens"]["access"] == "xoxe.xoxp-1"
found["not instead of another"] = one.write("b", "a")
found["instead of what is known"] = one.write(long, first)
found["another sees it"] = two.read() == long
found["not twice"] = two.write("c", first)

# Half of it was written when its writer was killed: it is not there, and in nobody's way.
name = one._name("pair", 2)
safe.claim(name, "host:1:x 1")
splunkd.add_credential(realm_of("acme"), f"{name}.1.2", "half of it")
found["half is nothing"] = one.read() == long
found["beyond a half"] = two.write("d", long) and one.read() == "d"
found["halves are cleared away"] = [n for n in safe.load() if n.startswith("pair")] == [
    one._name("pair", 3)
]

# The lock: one has it, the other waits; one that is held for too long no longer counts.
with one.lock(0.0) as held:
    found["one has the lock"] = held
    with two.lock(5.0) as also:
        found["the other has not"] = also
with two.lock(0.0) as held:
    found["it is let go of"] = held
with one.lock(0.0), two.lock(LEASE + 5.0) as held:
    found["not for ever"] = held
last = max(name for name in safe.load() if name.startswith("lock"))
number = int(last.rpartition("-")[2])
safe.claim(one._name("lock", number + 1), f"{socket.gethostname()}:999999999:x {now}")
with one.lock(0.0) as held:
    found["a host of another numbering is waited for"] = held
sleep(LEASE + 1)
with one.lock(0.0) as held:
    found["and then no more"] = held
safe.claim(one._name("lock", number + 3), "a word without a time")
with one.lock(0.0) as held:
    found["nonsense holds nothing"] = held
found["locks are cleared away"] = sum(name.startswith("lock") for name in safe.load()) <= 2

# Somebody signs in again: what was refreshed before counts no more, and goes.
anew = store("xoxe.xoxp-other", now + 100)
found["another sign-in is another"] = json.loads(anew.read())["tokens"]["access"]
found["the old one is as it was"] = one.read() == "d"
found["kept anew"] = anew.write("e", anew.read()) and anew.read() == "e"
found["older ones went"] = [n for n in safe.load() if one._origin in n] == []
found["and are what the form has saved"] = one.read() == first
anew.delete()
found["deleted"] = json.loads(anew.read())["tokens"]["access"] == "xoxe.xoxp-other"
one.write("f", first)
forget_pairs("acme", splunkd)
found["forgotten"] = safe.load() == {}
sys.stdout.write(json.dumps(found))
