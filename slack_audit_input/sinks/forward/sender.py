# SPDX-License-Identifier: Apache-2.0
"""One connection to one host: batches out, acknowledgements in.

A subclass of fluent-logger's sender with another send path. The original sends single events,
takes "the kernel has it" for delivery, reads and throws away what a host answers, and keeps what
it could not send in a buffer of its own until that overflows (reference section 1). This one keeps
nothing: a batch is acknowledged, or its caller still has it.
"""

from __future__ import annotations

import socket
import ssl
from typing import Any, NoReturn

import msgpack
from fluent.sender import FluentSender

from slack_audit_input.sinks.forward.access import Access
from slack_audit_input.sinks.forward.addresses import Address
from slack_audit_input.sinks.forward.batches import Batch
from slack_audit_input.sinks.forward.failures import Misfit, NotAccepted, Unreachable
from slack_audit_input.sinks.forward.handshake import check_pong, greeting_of, ping
from slack_audit_input.sinks.forward.patience import LOOK_UP, Patience

#: Bytes of an answer that is not complete yet; an acknowledgement has about 40.
_ANSWER_MOST = 65536


class Sender(FluentSender):  # type: ignore[misc]
    """``acknowledged_ever``: has this host acknowledged anything since we began?"""

    def __init__(self, address: Address, access: Access, patience: Patience) -> None:
        super().__init__("", address.host, address.port, timeout=access.connect_timeout)
        self.socket: Any = None  # the base class's own, which has no types
        self.address = address
        self.acknowledged_ever = False
        self._access = access
        self._patience = patience
        self._keepalive = True
        self._answers = _unpacker()

    # -- what the base class would do otherwise --------------------------------------------

    def emit_with_time(self, label: Any, timestamp: Any, data: Any) -> NoReturn:
        """Single events without acknowledgement are not for this sender."""
        raise NotImplementedError("batches only: send() and acknowledge()")

    def close(self) -> None:
        """Close the connection at once; nothing is sent any more."""
        with self.lock:
            self._close()

    def _reconnect(self) -> None:
        """Connect, unless there is a connection that lives. Raises Unreachable or Misfit."""
        if self.socket is not None and self._is_stale():
            self._close()
        if self.socket is not None:
            return
        try:
            self.socket = self._connected()
            self._answers = _unpacker()
            self._keepalive = True
            if self._access.credentials.key:
                self._shake_hands()
        # Ctrl-C too: half a handshake must not be taken for a connection.
        except BaseException:
            self._close()
            raise

    def _send_data(self, bytes_: bytes) -> None:
        view = memoryview(bytes_)
        until = self._patience.now() + self._access.ack_timeout
        while view:
            try:
                view = view[self.socket.send(view) :]
            except (BlockingIOError, socket.timeout, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                # Slow: as long as it takes something within the time-out, it lives.
                self._patience.look_up()
                if self._patience.now() > until:
                    self._fail(f"took nothing more for {self._access.ack_timeout:g} s")
            except OSError as error:
                self._fail(f"broke the connection while a batch was sent ({_words(error)})")
            else:
                until = self._patience.now() + self._access.ack_timeout

    # -- what this one does ----------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Is there a connection, as far as is known?"""
        return self.socket is not None

    def connect(self) -> None:
        """Connect and greet, if need be. Raises Unreachable or Misfit."""
        with self.lock:
            self._reconnect()

    def send(self, batch: Batch, packed: bool) -> None:
        """Hand a batch over. Raises NotAccepted when the host breaks off; then not connected."""
        with self.lock:
            if self.socket is None:
                self._fail("is not connected")
            self.socket.settimeout(LOOK_UP)
            self._send_data(batch.message(packed))

    def acknowledge(self, batch: Batch) -> None:
        """Wait for the acknowledgement of a batch that was sent.

        Raises NotAccepted when there is none in time, or Misfit when the host wants something
        else; then not connected.
        """
        with self.lock:
            timeout = self._access.ack_timeout
            until = self._patience.now() + timeout
            while True:
                message = self._answer(until)
                if message is None:
                    self._fail(f"did not acknowledge a batch of {len(batch)} within {timeout:g} s")
                if isinstance(message, dict):
                    # Of another chunk: none of ours is under way beside this one.
                    if message.get("ack") in (batch.chunk, batch.chunk.encode()):
                        break
                    continue
                self._close()
                if greeting_of(message) is not None:
                    raise Misfit(
                        f"{self.address} wants a shared key: give --forward-shared-key-file"
                    )
                raise Misfit(f"{self.address} answers, but not as the forward protocol does")
            self.acknowledged_ever = True
            if not self._keepalive:
                # The host said that it closes after each answer.
                self._close()

    # -- connecting ------------------------------------------------------------------------

    def _connected(self) -> socket.socket:
        timeout = self._access.connect_timeout
        path = self.address.path
        try:
            if path:
                found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                try:
                    found.settimeout(timeout)
                    found.connect(path)
                # Ctrl-C too: nobody else knows of this socket yet.
                except BaseException:
                    found.close()
                    raise
            else:
                # All addresses of the name in turn, IPv6 and IPv4.
                found = socket.create_connection((self.address.host, self.address.port), timeout)
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        # UnicodeError: a name that cannot be one.
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"{self.address} cannot be reached ({_words(error)})") from None
        return self._encrypted(found) if self._access.tls else found

    def _encrypted(self, plain: socket.socket) -> socket.socket:
        assert self._access.tls is not None
        try:
            return self._access.tls.wrap_socket(
                plain, server_hostname=self._access.server_name or self.address.host
            )
        except ssl.SSLCertVerificationError as error:
            plain.close()
            raise Misfit(
                f"the certificate of {self.address} is not accepted ({error.verify_message}): see "
                "--forward-ca-file and --forward-server-name"
            ) from None
        except ssl.SSLError as error:
            plain.close()
            raise Misfit(
                f"{self.address} fails at TLS ({error.reason or 'no TLS there'}): does it speak "
                "TLS, and does it want a client certificate?"
            ) from None
        except OSError as error:
            plain.close()
            raise Unreachable(
                f"{self.address} broke off the TLS handshake ({_words(error)})"
            ) from None

    def _shake_hands(self) -> None:
        credentials = self._access.credentials
        greeting = greeting_of(self._said("HELO"))
        if greeting is None:
            raise Misfit(f"{self.address} answers, but not as the forward protocol does")
        if not greeting.nonce:
            raise Misfit(f"{self.address} greets without a nonce")
        sent = ping(greeting, self._access.name, credentials)
        try:
            self.socket.sendall(msgpack.packb(sent.message))
        except OSError as error:
            raise Unreachable(f"{self.address} broke off the handshake ({_words(error)})") from None
        try:
            check_pong(self._said("PONG"), sent, credentials)
        except Misfit as error:
            raise Misfit(f"{self.address} {error}") from None
        self._keepalive = greeting.keepalive

    def _said(self, what: str) -> Any:
        """The next message of a handshake."""
        try:
            message = self._answer(self._patience.now() + self._access.connect_timeout)
        except NotAccepted as error:
            # Fluent Bit just closes on a wrong key (reference section 3); so does one that dies.
            hint = " Is the shared key right?" if what == "PONG" else ""
            raise Unreachable(f"in the handshake: {error}{hint}") from None
        if message is None:
            raise Misfit(
                f"{self.address} sends no {what}: has it a shared_key at all, and does it speak "
                "TLS where we do?"
            )
        return message

    def _is_stale(self) -> bool:
        """Has the host closed while nothing was under way?"""
        try:
            self.socket.settimeout(0.0)
            return not self.socket.recv(_ANSWER_MOST)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError:
            return True

    # -- reading ---------------------------------------------------------------------------

    def _answer(self, until: float) -> Any:
        """The next message, or None when there is none by ``until``. Raises NotAccepted."""
        while True:
            try:
                return self._answers.unpack()
            except msgpack.OutOfData:
                pass
            # Foreign bytes: what is no MessagePack, or far too much of it, fails in many ways.
            except (ValueError, TypeError, RecursionError):
                self._close()
                raise Misfit(
                    f"{self.address} answers, but not as the forward protocol does"
                ) from None
            self._patience.look_up()
            left = until - self._patience.now()
            if left <= 0:
                return None
            try:
                self.socket.settimeout(min(left, LOOK_UP))
                data = self.socket.recv(_ANSWER_MOST)
            except (BlockingIOError, socket.timeout, ssl.SSLWantReadError):
                continue
            except OSError as error:
                self._fail(f"broke the connection ({_words(error)})")
            if not data:
                self._fail("closed the connection without an acknowledgement")
            try:
                self._answers.feed(data)
            except msgpack.BufferFull:
                self._fail("answers without end")

    def _fail(self, words: str) -> NoReturn:
        self._close()
        hint = ""
        if not (self.acknowledged_ever or self._access.tls or self.address.path):
            hint = ". It has acknowledged nothing so far: does it want TLS?"
        raise NotAccepted(f"{self.address} {words}{hint}")


def _unpacker() -> Any:
    return msgpack.Unpacker(
        raw=False,
        # Fluent Bit's nonce is text that is none.
        unicode_errors="surrogateescape",
        strict_map_key=False,
        max_buffer_size=2 * _ANSWER_MOST,
    )


def _words(error: OSError | UnicodeError) -> str:
    if isinstance(error, socket.timeout):
        return "no answer in time"
    return getattr(error, "strerror", None) or type(error).__name__
