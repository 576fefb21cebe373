# SPDX-License-Identifier: Apache-2.0
"""A server on loopback that sends exactly the bytes it is told, whole answers or broken ones."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator

#: Is given the request's head and the connection; sends what it likes, and says whether the
#: connection stays open for another request.
Reply = Callable[[str, socket.socket], bool]


class Wire:
    """What a server was asked. ``port``: where it listens."""

    def __init__(self, reply: Reply, tls: ssl.SSLContext | None = None) -> None:
        self.heads: list[str] = []
        self.connections = 0
        self.open = 0
        self._reply = reply
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]

    @property
    def url(self) -> str:
        """The base URL of an API there."""
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self.port}/audit/v1/"

    def start(self) -> None:
        """Begin to accept."""
        self._socket.settimeout(0.02)
        self._threads[0].start()

    def stop(self) -> None:
        """End every thread."""
        self._stopped.set()
        for thread in list(self._threads):
            thread.join()
        self._socket.close()

    def wait(self, seconds: float) -> bool:
        """Let time pass, but not past the server's end; True when that has come."""
        return self._stopped.wait(seconds)

    def header(self, name: str, number: int = -1) -> str | None:
        """What a request carried."""
        for line in self.heads[number].split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:  # 3.9's socket.timeout is no TimeoutError
                continue
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5.0)
        # A client that goes away, or does not like our certificate, is no fault of the server.
        self.open += 1
        with connection, contextlib.suppress(OSError, ValueError), self._counted():
            if self._tls is None:
                self._converse(connection)
                return
            with self._tls.wrap_socket(connection, server_side=True) as secured:
                self._converse(secured)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.open -= 1

    def _converse(self, connection: socket.socket) -> None:
        while not self._stopped.is_set():
            head = read_head(connection, self._stopped)
            if not head:
                return
            self.heads.append(head)
            if not self._reply(head, connection):
                return


def read_head(connection: socket.socket, stopped: threading.Event) -> str:
    """A request's head, "" when the client has gone or the server ends."""
    connection.settimeout(0.05)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        try:
            byte = connection.recv(1)
        except (TimeoutError, socket.timeout, ssl.SSLWantReadError):
            if stopped.is_set():
                return ""
            continue
        if not byte:
            return ""
        head += byte
    connection.settimeout(5.0)
    return head.decode("latin-1")


@contextlib.contextmanager
def wire(reply: Reply, tls: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """A server until the block ends."""
    server = Wire(reply, tls)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def answer(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def always(reply: bytes, keep: bool = True) -> Reply:
    """Send the same to everybody."""

    def send(_head: str, connection: socket.socket) -> bool:
        connection.sendall(reply)
        return keep

    return send


def reset(connection: socket.socket) -> None:
    """Make the end of the connection a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
