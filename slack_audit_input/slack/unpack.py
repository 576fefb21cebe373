# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a body to its text: unpacked within bounds, whatever its characters."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import Any

from slack_audit_input.model.errors import Retryable

#: Makes what unpacks, given zlib's number for the kind of packing.
decompressobj: Callable[[int], Any] = zlib.decompressobj
_damaged: tuple[type[BaseException], ...] = (zlib.error,)
try:
    from isal import isal_zlib
except ImportError:  # the Splunk add-on brings pure Python only
    pass
else:
    # The same in half the time (`make bench`).
    decompressobj = isal_zlib.decompressobj
    # Its stub says that it is an instance.
    _damaged = (zlib.error, isal_zlib.IsalError)  # type: ignore[assignment]

#: A body larger than this, unpacked, is no page: 9,999 entries of 800 bytes are 8 MB, and one
#: entry of 50 MB must pass.
BODY_MOST = 512 * 1024 * 1024
#: Members of one gzip stream: servers send one, and thousands of empty ones are an attack.
MEMBERS_MOST = 1000
#: Bytes unpacked, and bytes given to be unpacked, at a time: what a processor keeps at hand.
_CHUNK = 1 << 17
_PACKED = 1 << 17


class TooLarge(Retryable):
    """A body beyond every bound: fewer entries a page may help."""

    def __init__(self, most: int) -> None:
        super().__init__(f"Slack's answer has more than {most} bytes", "body")


def inflate(body: bytes, encoding: str) -> bytes:
    """The body without its content encoding (gzip, deflate or none).

    Raises Retryable when it is cut or packed otherwise, TooLarge beyond BODY_MOST bytes.
    """
    return b"".join(inflated(body, encoding))


def text_of(body: bytes, encoding: str = "") -> str:
    """The text of a body, whatever its bytes; raises as ``inflate`` does.

    Bytes that are no UTF-8 go through untouched: each becomes a lone surrogate here and the
    same byte again in the sink.
    """
    try:
        text = _decoded(body, encoding, "strict")
    except UnicodeDecodeError:
        text = _decoded(body, encoding, "surrogateescape")
    return text[1:] if text[:1] == "\ufeff" else text


def _decoded(body: bytes, encoding: str, errors: str) -> str:
    text = ""
    for chunk in texts_of(body, encoding, errors):
        # CPython extends a string in place while nobody else holds it.
        text += chunk
    return text


def texts_of(body: bytes, encoding: str, errors: str) -> Iterator[str]:
    """A body's text, some at a time: a page is 8 MB, and need not stand here twice."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    for chunk in inflated(body, encoding):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def inflated(body: bytes, encoding: str) -> Iterator[bytes]:
    """The body unpacked, some at a time; raises as ``inflate`` does."""
    if encoding in ("", "identity"):
        for start in range(0, len(body), _CHUNK):
            yield body[start : start + _CHUNK]
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        # A proxy's doing, and it may pass. When it does not, "shape" ends as a protocol error.
        raise Retryable(f"Slack's answer is packed as {encoding[:40]!r}, not as asked", "shape")
    size = 0
    for chunk in _members(body):
        size += len(chunk)
        if size > BODY_MOST:
            raise TooLarge(BODY_MOST)
        yield chunk


def _members(body: bytes) -> Iterator[bytes]:
    """What all gzip members of ``body`` unpack to."""
    members = 0
    while body:
        body = yield from _member(body)
        members += 1
        if members > MEMBERS_MOST:
            raise Retryable("Slack's answer is damaged (too many gzip members)", "body")


def _member(body: bytes) -> Generator[bytes, None, bytes]:
    """What the first gzip member of ``body`` unpacks to; returns what stands behind it."""
    unpacker = decompressobj(47)  # gzip or zlib, told apart by its header
    for start in range(0, len(body), _PACKED):
        # A little at a time: what is not unpacked at once is copied each time.
        packed = body[start : start + _PACKED]
        while packed and not unpacker.eof:
            try:
                chunk = unpacker.decompress(packed, _CHUNK)
            except _damaged as error:
                raise Retryable(f"Slack's answer is damaged ({error})", "body") from None
            packed = unpacker.unconsumed_tail
            yield chunk
        if unpacker.eof:
            behind: bytes = unpacker.unused_data + body[start + _PACKED :]
            return behind
    raise Retryable("Slack's answer is cut", "body")
