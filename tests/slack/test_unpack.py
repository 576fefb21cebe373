# SPDX-License-Identifier: Apache-2.0
"""Packed bodies: whole ones come out, broken ones are asked for again, bombs do not go off."""

from __future__ import annotations

import contextlib
import gzip
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.model.errors import CallFailed, CollectorError, Retryable
from slack_audit_input.slack import unpack
from slack_audit_input.slack.unpack import TooLarge, inflate


@pytest.fixture(scope="module", params=["as installed", "zlib"], autouse=True)
def unpacker(request: pytest.FixtureRequest) -> Iterator[None]:
    """All of it with what is installed, and with what Splunk's Python has."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "zlib":
            patch.setattr(unpack, "decompressobj", zlib.decompressobj)
        yield


BODY = b'{"entries":[' + b",".join(b'{"id":"%d"}' % i for i in range(300)) + b"]}"


@given(st.binary(), st.lists(st.binary(), max_size=4))
def test_what_was_packed_comes_out(body: bytes, more: list[bytes]) -> None:
    assert inflate(body, "") == inflate(body, "identity") == body
    assert inflate(zlib.compress(body), "deflate") == body
    members = b"".join(map(gzip.compress, [body, *more]))
    assert inflate(members, "gzip") == inflate(members, "x-gzip") == b"".join([body, *more])


def test_nothing_packed_is_nothing() -> None:
    assert inflate(b"", "gzip") == b""


@pytest.mark.parametrize("packed", [gzip.compress(BODY), zlib.compress(BODY)])
def test_cut_at_every_byte_is_asked_for_again(packed: bytes) -> None:
    for length in range(1, len(packed)):
        with pytest.raises(Retryable) as caught:
            inflate(packed[:length], "gzip")
        assert caught.value.kind == "body"


@given(st.binary(min_size=1), st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, gzip"]))
def test_garbage_is_asked_for_again(garbage: bytes, encoding: str) -> None:
    for body in (garbage, gzip.compress(BODY) + garbage):
        try:
            inflate(body, encoding)
        except CallFailed:
            continue


@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_changed_byte_is_noticed(place: int, byte: int) -> None:
    packed = bytearray(gzip.compress(BODY, mtime=0))
    packed[place % len(packed)] = byte
    with contextlib.suppress(CollectorError):
        assert inflate(bytes(packed), "gzip") == BODY  # the header's time, name or system


def test_another_packing_may_pass_and_names_itself() -> None:
    with pytest.raises(Retryable, match="'br'") as caught:
        inflate(BODY, "br")
    assert caught.value.kind == "shape"


@pytest.mark.parametrize("members", [1, 3])
def test_a_bomb_is_stopped_at_the_bound(monkeypatch: pytest.MonkeyPatch, members: int) -> None:
    most = 8 << 20
    monkeypatch.setattr(unpack, "BODY_MOST", most)
    bomb = gzip.compress(bytes(64 << 20)) if members == 1 else gzip.compress(bytes(most // 2)) * 3
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match=f"more than {most} bytes"):
            inflate(bomb, "gzip")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The interpreter joins what it has unpacked, so twice the bound for a moment.
    assert peak < 2.5 * most
    assert inflate(gzip.compress(bytes(most)), "gzip") == bytes(most)


def test_thousands_of_empty_members_cost_no_time() -> None:
    with pytest.raises(Retryable, match="members"):
        inflate(gzip.compress(b"") * 200_000, "gzip")
