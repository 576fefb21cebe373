# SPDX-License-Identifier: Apache-2.0
"""A forward host for tests, a process of its own: ``python -m tests.receivers.receiver …``.

It writes what it gets to a file, waits for the disk, and only then acknowledges, so that a
``kill -9`` at any moment can only lose what it has not acknowledged. One line of the file is one
record: ``[chunk, tag, time, record]``. It says where it listens in a line of JSON on stdout.

``--fault`` makes it misbehave, on each connection or as ``--chance`` has it: see FAULTS.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import random
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack

FAULTS = {
    "withhold": "never acknowledge",
    "wrong": "acknowledge another chunk",
    "late": "acknowledge after --delay seconds",
    "midway": "close before the batch is whole",
    "unacked": "write the batch, then close without an acknowledgement",
    "slow": "read a little at a time, --delay seconds between",
    "hole": "accept the connection and never read",
    "refuse": "refuse the handshake",
    "rubbish": "answer with something else",
}


class Writer:
    """The file: whole batches, on the disk before ``add`` returns."""

    def __init__(self, path: str | None, sync: bool) -> None:
        self._descriptor = (
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if path else -1
        )
        # A life that was killed may have left half a line: what is acknowledged comes after it.
        if path and Path(path).stat().st_size:
            os.write(self._descriptor, b"\n")
        self._sync = sync
        self._lock = threading.Lock()

    def add(self, chunk: str, tag: str, entries: list[Any]) -> None:
        """Write the entries."""
        if self._descriptor < 0:
            return
        lines = "".join(
            json.dumps([chunk, tag, _time(entry[0]), entry[1]]) + "\n" for entry in entries
        )
        with self._lock:
            view = memoryview(lines.encode())
            while view:
                view = view[os.write(self._descriptor, view) :]
            if self._sync:
                os.fsync(self._descriptor)


def _time(value: Any) -> Any:
    if isinstance(value, msgpack.ExtType):
        assert (value.code, len(value.data)) == (0, 8)
        return [int.from_bytes(value.data[:4], "big"), int.from_bytes(value.data[4:], "big")]
    return value


class Receiver:
    """Serves connections, each in a thread."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.random = random.Random(given.seed)
        self.writer = Writer(given.out, not given.no_sync)
        self.batches = 0

    def serve(self, connection: socket.socket) -> None:
        """One connection, to its end."""
        given = self.given
        fault = given.fault if self.random.random() < given.chance else ""
        try:
            with connection:
                if fault == "hole":
                    time.sleep(3600)
                unpacker = msgpack.Unpacker(
                    raw=False, max_buffer_size=given.most, strict_map_key=False
                )
                read = self._reader(connection, unpacker, fault)
                if given.shared_key and not self._greet(connection, read, fault):
                    return
                while (message := read()) is not None:
                    if not self._take(connection, message, fault):
                        return
                    if given.skim and not isinstance(message[1], bytes):
                        _skim(connection, unpacker)
        except (OSError, ValueError, msgpack.BufferFull) as error:
            sys.stderr.write(f"connection ended: {type(error).__name__} {error}\n")

    def _reader(self, connection: socket.socket, unpacker: Any, fault: str) -> Callable[[], Any]:
        def read() -> Any:
            while True:
                try:
                    return unpacker.unpack()
                except msgpack.OutOfData:
                    pass
                size = 4096 if fault in ("slow", "midway") else 1 << 18
                data = connection.recv(size)
                if not data or (fault == "midway" and self.random.random() < 0.1):
                    return None
                if fault == "slow":
                    time.sleep(self.given.delay)
                unpacker.feed(data)

        return read

    def _greet(self, connection: socket.socket, read: Callable[[], Any], fault: str) -> bool:
        given = self.given
        nonce, auth = secrets.token_bytes(16), secrets.token_bytes(16) if given.user else b""
        options: dict[str, Any] = {"nonce": nonce, "auth": auth}
        if given.style == "fluentd":
            options["keepalive"] = not given.no_keepalive
        else:
            # As Fluent Bit: text that is none, and no word of keepalive.
            options = {
                name: value.decode("utf-8", "surrogateescape") for name, value in options.items()
            }
        connection.sendall(msgpack.packb(["HELO", options], unicode_errors="surrogateescape"))
        ping = read()
        if ping is None:
            return False
        _, name, salt, proof, user, password = ping
        key = given.shared_key.encode()
        problem = ""
        if not isinstance(salt, str):
            problem = "Invalid shared_key_salt type"
        elif proof != _digest(salt.encode(), name.encode(), nonce, key):
            if given.style != "fluentd":
                return False
            problem = "shared_key mismatch"
        elif given.user:
            wanted_user, wanted_password = given.user.split(":")
            digest = _digest(auth, wanted_user.encode(), wanted_password.encode())
            if (user, password) != (wanted_user, digest):
                problem = "username/password mismatch"
        if fault == "refuse":
            problem = "not today"
        mine = given.name or "receiver"
        answer = "" if problem else _digest(salt.encode(), mine.encode(), nonce, key)
        connection.sendall(msgpack.packb(["PONG", not problem, problem, mine, answer]))
        return not problem

    def _take(self, connection: socket.socket, message: Any, fault: str) -> bool:
        """One batch; False when the connection is to be closed."""
        given = self.given
        if not isinstance(message[1], bytes):
            # Message mode, as fluent-logger sends: nothing to acknowledge.
            self.batches += 1
            self.writer.add("", message[0], [message[1:3]])
            return True
        tag, body, option = message
        if option.get("compressed") == "gzip":
            body = gzip.decompress(body)
        if given.close_above and len(body) > given.close_above:
            return False
        entries = _entries(body, option["size"], given.skim)
        if given.poison and any(given.poison in str(entry[1].get("id")) for entry in entries):
            return False
        chunk = option["chunk"]
        self.batches += 1
        self.writer.add(chunk, tag, entries)
        if fault == "unacked":
            return False
        if fault == "late":
            time.sleep(given.delay)
        if fault == "rubbish":
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return False
        if fault != "withhold":
            connection.sendall(msgpack.packb({"ack": "other" if fault == "wrong" else chunk}))
        return not (given.no_keepalive and given.style == "fluentd")


def _skim(connection: socket.socket, unpacker: Any) -> None:
    """Step over messages of one event each, to the connection's end."""
    while True:
        try:
            while True:
                unpacker.skip()
        except msgpack.OutOfData:
            pass
        data = connection.recv(1 << 18)
        if not data:
            return
        unpacker.feed(data)


def _entries(body: bytes, count: int, skim: bool) -> list[Any]:
    """What is in a body; with ``skim`` only stepped over. Raises if it is not ``count`` entries."""
    unpacker = msgpack.Unpacker(raw=False, max_buffer_size=len(body), strict_map_key=False)
    unpacker.feed(body)
    if not skim:
        entries = list(unpacker)
        assert len(entries) == count
        return entries
    for _ in range(count):
        unpacker.skip()
    assert unpacker.tell() == len(body)
    return []


def _digest(*parts: bytes) -> str:
    return hashlib.sha512(b"".join(parts)).hexdigest()


def main() -> None:
    """Listen until killed."""
    parser = argparse.ArgumentParser(
        epilog="; ".join(f"{name}: {words}" for name, words in FAULTS.items())
    )
    parser.add_argument("--out", help="file for the records; without, they are only decoded")
    parser.add_argument("--no-sync", action="store_true", help="do not wait for the disk")
    parser.add_argument("--skim", action="store_true", help="only step over records")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--unix", help="listen on this path instead")
    parser.add_argument("--fault", choices=FAULTS, default="")
    parser.add_argument("--chance", type=float, default=1.0, help="of a connection to have it")
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--poison", default="", help="close on a batch with this in an id")
    parser.add_argument("--close-above", type=int, default=0, help="close on more bytes")
    parser.add_argument("--most", type=int, default=1 << 26)
    parser.add_argument("--shared-key", default="")
    parser.add_argument("--user", default="", help="name:password")
    parser.add_argument("--name", default="")
    parser.add_argument("--style", choices=("fluentd", "fluent-bit"), default="fluentd")
    parser.add_argument("--no-keepalive", action="store_true")
    parser.add_argument("--cert", type=Path, help="TLS with this certificate and key")
    parser.add_argument("--client-ca", type=Path, help="want a client certificate of this CA")
    given = parser.parse_args()
    listener = _listener(given)
    context = _tls(given)
    receiver = Receiver(given)
    where = given.unix or listener.getsockname()[1]
    print(json.dumps({"port": where, "pid": os.getpid()}), flush=True)  # noqa: T201
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(receiver, connection, context), daemon=True).start()


def _listener(given: argparse.Namespace) -> socket.socket:
    if given.unix:
        Path(given.unix).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(given.unix)
        listener.listen()
        return listener
    family = socket.AF_INET6 if ":" in given.host else socket.AF_INET
    return socket.create_server((given.host, given.port), family=family)


def _tls(given: argparse.Namespace) -> Any:
    if given.cert is None:
        return None
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given.cert)
    if given.client_ca is not None:
        context.load_verify_locations(given.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _serve(receiver: Receiver, connection: socket.socket, context: Any) -> None:
    try:
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
    except OSError as error:
        sys.stderr.write(f"no TLS: {error}\n")
        connection.close()
        return
    receiver.serve(connection)


if __name__ == "__main__":
    main()
