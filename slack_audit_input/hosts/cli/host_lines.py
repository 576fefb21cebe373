# SPDX-License-Identifier: Apache-2.0
"""What a host holds, from a file of its own: every line becomes the keys of its entry.

Understood, each also packed with gzip: lines of this collector (raw or ECS), Slack's entries one
a line, Splunk's exports (CSV, or one JSON object a line) with `_raw`, `id` or `event_id`, and
plain lists of ids.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

from slack_audit_input.slack.keys import hash_of, keys_of

#: Characters of one field of a CSV: Splunk's TRUNCATE in our props is 999,999.
_FIELD = 1 << 26
_SCAN = json.JSONDecoder(strict=False)
#: What stands between our two keys and the entry in a raw line; see ``sinks.lines``.
_MARK = ',"collector":'
#: Columns of an export that hold an id; `event_id` is what the add-on calls it beside `id`.
_IDS = ("id", "event_id")


class Line(NamedTuple):
    """One line or row: the ``keys`` that may stand for its entry; none: it holds no entry."""

    keys: tuple[int, ...]


class Bytes(io.RawIOBase):
    """A file's bytes on their way through: how many, and their SHA-256."""

    def __init__(self, file: BinaryIO) -> None:
        self.count = 0
        self.sha256 = hashlib.sha256()
        self._file = file

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """As a file does."""
        block = self._file.read(len(buffer))
        self.count += len(block)
        self.sha256.update(block)
        buffer[: len(block)] = block
        return len(block)


def lines_of(file: Bytes) -> Iterator[Line]:
    """Every line of a file. Raises OSError, EOFError or zlib.error for a damaged gzip."""
    plain = io.BufferedReader(file, 1 << 18)
    # A gzip may hold several members, as rotated logs that were appended do.
    packed = plain.peek(2)[:2] == b"\x1f\x8b"
    stream = gzip.GzipFile(fileobj=plain) if packed else plain
    # Bytes that are no UTF-8 become what the collector made of them: its keys are the same.
    text = io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline="\n")
    first = ""
    for first in text:
        if first.strip():
            break
    if not first.strip():
        return
    columns = _columns(first)
    if columns:
        yield from _rows(text, columns)
        return
    keys = _keys_of_json if first.lstrip()[:1] in ("{", "[") else _keys_of_id
    yield Line(keys(first))
    for line in text:
        if not line.isspace():
            yield Line(keys(line))


def _columns(first: str) -> list[str]:
    """The columns of a CSV that an entry can be known by; [] when it is no such file."""
    if first.lstrip()[:1] in ("{", "["):
        return []
    names = next(csv.reader([first]), [])
    return names if {"_raw", *_IDS} & set(names) else []


def _rows(text: Iterable[str], names: list[str]) -> Iterator[Line]:
    csv.field_size_limit(_FIELD)
    column: tuple[int, Callable[[str], tuple[int, ...]]]
    if "_raw" in names:
        column = names.index("_raw"), _keys_of_json
    else:
        column = names.index(next(name for name in _IDS if name in names)), _keys_of_id
    place, keys = column
    for row in csv.reader(text):
        if row:
            yield Line(keys(row[place]) if place < len(row) else ())


def _keys_of_id(text: str) -> tuple[int, ...]:
    name = text.strip().strip('"')
    return (keys_of([name])[0],) if name else ()


def _keys_of_json(text: str) -> tuple[int, ...]:
    text = text.strip()
    try:
        found = _SCAN.decode(text)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(found, dict):
        return (hash_of(text),)  # no object: Slack sent it so
    if "result" in found and "id" not in found and isinstance(found["result"], dict):
        return _keys_of_result(found["result"])
    event = found.get("event")
    original = event.get("original") if isinstance(event, dict) else None
    if isinstance(original, str):
        return _keys_of_entry(original)
    if text.startswith('{"@timestamp":"') and _MARK in text[:64]:
        return _keys_of_line(found, text)
    return _keys_of_object(found, text)


def _keys_of_result(result: dict[str, Any]) -> tuple[int, ...]:
    """A line of Splunk's export endpoint in its output mode json."""
    raw = result.get("_raw")
    if isinstance(raw, str):
        return _keys_of_json(raw)
    name = next((result[name] for name in _IDS if isinstance(result.get(name), str)), "")
    return _keys_of_id(name)


def _keys_of_line(found: dict[str, Any], text: str) -> tuple[int, ...]:
    """A raw line of ours: the entry stands behind two keys of our own."""
    start = text.index(_MARK) + len(_MARK)
    try:
        _ours, end = _SCAN.raw_decode(text, start)
    except ValueError:
        return ()
    rest = text[end:]
    entry = "{" + rest.removeprefix(",")
    keys = _keys_of_object(found, entry)
    if isinstance(found.get("id"), str) and found["id"]:
        return keys
    # What is no object stands under a key of its own; an object with that one key looks the same.
    front = '{"entry":'
    return (*keys, hash_of(entry[len(front) : -1])) if entry.startswith(front) else keys


def _keys_of_entry(text: str) -> tuple[int, ...]:
    """Slack's own text of an entry."""
    try:
        found = _SCAN.decode(text)
    except (ValueError, RecursionError):
        found = None
    return _keys_of_object(found if isinstance(found, dict) else {}, text)


def _keys_of_object(found: dict[str, Any], text: str) -> tuple[int, ...]:
    """By its id, as ``slack.entries`` does it; an entry without one by its text."""
    name = found.get("id")
    return (keys_of([name])[0],) if type(name) is str and name else (hash_of(text),)
