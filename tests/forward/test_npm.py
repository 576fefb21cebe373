# SPDX-License-Identifier: Apache-2.0
"""An independent decoder takes what we send: npm's @fluent-org/logger (`make npm`)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from slack_audit_input.model.errors import ConfigError
from slack_audit_input.sinks.forward.access import tls_context
from slack_audit_input.sinks.forward.handshake import Credentials, Secret
from slack_audit_input.sinks.forward.sink import Limits
from tests.forward.events import COLLECTOR, SECOND, event, events
from tests.forward.over_network import Reports, forward_to, quick
from tests.receivers.running import TOP, Record

NODE = shutil.which("node")
MODULES = TOP / ".venv" / "npm" / "node_modules"
SCRIPT = TOP / "tests" / "receivers" / "npm" / "receiver.js"

pytestmark = pytest.mark.skipif(
    NODE is None or not MODULES.is_dir(),
    reason="THE INDEPENDENT DECODER IS SKIPPED: no node, or no package here. Remedy: make npm",
)


class Server:
    """A FluentServer in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self._process = process

    def records(self, count: int) -> list[Record]:
        """The next so many records: it acknowledges before it hands them out."""
        assert self._process.stdout is not None
        return [Record(*json.loads(self._process.stdout.readline())) for _ in range(count)]


@contextmanager
def serving(**options: Any) -> Iterator[Server]:
    process = subprocess.Popen(
        [str(NODE), str(SCRIPT), json.dumps(options)],
        env={"PATH": os.environ.get("PATH", os.defpath), "NODE_PATH": str(MODULES)},
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield Server(process, json.loads(process.stdout.readline())["port"])
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("packed", [False, True])
def test_batches_and_acknowledgements(tmp_path: Path, packed: bool) -> None:
    with serving() as server:
        log = Reports()
        sink = forward_to([server.address], tmp_path, limits=Limits(packed=packed), log=log)
        sink.write(events(1200, size=300))
        found = server.records(1200)
    assert [record.fields["id"] for record in found] == list(range(1200))
    assert {record.tag for record in found} == {"slack.audit"}
    assert found[4].time == [SECOND + 1, 0]
    assert found[4].fields == {"id": 4, "pad": "x" * 300, "collector": COLLECTOR}
    assert log.lines == []


def test_what_entries_can_hold(tmp_path: Path) -> None:
    entry = {
        "text": 'ä"\\\n\u2028\U0001f600\x00',
        "numbers": [0, -1, 1.5, -0.0, 1e300, 2**53 - 1, -(2**31)],
        "nested": {"a": [{"b": [[], {}]}], "": None, "yes": True},
    }
    with serving() as server:
        sink = forward_to([server.address], tmp_path)
        sink.write([event(json.dumps(entry)), event('{"a":NaN,"b":"\\ud800"}')])
        usual, odd = server.records(2)
    assert usual.fields == {**entry, "collector": COLLECTOR}
    assert odd.fields == {
        "a": "NaN",
        "b": "\\ud800",
        "collector": {**COLLECTOR, "altered": ["a", "b"]},
    }


@pytest.mark.parametrize("users", [None, {"sender": "secret"}])
def test_key_and_user(tmp_path: Path, users: dict[str, str] | None) -> None:
    with serving(key="k", users=users) as server:
        ours = Credentials(Secret("k"), "sender", Secret("secret"))
        sink = forward_to([server.address], tmp_path, quick(credentials=ours))
        sink.write(events(10))
        assert len(server.records(10)) == 10


@pytest.mark.parametrize(
    ("users", "ours"),
    [
        (None, Credentials(Secret("wrong"))),
        ({"sender": "secret"}, Credentials(Secret("k"), "sender", Secret("wrong"))),
        ({"sender": "secret"}, Credentials(Secret("k"))),
    ],
)
def test_what_does_not_fit(tmp_path: Path, users: dict[str, str] | None, ours: Credentials) -> None:
    with serving(key="k", users=users) as server:
        sink = forward_to([server.address], tmp_path, quick(credentials=ours))
        with pytest.raises(ConfigError, match="refuses the handshake"):
            sink.write(events(1))


@pytest.mark.parametrize("client", [False, True])
def test_tls(tmp_path: Path, pems: Any, client: bool) -> None:
    options = {"clientCa": str(pems.client)} if client else {}
    with serving(cert=str(pems.server), key="k", **options) as server:
        ours = str(pems.client) if client else ""
        access = quick(
            tls=tls_context(str(pems.server), ours, ""),
            credentials=Credentials(Secret("k")),
        )
        sink = forward_to([server.address], tmp_path, access)
        sink.write(events(1200, size=300))
        assert [r.fields["id"] for r in server.records(1200)] == list(range(1200))
