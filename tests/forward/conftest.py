# SPDX-License-Identifier: Apache-2.0
"""Certificates; and sinks that a test made are closed at its end."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.forward.over_network import MADE


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while MADE:
        MADE.pop().close()


class Certificates(NamedTuple):
    """Certificate and key in one file each, signed by themselves; the client's key apart, too."""

    server: Path
    client: Path
    client_certificate: Path
    client_key: Path


@pytest.fixture(scope="session")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made anew for each run, with openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip(
            "THE TESTS OF TLS ARE SKIPPED: no openssl here. Remedy: apt-get install openssl"
        )
    folder = tmp_path_factory.mktemp("tls")

    def signed(name: str) -> Path:
        certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
        subprocess.run(
            [
                *(openssl, "req", "-x509", "-nodes", "-days", "2", "-subj", f"/CN={name}.test"),
                *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
                *("-addext", f"subjectAltName=IP:127.0.0.1,DNS:{name}.test"),
                *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
                *("-keyout", str(key), "-out", str(certificate)),
            ],
            check=True,
            capture_output=True,
        )
        both = folder / f"{name}.pem"
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        return both

    server, client = signed("server"), signed("client")
    return Certificates(server, client, folder / "client.crt", folder / "client.key")
