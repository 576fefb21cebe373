# SPDX-License-Identifier: Apache-2.0
"""What a forward host, or whoever answers in its place, may say: greetings, PONGs, acks, noise."""

from __future__ import annotations

import contextlib
import socket
import threading
from random import Random
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.model.errors import ConfigError
from slack_audit_input.sinks.forward.access import Access
from slack_audit_input.sinks.forward.addresses import Address, parse_address
from slack_audit_input.sinks.forward.failures import Failure, Misfit
from slack_audit_input.sinks.forward.handshake import (
    Credentials,
    Greeting,
    Secret,
    check_pong,
    greeting_of,
    ping,
)
from slack_audit_input.sinks.forward.patience import Patience
from slack_audit_input.sinks.forward.sender import Sender
from tests.forward.events import batches, event, events, unpacked
from tests.fuzz.damage import check_words, damaged, fuzzed, hangs, odd_json
from tests.strategies import json_values, sent

pytestmark = hangs

KEY = "k3y-0f-b0th"
CREDENTIALS = Credentials(Secret(KEY), "user", Secret("a password"))


def _nested(depth: int) -> Any:
    inside: Any = []
    for _ in range(depth):
        inside = [inside]
    return inside


values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8)
    | st.sampled_from(["HELO", "PONG", "x" * 3000, _nested(480)])
    | st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=9)),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(
            st.text(max_size=4) | st.integers(0, 5) | st.booleans(), inner, max_size=3
        )
    ),
    max_leaves=8,
)
options = st.fixed_dictionaries(
    {}, optional={"nonce": values, "auth": values, "keepalive": values, "x": values}
)
helos = st.builds(
    lambda o, rest: ["HELO", o, *rest], options | values, st.lists(values, max_size=2)
)
pongs = st.builds(
    lambda accepted, rest: ["PONG", accepted, *rest],
    st.booleans() | values,
    st.lists(values, min_size=2, max_size=4),
)
acks = st.dictionaries(st.sampled_from(["ack", "x"]), values, max_size=2)


@fuzzed
@given(helos | pongs | values)
def test_greetings(message: Any) -> None:
    found = greeting_of(message)
    if found is None:
        return
    sent = ping(found, "me", CREDENTIALS)
    assert KEY not in str(sent) and "a password" not in str(sent)
    assert len(str(sent.message)) < 1000


@fuzzed
@given(pongs | helos | values)
def test_pongs(message: Any) -> None:
    """Whoever does not know the key never passes."""
    sent = ping(Greeting(b"n" * 16, b"salt", True), "me", CREDENTIALS)
    with pytest.raises(Misfit) as caught:
        check_pong(message, sent, CREDENTIALS)
    check_words(caught.value)
    assert KEY not in str(caught.value)


def test_a_refusal_as_deep_as_the_unpacker_takes() -> None:
    sent = ping(Greeting(b"n" * 16, b"salt", True), "me", CREDENTIALS)
    with pytest.raises(Misfit, match="without words"):
        check_pong(["PONG", False, _nested(1020), "", ""], sent, CREDENTIALS)


class Quick(Sender):
    """A sender whose connection is one end of a pair; the other says ``said`` and closes."""

    said = b""

    def _connected(self) -> socket.socket:
        ours, theirs = socket.socketpair()

        def say() -> None:
            with theirs, contextlib.suppress(OSError):
                theirs.sendall(self.said)
                theirs.shutdown(socket.SHUT_WR)
                while theirs.recv(65536):
                    pass

        threading.Thread(target=say, daemon=True).start()
        return ours


def _sender(said: bytes, credentials: Credentials) -> Quick:
    access = Access("me", credentials, connect_timeout=5.0, ack_timeout=5.0)
    sender = Quick(Address("host", 1), access, Patience(lambda: False, Random(1)))
    sender.said = said
    return sender


def _said(*messages: Any) -> bytes:
    return b"".join(msgpack.packb(message, unicode_errors="surrogatepass") for message in messages)


#: Bytes that begin a value of any length: arrays, maps, texts and extensions without an end.
_BEGINNINGS = (
    *(b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff"),
    *(b"\xc6\xff\xff\xff\xff", b"\xc9\xff\xff\xff\xff\x00", b"\x91" * 3000, b"\x81" * 3000),
    *(
        b"\xd6\xff\xff\xff\xff\xff",
        b"\xc7\x0c\xff" + b"\xff" * 12,
        b"\xc1",
        b"\x82\x90\x00\x90\x00",
    ),
)
noise = st.one_of(
    damaged(st.lists(helos | pongs | acks | values, max_size=3).map(lambda said: _said(*said))),
    st.sampled_from(_BEGINNINGS),
    st.builds(lambda a, b: a + b, helos.map(_said), st.sampled_from(_BEGINNINGS)),
)


@fuzzed
@given(noise)
def test_a_handshake_with_anybody(said: bytes) -> None:
    """Somebody without the key is never greeted as a host, whatever is said."""
    sender = _sender(said, CREDENTIALS)
    with pytest.raises(Failure) as caught:
        sender.connect()
    check_words(caught.value)
    assert not sender.connected
    assert KEY not in str(caught.value)


@fuzzed
@given(noise, st.booleans())
def test_acknowledgements(said: bytes, good: bool) -> None:
    """Only a batch's own name acknowledges it."""
    (batch,) = batches().of(events(2))
    sender = _sender(said + (_said({"ack": batch.chunk}) if good else b""), Credentials())
    try:
        sender.connect()
        sender.send(batch, packed=False)
        sender.acknowledge(batch)
    except Failure as error:
        check_words(error)
        assert not sender.connected
    else:
        assert good
    finally:
        sender.close()


def test_an_answer_without_end_is_broken_off() -> None:
    """No more of it is kept than the unpacker's bound."""
    (batch,) = batches().of(events(2))
    sender = _sender(b"\xc6\x00\x01\xff\xff" + b"x" * 5_000_000, Credentials())
    sender.connect()
    sender.send(batch, packed=False)
    with pytest.raises(Failure):
        sender.acknowledge(batch)
    assert not sender.connected


@fuzzed
@given(
    st.text(max_size=30) | st.sampled_from(["[::1]:²", "a:²", "a:99999999", "unix://", "[", "[]:1"])
)
def test_addresses(text: str) -> None:
    with contextlib.suppress(ConfigError):
        found = parse_address(text)
        assert found.path or 0 < found.port < 65536


@fuzzed
@given(
    sent(json_values).map(lambda one: one.raw) | odd_json({"id": "x", "details": {"a": [1, {}]}})
)
def test_entries_travel_whatever_they_are(raw: bytes) -> None:
    """Each is one MessagePack entry, which can be read again."""
    text = raw.decode("utf-8", "surrogateescape")
    (batch,) = batches().of([event(text)])
    ((_, record),) = unpacked(batch.body)
    assert record["collector"]["name"] == "n" or "collector_" in record
