# SPDX-License-Identifier: Apache-2.0
"""TLS before a server on loopback: UCC's page opens sign-in pages over https only."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.splunkd.places import absent


class Certificate(NamedTuple):
    """For 127.0.0.1, signed by itself."""

    path: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """A server's."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key)
        return context


def certificate(folder: Path) -> Certificate:
    """The one in a folder, made with openssl if there is none yet."""
    openssl = shutil.which("openssl")
    if openssl is None:
        absent("openssl", "apt-get install openssl")
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    folder.mkdir(parents=True, exist_ok=True)
    if not made.path.exists():
        subprocess.run(
            [
                *(str(openssl), "req", "-x509", "-nodes", "-days", "3650", "-subj", "/CN=emulated"),
                *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
                *("-addext", "subjectAltName=IP:127.0.0.1"),
                *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
                *("-keyout", str(made.key), "-out", str(made.path)),
            ],
            check=True,
            capture_output=True,
        )
    return made


@contextlib.contextmanager
def tls_before(port: int, made: Certificate, own_port: int = 0) -> Iterator[int]:
    """Serve what a port of this machine serves, with TLS; the port of that."""
    context = made.context()
    server = socket.create_server(("127.0.0.1", own_port))
    over = threading.Event()

    def serve(plain: socket.socket) -> None:
        with contextlib.suppress(OSError), plain:
            plain.settimeout(20)
            with (
                context.wrap_socket(plain, server_side=True) as near,
                socket.create_connection(("127.0.0.1", port)) as far,
            ):
                back = threading.Thread(target=_pump, args=(far, near), daemon=True)
                back.start()
                _pump(near, far)
                back.join(20)

    def accept() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                plain, _ = server.accept()
                threading.Thread(target=serve, args=(plain,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        over.set()
        # A thread that waits in accept() does not notice that its socket was closed.
        with contextlib.suppress(OSError):
            socket.create_connection(server.getsockname()).close()
        server.close()
        thread.join(5)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
