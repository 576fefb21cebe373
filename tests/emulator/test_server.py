# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gzip
import http.client as http_client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from slack_audit_input.emulator import EmulatorOptions, RunningEmulator, Spread, start
from slack_audit_input.emulator.command import emulator, moment
from slack_audit_input.emulator.options import EmulatorOptions as Options
from tests.emulator.calls import NOW, Http


@pytest.fixture(scope="module")
def running() -> Iterator[RunningEmulator]:
    with start(EmulatorOptions(calls_per_minute=0, start_at=NOW, frozen=True)) as found:
        yield found


@pytest.fixture
def http(running: RunningEmulator) -> Iterator[Http]:
    found = Http(running)
    yield found
    found.close()


def test_one_connection_serves_many_calls(http: Http) -> None:
    sockets = set()
    for _ in range(5):
        response, body = http.get(limit=20)
        assert response.status == 200
        assert response.version == 11
        assert int(response.headers["Content-Length"]) == len(body)
        sockets.add(id(http.connection.sock))
    assert len(sockets) == 1


def test_gzip_for_those_who_take_it(running: RunningEmulator, http: Http) -> None:
    _, plain = http.get(limit=500)
    for accepted, packed in (
        ("gzip", True), ("deflate, GZIP;q=0.5", True), ("gzip;q=0", False), ("identity", False),
    ):  # fmt: skip
        response, body = http.get(limit=500, headers={"Accept-Encoding": accepted})
        assert (response.headers["Content-Encoding"] == "gzip") is packed
        assert (gzip.decompress(body) if packed else body) == plain
        assert len(body) < len(plain) / 2 or not packed
    running.control.change(gzip=False)
    assert http.get(limit=500, headers={"Accept-Encoding": "gzip"})[1] == plain
    running.control.change(gzip=True)


def test_the_base_path_may_lack_its_slash(http: Http) -> None:
    assert http.get("/audit/v1/logs", limit=3)[1] == http.get("/audit/v1//logs", limit=3)[1]
    assert http.get("/audit/v1")[0].status == 404


def test_other_methods_are_refused_and_the_connection_lives_on(http: Http) -> None:
    for method, body in (("POST", b"x=1"), ("DELETE", None), ("HEAD", None), ("OPTIONS", None)):
        http.connection.request(method, "/audit/v1/logs", body)
        response = http.connection.getresponse()
        response.read()
        assert response.status == 405
    assert http.get()[0].status == 200


def test_answers_take_their_time_beside_one_another(running: RunningEmulator) -> None:
    running.control.change(answer_time=Spread(0.3, 0.3))
    began = time.monotonic()
    clients = [Http(running) for _ in range(4)]
    threads = [threading.Thread(target=client.get) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0.3 <= time.monotonic() - began < 0.9
    for client in clients:
        client.close()
    running.control.change(answer_time=Spread())


def test_stopping_ends_calls_that_wait() -> None:
    found = start(EmulatorOptions(faults=()))
    found.control.fault_once("hang")
    client = Http(found)

    def call() -> None:
        with pytest.raises((OSError, http_client.HTTPException)):
            client.get()

    thread = threading.Thread(target=call)
    thread.start()
    while not found.control.counters()["faults"]:
        time.sleep(0.01)
    began = time.monotonic()
    found.stop()
    thread.join(5)
    assert not thread.is_alive()
    assert time.monotonic() - began < 2
    client.close()


def test_only_loopback_is_listened_on() -> None:
    for host in ("0.0.0.0", "192.0.2.1", "::"):
        with pytest.raises(ValueError, match="loopback only"):
            EmulatorOptions(host=host)
    if socket.has_ipv6:
        try:
            with start(EmulatorOptions(host="::1")) as found:
                assert found.base_url.startswith("http://[::1]:")
        except OSError:
            pytest.skip("no IPv6 on this machine")


def test_a_port_in_use_is_an_error_in_words(running: RunningEmulator) -> None:
    port = running.server.server_address[1]
    result = CliRunner().invoke(emulator, ["--port", str(port)])
    assert result.exit_code == 1
    assert "cannot start" in result.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_where_it_listens_and_stops_when_told(
    tmp_path: Path, number: signal.Signals
) -> None:
    file = tmp_path / "one.jsonl"
    file.write_text('{"id":"x"}\n', encoding="utf-8")
    arguments = ["--replay", str(file), "--late", "0.1:1-5", "--fault", "http_500@1", "--frozen"]
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "slack_audit_input.emulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert time.monotonic() - began < 3
        assert set(line) == {
            "base_url", "control_url", "token", "replayed", "undated", "undated_second",
        }  # fmt: skip
        port = int(line["base_url"].split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(
                b"GET /audit/v1/logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                + line["token"].encode()
                + b"\r\n\r\n"
            )
            assert connection.recv(100).startswith(b"HTTP/1.1 500 ")
        process.send_signal(number)
        try:
            out, err = process.communicate(timeout=5)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, b"", b"")


def test_wrong_options_are_refused_in_words() -> None:
    for arguments, words in (
        (["--host", "0.0.0.0"], "loopback only"),
        (["--late", "much"], "SHARE:LEAST-MOST"),
        (["--fault", "sabotage=1"], "there is no fault"),
        (["--burst", "x:1:2"], "Invalid isoformat"),
        (["--refuse-with", "nothing"], "no code"),
        (["--start-at", "tomorrow"], "Invalid isoformat"),
    ):
        result = CliRunner().invoke(emulator, arguments)
        assert result.exit_code == 2
        assert words in result.output


def test_the_help_names_every_option_and_fault() -> None:
    text = CliRunner().invoke(emulator, ["--help"]).output
    for name in vars(Options()):
        singular = {"bursts": "burst", "lateness": "late", "faults": "fault",
                    "more_tokens": "more-token", "refused_actions": "refuse-action",
                    "redirect_urls": "redirect-url"}  # fmt: skip
        assert f"--{singular.get(name, name).replace('_', '-')}" in text
    assert "unsorted" in text


def test_moments() -> None:
    assert moment("1790000000.5") == 1790000000.5
    assert moment("2026-09-21T12:00:00Z") == moment("2026-09-21 14:00:00+02:00") == int(NOW)
    assert moment("2026-09-21T12:00:00") == int(NOW)
    assert abs(moment("-60") - (time.time() - 60)) < 5


def test_the_products_command_is_the_same_with_a_file_of_options() -> None:
    from slack_audit_input.hosts.cli.emulator import emulator as product

    assert product is emulator
    assert "config" in {parameter.name for parameter in product.params}
