# SPDX-License-Identifier: Apache-2.0
"""Every exit code, each from a situation that really brings it about."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from shutil import which

import pytest

from slack_audit_input.slack.client import Answer
from tests.cli.command import Command
from tests.cli.server import Slack

HTML = b"<html>Bad gateway</html>"


def test_0_done(command: Command) -> None:
    assert command.once().code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--start", "yesterday"), "--start 'yesterday' is no time"),
        (("--start", "2099-01-01"), "lies in the future"),
        (("--start", "-99999d"), "lies before 1970"),
        (("--sweeps", "nonsense"), "--sweeps: 'nonsense' is not period:depth"),
        (("--sweeps", "600:60"), "would leave seconds unread"),
        (("--sweeps", "60:180,30:1800"), "must be both rarer and deeper"),
        (("--page-size", "10000"), "--page-size"),
        (("--page-size", "0"), "--page-size"),
        (("--workers", "0"), "--workers"),
        (("--timeout", "nan"), "--timeout"),
        (("--give-up-after", "inf"), "--give-up-after"),
        (("--rotate-mb", "nan"), "--rotate-mb"),
        (("--poll-every", "0"), "--poll-every"),
        (("--output", "splunk"), "--output"),
        (("--api-url", "http://slack.example/audit/v1/"), "must begin with https://"),
        (("--api-url", "nonsense"), "is no URL"),
        (("--state", "mysql://x"), "is not supported"),
        (("--state", ""), "--state is empty"),
        (("--token-file", "/nowhere"), "--token-file /nowhere: No such file"),
        (("--input", ""), "--input must have"),
        (("--account", "a\nb"), "--account must have"),
        (("--actor", "W1;entity=E1"), "--actor: 'W1;entity=E1' is no id"),
        (("--entity", "\udcff"), "--entity"),
        (("--action", "user login"), "cannot be the name of an action"),
        (("--no-such-option",), "--no-such-option"),
        (("extra",), "extra"),
        (("--log-level", "loud"), "--log-level"),
        (("--config", "/nowhere.toml"), "--config /nowhere.toml: No such file"),
    ],
)
def test_2_configuration(command: Command, arguments: tuple[str, ...], words: str) -> None:
    ended = command.once(*arguments)
    assert ended.code == 2, ended.err
    assert words in ended.err.replace('\\"', '"')
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_2_rotation_of_stdout(command: Command) -> None:
    ended = command("run", "--once", "--rotate-mb", "1")
    assert ended.code == 2
    assert "stdout cannot be rotated" in ended.err


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("", "the token is empty"),
        (" \n\t\n", "the token is empty"),
        ("xoxp-one\nxoxp-two\n", "holds blanks or characters that no token has"),
        ("xoxp-\u00e4", "holds blanks or characters that no token has"),
    ],
)
def test_2_a_token_file_that_holds_none(command: Command, secret: str, words: str) -> None:
    command.token_file.write_text(secret, "utf-8")
    ended = command.once()
    assert ended.code == 2
    assert words in ended.err
    assert str(command.token_file) in ended.err


def test_2_no_token_at_all(command: Command) -> None:
    del command.environment["SLACK_AUDIT_TOKEN_FILE"]
    ended = command.once()
    assert ended.code == 2
    assert "no token: put it in a file" in ended.err


def test_2_what_shows_only_at_the_first_call(command: Command, slack: Slack) -> None:
    slack.trouble.always(404, HTML)
    ended = command.once()
    assert ended.code == 2
    assert "no Audit Logs API at this address" in ended.err
    slack.trouble.always(407)
    ended = command.once()
    assert ended.code == 2
    assert "The proxy wants a user name and password" in ended.err
    ended = command.once("--api-url", "https://127.0.0.1:1/", "--ca-file", "/nowhere.pem")
    assert ended.code == 2
    assert "ca-file" in ended.err.lower()


@pytest.fixture
def untrusted(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A port with TLS under a certificate of its own making, and that certificate."""
    tool = which("openssl")
    if tool is None:
        pytest.skip("untrusted certificates are NOT TESTED: there is no openssl")
    folder = tmp_path / "tls"
    folder.mkdir()
    subprocess.run(
        [
            *(tool, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(folder / "key"), "-out", str(folder / "cert")),
        ],
        check=True,
        capture_output=True,
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"actions": {}}).encode()
            self.send_response(200 if self.path.endswith("actions") else 403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    class Server(HTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Who does not trust us hangs up."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port, folder / "cert"
    server.shutdown()
    thread.join()
    server.server_close()


def test_2_a_certificate_that_is_not_trusted(command: Command, untrusted: tuple[int, Path]) -> None:
    port, certificate = untrusted
    url = f"https://127.0.0.1:{port}/"
    ended = command.once("--api-url", url)
    assert ended.code == 2, ended.err
    assert "is not trusted" in ended.err
    # With its bundle the call gets through, and the next mistake shows.
    ended = command.once("--api-url", url, "--ca-file", str(certificate))
    assert ended.code == 3, ended.err


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "", "does not accept the token"),
        (403, "", "forbids this token"),
        (403, "missing_scope", "auditlogs:read"),
        (200, "feature_not_enabled", "Enterprise plans only"),
        (200, "user_not_authorized", "an Admin is not enough"),
        (200, "team_not_authorized", "installed on one workspace"),
        (200, "token_revoked", "The token was revoked"),
    ],
)
def test_3_authentication(
    command: Command, slack: Slack, status: int, code: str, words: str
) -> None:
    slack.trouble.always(status, code=code)
    ended = command.once()
    assert ended.code == 3, ended.err
    assert words in ended.err
    assert words in command.status()["last_error"]


def test_3_then_a_better_token(command: Command, slack: Slack) -> None:
    slack.trouble.always(401)
    assert command.once().code == 3
    slack.trouble.over()
    assert command.once().code == 0
    assert sorted(command.delivered().elements()) == slack.ids()
    assert command.status()["last_error"] == ""


def test_4_gave_up_and_goes_on_later(command: Command, slack: Slack) -> None:
    slack.trouble.always(500, HTML)
    ended = command.once("--give-up-after", "0.5")
    assert ended.code == 4, ended.err
    assert "The state is kept" in ended.err
    slack.trouble.over()
    assert command.once().code == 0
    assert sorted(command.delivered().elements()) == slack.ids()


def test_4_nobody_there(command: Command) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}/"
        ended = command.once("--api-url", url, "--give-up-after", "0.5")
    assert ended.code == 4, ended.err


def test_5_protocol(command: Command, slack: Slack) -> None:
    slack.trouble.always(418, b"I am a teapot")
    ended = command.once()
    assert ended.code == 5, ended.err
    assert "The checkpoint is kept" in ended.err
    kept = list(command.folder.glob("slack-answer-*.bin"))
    assert [path.read_bytes() for path in kept] == [b"I am a teapot"]
    assert kept[0].stat().st_mode & 0o077 == 0


def test_6_sink(command: Command) -> None:
    ended = command("run", "--once", "--output-file", str(command.folder / "none" / "out"))
    assert ended.code == 6
    assert "No such file or directory" in ended.err
    ended = command("run", "--once", "--output-file", "/dev/full")
    assert ended.code == 6
    assert "free some space" in ended.err
    assert command.status()["counters"]["events"] == 0


def test_7_store(command: Command) -> None:
    command.state.write_bytes(b"")
    ended = command.once()
    assert ended.code == 7
    assert "empty file" in ended.err
    assert command.state.read_bytes() == b""
    ended = command("status", "--state", str(command.folder / "none"))
    assert ended.code == 7
    assert "nothing has been collected" in ended.err


def test_7_another_accounts_input(command: Command, slack: Slack) -> None:
    assert command.once("--account", "acme").code == 0
    for arguments in (("run", "--once"), ("verify", "--from", "-1h")):
        ended = command(*arguments, "--account", "other")
        assert ended.code == 7, ended.err
        assert "belongs to account 'acme', not 'other'" in ended.err


def test_a_retry_is_no_failure(command: Command, slack: Slack) -> None:
    left = [Answer(500, HTML), Answer(200, b""), Answer(200, b'{"entries":[{"id"')]
    slack.trouble.answer = lambda answer: left.pop() if left else answer
    ended = command.once()
    assert ended.code == 0, ended.err
    assert left == []
    assert sorted(command.delivered().elements()) == slack.ids()


def test_a_reader_of_a_table_that_goes(command: Command) -> None:
    read, write = os.pipe()
    os.close(read)
    process = command.start("actions", stdout=write)
    os.close(write)
    ended = command.end(process)
    assert "Traceback" not in ended.err
    assert "Exception" not in ended.err
