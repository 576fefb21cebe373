# SPDX-License-Identifier: Apache-2.0
"""From an answer's bytes to a Page: parsed once, entry by entry, each with its own text.

The C scanner gives an entry's object and where it ends. The object serves id, second, action
and the filters and is dropped at once; the slice of text is what the host gets. That costs
half of ``json.loads`` over the whole page and a third of loads + dumps (`make bench`), and
keeps one object at a time in memory instead of ten thousand.
"""

from __future__ import annotations

import json
import re
import sys
import zlib
from array import array
from collections.abc import Callable
from hashlib import blake2b
from itertools import repeat
from operator import add, ge, mod, mul
from typing import Any

from slack_audit_input.model.errors import Retryable
from slack_audit_input.model.event import Event, Page
from slack_audit_input.slack.classify import raise_not_ok
from slack_audit_input.slack.scan import one_line, scan_hard

#: A body larger than this, unpacked, is no page: 9,999 entries of 800 bytes are 8 MB, and one
#: entry of 50 MB must pass.
BODY_MOST = 512 * 1024 * 1024
#: Members of one gzip stream: servers send one, and thousands of empty ones are an attack.
MEMBERS_MOST = 1000
#: Seconds beyond this are no date: the year 4000.
SECOND_MOST = 64_060_588_800

#: The C scanner itself: (text, position) -> (value, end). typeshed does not know it.
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(strict=False).scan_once  # type: ignore[attr-defined]
_skip = re.compile(r"[ \t\n\r]*").match
_NOT_HEX = str.maketrans("", "", "-")
#: Far from any pattern in an id: 2 to the power of 64, divided by the golden ratio.
_SPREAD = 0x9E3779B97F4A7C15
#: The largest prime below 2 to the power of 64.
_PRIME = (1 << 64) - 59


class TooLarge(Retryable):
    """A body beyond every bound: fewer entries a page may help."""

    def __init__(self, most: int) -> None:
        super().__init__(f"Slack's answer has more than {most} bytes", "body")


def inflate(body: bytes, encoding: str) -> bytes:
    """The body without its content encoding (gzip, deflate or none).

    Raises Retryable when it is cut or packed otherwise, TooLarge beyond BODY_MOST bytes.
    """
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        # A proxy's doing, and it may pass. When it does not, "shape" ends as a protocol error.
        raise Retryable(f"Slack's answer is packed as {encoding[:40]!r}, not as asked", "shape")
    out: list[bytes] = []
    size = 0
    while body:
        unpacker = zlib.decompressobj(47)  # gzip or zlib, told apart by its header
        try:
            out.append(unpacker.decompress(body, BODY_MOST - size + 1))
        except zlib.error as error:
            raise Retryable(f"Slack's answer is damaged ({error})", "body") from None
        size += len(out[-1])
        if size > BODY_MOST:
            raise TooLarge(BODY_MOST)
        if not unpacker.eof:
            raise Retryable("Slack's answer is cut", "body")
        if len(out) > MEMBERS_MOST:
            raise Retryable("Slack's answer is damaged (too many gzip members)", "body")
        body = unpacker.unused_data
    return out[0] if len(out) == 1 else b"".join(out)


def decode_page(
    body: bytes,
    window_end: int,
    accept: Callable[[dict[str, Any]], bool] | None = None,
    cursor: bool = False,
) -> Page:
    """The page that ``body`` (unpacked) holds.

    ``window_end``: the second that entries without a date are given. ``accept``: the local
    filters, over an entry's object; None takes all. ``cursor``: the request had one.
    Raises Retryable for bodies that are empty, cut, HTML or of another shape, and whatever
    ``{"ok": false}`` stands for, entries or not: an error's empty list is no end of a window.
    """
    try:
        text = body.decode("utf-8-sig" if body.startswith(b"\xef\xbb\xbf") else "utf-8")
    except UnicodeDecodeError:
        # Bytes that are no UTF-8 go through untouched: each becomes a lone surrogate here and
        # the same byte again in the sink.
        text = body.decode("utf-8", "surrogateescape")
    entries = _Entries(window_end, accept)
    try:
        fields = _envelope(text, entries)
    except (ValueError, StopIteration, IndexError, RecursionError) as error:
        shown = "empty" if not text.strip() else "cut or not JSON"
        if text.lstrip()[:1] == "<":
            shown = "HTML"
        raise Retryable(
            f"Slack's answer is {shown} ({len(body)} bytes, {type(error).__name__})", "body"
        ) from None
    if not entries.found or fields.get("ok") is False or fields.get("error"):
        raise_not_ok(fields, body, cursor)
    if "entries" in fields:
        raise Retryable("Slack's answer holds two lists of entries", "shape")
    next_cursor, stated = _next_cursor(fields)
    return entries.page(next_cursor, stated)


def keys_of(ids: list[str]) -> list[int]:
    """64 bits for each id: the two halves of a UUID folded together, or a hash of anything else.

    Both halves count, because in some UUID versions one of them is nearly constant. They are
    folded as ``first * _SPREAD + second`` modulo a prime: with a plain xor, ids whose halves
    are equal (1111…, 2222…) would all have the key 0. All ids of a page are converted in one
    go, and only if every one is a canonical lower-case UUID.
    """
    joined = "".join(ids)
    if ids and set(map(len, ids)) == {36} and joined == joined.lower():
        dashes = "-" * len(ids)
        bare = joined.translate(_NOT_HEX)
        if len(bare) == 32 * len(ids) and all(joined[i::36] == dashes for i in (8, 13, 18, 23)):
            try:
                raw = bytes.fromhex(bare)
            except ValueError:
                raw = b""
            # fromhex passes over blanks, and a blank is not a digit.
            if len(raw) == 16 * len(ids):
                halves = array("Q", raw)
                if sys.byteorder == "big":  # states go from machine to machine
                    halves.byteswap()
                spread = map(mul, halves[0::2], repeat(_SPREAD))
                return list(map(mod, map(add, spread, halves[1::2]), repeat(_PRIME)))
    if len(ids) > 1:
        return [keys_of([one])[0] for one in ids]
    return [hash_of(one) for one in ids]


def hash_of(text: str) -> int:
    """64 bits of BLAKE2b over any text, lone surrogates included."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def second_of(value: Any) -> int | None:
    """``date_create`` as whole unix seconds, or None where it is no usable date."""
    if (type(value) is float and 0 <= value < SECOND_MOST) or (
        type(value) is str and value.isascii() and value.isdigit() and len(value) < 12
    ):
        value = int(value)
    if type(value) is int and 0 <= value < SECOND_MOST:
        return value
    return None


class _Entries:
    """The entries of one page, gathered column by column: cheaper than object by object."""

    def __init__(self, window_end: int, accept: Callable[[dict[str, Any]], bool] | None) -> None:
        self.found = False
        self._window_end = window_end
        self._accept = accept
        self._texts: list[str] = []
        self._ids: list[str] = []
        self._seconds: list[int] = []
        self._dates: list[int] = []  # of all dated entries, filtered away or not
        self._actions: set[str] = set()
        self._undated: list[Event] = []
        self._count = 0
        self._odd = 0
        self._oddly: list[tuple[int, int, int]] = []  # (place, second, key): dated, no id

    # One loop in one piece: a call more for each entry costs about 3 % of a backfill.
    def read(self, text: str, position: int) -> int:  # noqa: C901, PLR0912
        """Read the list whose first element (or end) is at ``position``; returns what follows."""
        self.found = True
        position = _skip(text, position).end()  # type: ignore[union-attr]
        if text[position] == "]":
            return position + 1
        breaks = "\n" in text or "\r" in text
        texts, ids, seconds, dates = self._texts, self._ids, self._seconds, self._dates
        accept, actions = self._accept, self._actions
        while True:
            try:
                entry, end = _scan(text, position)
            except (RecursionError, ValueError):
                entry, end = scan_hard(text, position)
            self._count += 1
            if type(entry) is dict:
                name = entry.get("id")
                second = entry.get("date_create")
                action = entry.get("action")
                if type(action) is str:
                    actions.add(action)
                if type(name) is str and name and type(second) is int and 0 <= second < SECOND_MOST:
                    dates.append(second)
                    if accept is None or accept(entry):
                        ids.append(name)
                        seconds.append(second)
                        raw = text[position:end]
                        texts.append(one_line(raw) if breaks else raw)
                elif accept is None or accept(entry):
                    self._strange(one_line(text[position:end]), name, second)
                else:
                    self._date(second)
            elif accept is None or accept({}):
                self._strange(one_line(text[position:end]), None, None)
            if text[end] != ",":
                end = _skip(text, end).end()  # type: ignore[union-attr]
                if text[end] == "]":
                    return end + 1
                if text[end] != ",":
                    raise ValueError("no comma between two entries")
            position = end + 1
            if text[position] != "{":
                position = _skip(text, position).end()  # type: ignore[union-attr]

    def _date(self, value: Any) -> int | None:
        second = second_of(value)
        if second is not None:
            self._dates.append(second)
        return second

    def _strange(self, raw: str, name: Any, value: Any) -> None:
        """An entry without a usable id or date, or no object at all: delivered all the same.

        Its key is its id where it has one, else a hash of its text.
        """
        self._odd += 1
        second = self._date(value)
        usable = type(name) is str and name
        key = keys_of([name])[0] if usable else hash_of(raw)
        if second is None:
            self._undated.append(Event(self._window_end, key, raw))
        else:
            self._oddly.append((len(self._texts), second, key))
            self._texts.append(raw)
            self._seconds.append(second)

    def page(self, next_cursor: str, stated: bool) -> Page:
        keys = keys_of(self._ids)
        for place, _second, key in self._oddly:
            keys.insert(place, key)
        dates = self._dates
        return Page(
            events=list(map(Event._make, zip(self._seconds, keys, self._texts))),
            undated=self._undated,
            entries=self._count,
            newest=max(dates) if dates else None,
            oldest=min(dates) if dates else None,
            ordered=all(map(ge, dates, dates[1:])),
            next_cursor=next_cursor,
            end_stated=stated,
            actions=frozenset(self._actions),
            odd=self._odd,
        )


def _envelope(text: str, entries: _Entries) -> dict[str, Any]:
    """Walk the outermost object; ``entries`` reads its list, every other key is returned."""
    fields: dict[str, Any] = {}
    position = _skip(text, 0).end()  # type: ignore[union-attr]
    if text[position] != "{":
        raise ValueError("no object")
    position = _skip(text, position + 1).end()  # type: ignore[union-attr]
    while text[position] != "}":
        if text[position] != '"':
            raise ValueError("no key")
        key, position = _scan(text, position)
        position = _skip(text, position).end()  # type: ignore[union-attr]
        if text[position] != ":":
            raise ValueError("no colon")
        position = _skip(text, position + 1).end()  # type: ignore[union-attr]
        if key == "entries" and text[position] == "[" and not entries.found:
            position = entries.read(text, position + 1)
        else:
            try:
                fields[key], position = _scan(text, position)
            except (RecursionError, ValueError):
                fields[key], position = scan_hard(text, position)
        position = _skip(text, position).end()  # type: ignore[union-attr]
        if text[position] == ",":
            position = _skip(text, position + 1).end()  # type: ignore[union-attr]
        elif text[position] != "}":
            raise ValueError("no comma")
    if _skip(text, position + 1).end() != len(text):  # type: ignore[union-attr]
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
