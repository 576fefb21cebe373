# SPDX-License-Identifier: Apache-2.0
"""From an answer's bytes to a Page: parsed once, entry by entry, each with its own text.

The C scanner gives an entry's object and where it ends. The object serves id, second, action
and the filters and is dropped at once; the slice of text is what the host gets. That costs
less than ``json.loads`` over the whole page and far less than loads + dumps (`make bench`), and
keeps one object at a time in memory instead of ten thousand.
"""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from slack_audit_input.model.errors import Retryable
from slack_audit_input.model.event import Page
from slack_audit_input.slack.classify import raise_not_ok
from slack_audit_input.slack.entries import Entries, scan, skip
from slack_audit_input.slack.scan import scan_hard

#: A body larger than this, unpacked, is no page: 9,999 entries of 800 bytes are 8 MB, and one
#: entry of 50 MB must pass.
BODY_MOST = 512 * 1024 * 1024
#: Members of one gzip stream: servers send one, and thousands of empty ones are an attack.
MEMBERS_MOST = 1000


#: Unpacked at a time.
_CHUNK = 1 << 20


class TooLarge(Retryable):
    """A body beyond every bound: fewer entries a page may help."""

    def __init__(self, most: int) -> None:
        super().__init__(f"Slack's answer has more than {most} bytes", "body")


def inflate(body: bytes, encoding: str) -> bytes:
    """The body without its content encoding (gzip, deflate or none).

    Raises Retryable when it is cut or packed otherwise, TooLarge beyond BODY_MOST bytes.
    """
    return b"".join(_inflated(body, encoding))


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
    if encoding in ("", "identity"):
        return body.decode("utf-8", errors)
    # A megabyte at a time: a page is 8 MB, and need not stand here as bytes and as text.
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    text = ""
    for chunk in _inflated(body, encoding):
        # CPython extends a string in place while nobody else holds it.
        text += decoder.decode(chunk)
    return text + decoder.decode(b"", final=True)


def _inflated(body: bytes, encoding: str) -> Iterator[bytes]:
    if encoding in ("", "identity"):
        yield body
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        # A proxy's doing, and it may pass. When it does not, "shape" ends as a protocol error.
        raise Retryable(f"Slack's answer is packed as {encoding[:40]!r}, not as asked", "shape")
    size = members = 0
    while body:
        unpacker = zlib.decompressobj(47)  # gzip or zlib, told apart by its header
        while not unpacker.eof:
            try:
                chunk = unpacker.decompress(body, _CHUNK)
            except zlib.error as error:
                raise Retryable(f"Slack's answer is damaged ({error})", "body") from None
            body = unpacker.unconsumed_tail
            size += len(chunk)
            if size > BODY_MOST:
                raise TooLarge(BODY_MOST)
            if not chunk and not unpacker.eof:
                raise Retryable("Slack's answer is cut", "body")
            yield chunk
        members += 1
        if members > MEMBERS_MOST:
            raise Retryable("Slack's answer is damaged (too many gzip members)", "body")
        body = unpacker.unused_data


def decode_page(
    body: bytes,
    window_end: int,
    accept: Callable[[dict[str, Any]], bool] | None = None,
    cursor: bool = False,
) -> Page:
    """The page that ``body`` (unpacked) holds; see ``decode_text``."""
    return decode_text(text_of(body), window_end, accept, cursor)


def decode_text(
    text: str,
    window_end: int,
    accept: Callable[[dict[str, Any]], bool] | None = None,
    cursor: bool = False,
) -> Page:
    """The page that ``text`` holds.

    ``window_end``: the second that entries without a date are given. ``accept``: the local
    filters, over an entry's object; None takes all. ``cursor``: the request had one.
    Raises Retryable for bodies that are empty, cut, HTML or of another shape, and whatever
    ``{"ok": false}`` stands for, entries or not: an error's empty list is no end of a window.
    """
    entries = Entries(window_end, accept)
    try:
        fields = _envelope(text, entries)
    except (ValueError, StopIteration, IndexError, RecursionError) as error:
        shown = "empty" if not text.strip() else "cut or not JSON"
        if text.lstrip()[:1] == "<":
            shown = "HTML"
        raise Retryable(
            f"Slack's answer is {shown} ({len(text)} characters, {type(error).__name__})", "body"
        ) from None
    if not entries.found or fields.get("ok") is False or fields.get("error"):
        raise_not_ok(fields, text[:65536].encode("utf-8", "surrogateescape"), cursor)
    if "entries" in fields:
        raise Retryable("Slack's answer holds two lists of entries", "shape")
    next_cursor, stated = _next_cursor(fields)
    return entries.page(next_cursor, stated)


def _envelope(text: str, entries: Entries) -> dict[str, Any]:
    """Walk the outermost object; ``entries`` reads its list, every other key is returned."""
    fields: dict[str, Any] = {}
    position = skip(text, 0)
    if text[position] != "{":
        raise ValueError("no object")
    position = skip(text, position + 1)
    while text[position] != "}":
        if text[position] != '"':
            raise ValueError("no key")
        key, position = scan(text, position)
        position = skip(text, position)
        if text[position] != ":":
            raise ValueError("no colon")
        position = skip(text, position + 1)
        if key == "entries" and text[position] == "[" and not entries.found:
            position = entries.read(text, position + 1)
        else:
            try:
                fields[key], position = scan(text, position)
            except (RecursionError, ValueError):
                fields[key], position = scan_hard(text, position)
        position = skip(text, position)
        if text[position] == ",":
            position = skip(text, position + 1)
        elif text[position] != "}":
            raise ValueError("no comma")
    if skip(text, position + 1) != len(text):
        raise ValueError("more than one value")
    return fields


def _next_cursor(fields: dict[str, Any]) -> tuple[str, bool]:
    """The cursor, "" when there is none, and whether Slack said so by sending "".

    Clients have seen "", null, a missing key and missing metadata (reference section 4.1).
    """
    metadata = fields.get("response_metadata")
    if metadata is None or metadata == []:  # an empty map, as PHP may write it
        return "", False
    if not isinstance(metadata, dict):
        raise Retryable("Slack's response_metadata is no object", "shape")
    cursor = metadata.get("next_cursor")
    if cursor is None:
        return "", False
    if type(cursor) is not str:
        raise Retryable("Slack's next_cursor is no text", "shape")
    return cursor, cursor == ""
