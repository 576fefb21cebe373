# SPDX-License-Identifier: Apache-2.0
"""TLS: certificate and name are verified, ours is shown where it is wanted."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from slack_audit_input.model.errors import ConfigError
from slack_audit_input.sinks.forward.access import tls_context
from slack_audit_input.sinks.forward.handshake import Credentials, Secret
from tests.forward.conftest import Certificates
from tests.forward.events import events
from tests.forward.over_network import Reports, forward_to, quick
from tests.receivers.running import running


def test_verified_with_our_own_ca(pems: Certificates, tmp_path: Path) -> None:
    with running(tmp_path, "--cert", pems.server) as host:
        access = quick(tls=tls_context(str(pems.server), "", ""))
        log = Reports()
        sink = forward_to([host.address], tmp_path, access, log=log)
        sink.write(events(2000, size=500))
        sink.write(events(2000, 2000, size=500))
        assert host.ids() == dict.fromkeys(range(4000), 1)
        host.again()
        sink.write(events(10, 4000))
        assert host.ids() == dict.fromkeys(range(4010), 1)
        assert log.lines == []


def test_with_a_shared_key_as_well(pems: Certificates, tmp_path: Path) -> None:
    with running(tmp_path, "--cert", pems.server, "--shared-key", "k", "--no-keepalive") as host:
        access = quick(
            tls=tls_context(str(pems.server), "", ""), credentials=Credentials(Secret("k"))
        )
        sink = forward_to([host.address], tmp_path, access)
        sink.write(events(10))
        sink.write(events(10, 10))
        assert host.ids() == dict.fromkeys(range(20), 1)


@pytest.mark.parametrize("apart", [False, True])
def test_our_certificate(pems: Certificates, tmp_path: Path, apart: bool) -> None:
    with running(tmp_path, "--cert", pems.server, "--client-ca", pems.client) as host:
        ours = (pems.client_certificate, pems.client_key) if apart else (pems.client, "")
        access = quick(tls=tls_context(str(pems.server), *map(str, ours)))
        forward_to([host.address], tmp_path, access).write(events(10))
        assert host.ids() == dict.fromkeys(range(10), 1)


def test_another_name_may_be_asked_for(pems: Certificates, tmp_path: Path) -> None:
    with running(tmp_path, "--cert", pems.server) as host:
        context = tls_context(str(pems.server), "", "")
        access = quick(tls=context, server_name="server.test")
        forward_to([host.address], tmp_path, access).write(events(1))
        access = quick(tls=context, server_name="other.test")
        with pytest.raises(ConfigError, match=r"not accepted .*--forward-server-name"):
            forward_to([host.address], tmp_path, access).write(events(1))
        assert host.ids() == {0: 1}


def test_nobody_unknown_is_trusted(pems: Certificates, tmp_path: Path) -> None:
    with running(tmp_path, "--cert", pems.server) as host:
        access = quick(tls=tls_context("", "", ""))
        with pytest.raises(ConfigError, match=r"not accepted .*--forward-ca-file"):
            forward_to([host.address], tmp_path, access).write(events(1))
        assert host.ids() == {}


def test_a_host_without_tls(pems: Certificates, tmp_path: Path) -> None:
    with running(tmp_path, "--shared-key", "k") as host:
        access = quick(tls=tls_context(str(pems.server), "", ""))
        with pytest.raises(ConfigError, match="does it speak TLS"):
            forward_to([host.address], tmp_path, access).write(events(1))


def test_a_host_that_wants_tls_and_does_not_get_it(pems: Certificates, tmp_path: Path) -> None:
    stop = iter([False] * 8 + [True] * 1000).__next__
    log = Reports()
    with running(tmp_path, "--cert", pems.server) as host:
        sink = forward_to([host.address], tmp_path, log=log, stop=stop)
        with pytest.raises(Exception, match="stopped while no host"):
            sink.write(events(1))
        assert host.ids() == {}
    assert "does it want TLS?" in log.reasons()


@pytest.mark.parametrize(
    ("ca", "certificate", "key", "words"),
    [
        ("/none", "", "", "--forward-ca-file /none: No such file"),
        ("empty", "", "", "--forward-ca-file .*: not what it should be"),
        ("", "/none", "", "--forward-cert-file /none"),
        ("", "empty", "", "--forward-cert-file .*: not what it should be"),
        ("", "client.crt", "/none", "--forward-key-file /none"),
    ],
)
def test_files_that_are_none(
    pems: Certificates, tmp_path: Path, ca: str, certificate: str, key: str, words: str
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "client.crt").write_bytes(pems.client_certificate.read_bytes())
    names = [str(tmp_path / name) if name else "" for name in (ca, certificate, key)]
    with pytest.raises(ConfigError, match=words):
        tls_context(*names)


def test_a_key_with_a_pass_phrase_is_no_riddle(pems: Certificates, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(
        [
            *(
                "openssl",
                "pkey",
                "-in",
                str(pems.client_key),
                "-aes256",
                "-passout",
                "pass:word",
            ),
            *("-out", str(key)),
        ],
        check=True,
        capture_output=True,
    )
    with pytest.raises(ConfigError, match="pass phrase"):
        tls_context("", str(pems.client_certificate), str(key))
