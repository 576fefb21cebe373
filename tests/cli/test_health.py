# SPDX-License-Identifier: Apache-2.0
"""``--health-listen``: what it says, and what no client can do to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from slack_audit_input.collector.settings import Settings
from slack_audit_input.hosts.cli.health import COLLECTING, HUNG, TOO_LONG, Health, Sample
from slack_audit_input.hosts.cli.listen import MOST, SECONDS, address_of, serve
from slack_audit_input.model.errors import ConfigError
from tests.cli.command import Command, until
from tests.cli.server import Slack
from tests.fakes.http import TOKEN
from tests.fakes.world import FakeClock


def quiet(level: str, action: str, **fields: object) -> None:
    """No log."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def got(port: int, path: str, method: str = "GET") -> tuple[int, bytes]:
    """Status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def metrics(port: int) -> dict[str, float]:
    """Every sample of the page, as Prometheus's own parser reads it."""
    status, body = got(port, "/metrics")
    assert status == 200
    assert TOKEN.encode() not in body
    found = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            found[sample.name] = sample.value
            if sample.name != "slack_audit_info":
                assert sample.labels == {"account": "acme", "input": "default"}
    return found


def collecting(port: int) -> bool:
    """Does it answer that it collects?"""
    with contextlib.suppress(OSError):
        found = json.loads(got(port, "/healthz")[1])
        return found["state"] == "collecting" and "lag_s" in found
    return False


def started(command: Command, port: int, *more: str) -> subprocess.Popen[str]:
    """A run with a listener."""
    listen = ("--health-listen", str(port), "--account", "acme", "--poll-every", "1")
    return command.start("run", *listen, "--output-file", str(command.file), *more)


def test_what_a_collecting_and_a_waiting_one_say(command: Command, slack: Slack) -> None:
    port, other = free_port(), free_port()
    first = started(command, port)
    until(lambda: len(command.delivered()) == 300)
    until(lambda: collecting(port))
    status, body = got(port, "/healthz")
    report = json.loads(body)
    assert status == 200
    assert (report["input"], report["account"], report["trouble"]) == ("default", "acme", "")
    assert report["lag_s"] < 60
    assert got(port, "/livez") == (200, b"ok\n")
    assert got(port, "/healthz", "HEAD") == (200, b"")
    assert got(port, "/")[0] == 404
    assert got(port, "/healthz", "POST")[0] == 405
    found = metrics(port)
    assert found["slack_audit_events_total"] == 300
    assert (found["slack_audit_up"], found["slack_audit_active"]) == (1, 1)
    assert found["slack_audit_lag_seconds"] < 60
    assert found["slack_audit_budget_calls_used"] > 0
    second = started(command, other, "--standby")
    until(lambda: _answers(other))
    status, body = got(other, "/healthz")
    assert (status, json.loads(body)["state"]) == (200, "standby")
    assert metrics(other)["slack_audit_standby"] == 1
    # A hundred slow clients are none of the collector's business.
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            slow.sendall(b"GET /healthz HT")
        slack.add(int(time.time()), 3, 5000)
        until(lambda: len(command.delivered()) == 303)
        time.sleep(SECONDS)
        assert collecting(port)
    assert command.end(second, signal.SIGTERM).code == 0
    assert command.end(first, signal.SIGTERM).code == 0


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        return bool(json.loads(got(port, "/healthz")[1])["state"] == "standby")
    return False


def test_a_port_that_is_taken_is_said_at_once(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = command("run", "--once", "--health-listen", str(taken.getsockname()[1]))
    assert ended.code == 2
    assert "cannot listen there" in ended.err


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9110", ("127.0.0.1", 9110)),
        (":9110", ("127.0.0.1", 9110)),
        ("0.0.0.0:1", ("0.0.0.0", 1)),
        ("[::1]:80", ("::1", 80)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert address_of(text) == address


@pytest.mark.parametrize("text", ["", "x", "host:", "host:65536", "host:-1", "[::1]", "h:٣"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ConfigError, match="HOST:PORT"):
        address_of(text)


@pytest.fixture
def health() -> tuple[Health, FakeClock]:
    """A health on virtual time."""
    clock = FakeClock()
    settings = Settings("default", "acme", None)
    return Health(settings, clock), clock


class Heart:
    """A heartbeat, as far as a Health looks at it."""

    writing_since: float | None = None
    last_commit: float | None = None


def test_what_is_wrong_is_said_in_words(health: tuple[Health, FakeClock]) -> None:
    found, clock = health
    heart = Heart()
    assert found.trouble() == ""
    found.begins(heart)  # type: ignore[arg-type]
    assert found.state == COLLECTING
    clock.now += TOO_LONG + 1
    assert "no good answer from Slack for 301 s" in found.trouble()
    now = clock.monotonic()
    found.sample = Sample(now, now, 1.0, 0, 45, 3, {})
    assert "nothing was checkpointed for 301 s" in found.trouble()
    heart.last_commit = now
    assert found.trouble() == ""
    heart.writing_since = now
    clock.now += HUNG + 1
    assert "the output has not accepted a page for 901 s" in found.trouble()
    assert not found.hung()
    heart.writing_since = None
    assert found.hung()
    found.waiting()
    assert (found.trouble(), found.hung()) == ("", False)


def test_503_and_hostile_requests(health: tuple[Health, FakeClock]) -> None:
    found, clock = health
    _, port = serve("127.0.0.1:0", found, quiet)
    assert got(port, "/healthz")[0] == 200
    found.begins(Heart())  # type: ignore[arg-type]
    clock.now += TOO_LONG + 1
    status, body = got(port, "/healthz")
    assert (status, json.loads(body)["trouble"]) == (503, "no good answer from Slack for 301 s")
    for hostile in (
        b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"\r\n\r\n",
        b"\0" * 100 + b"\r\n\r\n",
        b"GET " + b"/" * 8000 + b"\r\n\r\n",
        b"",
    ):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.settimeout(SECONDS + 5)
            with contextlib.suppress(OSError):
                client.sendall(hostile)
                client.shutdown(socket.SHUT_WR)
                answer = client.recv(100)
                assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
        assert got(port, "/livez")[0] == 200
    # More than there is room for: those beyond are cut, the others in time.
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(MOST + 8)]
    began = time.monotonic()
    for client in clients:
        client.settimeout(SECONDS + 5)
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
        client.close()
    assert time.monotonic() - began < SECONDS + 4
    assert got(port, "/livez")[0] == 200
