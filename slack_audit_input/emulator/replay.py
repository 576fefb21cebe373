# SPDX-License-Identifier: Apache-2.0
"""Real entries from files, served byte for byte as they stand there.

A line of a file is an entry. `date_create` says where it belongs: whole seconds, the same as
text, or "YYYY-MM-DD HH:MM:SS" in UTC, as connectors write it. Entries without a usable one all
belong to one second, which the truth tells.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from slack_audit_input.emulator.blocks import Traits
from slack_audit_input.emulator.organization import Row

_TEXT_DATE = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")
_KEY = re.compile(rb'"date_create"\s*:\s*(?:"([^"]*)"|(-?\d+))')
_LATEST = 10**11


class Replay(NamedTuple):
    """What files held: entries, and the second at which those `undated` without a date stand."""

    rows: list[Row]
    undated: int
    undated_second: int | None


class _Line(NamedTuple):
    raw: bytes
    entry: Any
    second: int | None


def load(
    paths: Iterable[str], started: float, *, shift: bool = False, undated_at: int | None = None
) -> Replay:
    """Read files of one JSON value a line; blank lines are passed over.

    `shift`: move all entries by the same time, so that the newest is of `started` (unix); this
    alone changes text, and only the value of `date_create`. `undated_at`: second for entries
    without a usable date; by default that of the newest entry, or of `started` if none has a
    date. Raises OSError for a file that cannot be read, ValueError (with file and line) for a line
    that is not JSON.
    """
    lines = [line for path in paths for line in _read(Path(path))]
    newest = max((line.second for line in lines if line.second is not None), default=None)
    move = int(started) - newest if shift and newest is not None else 0
    if undated_at is None:
        undated_at = int(started) if newest is None else newest + move
    rows = []
    for raw, entry, second in lines:
        place = undated_at if second is None else second + move
        text = _moved(raw, entry, second, move) if second is not None and move else raw
        name = entry.get("id") if isinstance(entry, dict) else None
        name = name if isinstance(name, str) and name else None
        rows.append(Row(place, float(place), name, text.decode("latin-1"), traits(entry)))
    undated = sum(1 for line in lines if line.second is None)
    return Replay(rows, undated, undated_at if undated else None)


def traits(entry: Any) -> Traits:
    """What an entry is filtered by, "" for what it lacks."""
    if not isinstance(entry, dict):
        return Traits("", "", "")
    action = entry.get("action")
    ids = [_id_of(entry.get(key)) for key in ("actor", "entity")]
    return Traits(action if isinstance(action, str) else "", *ids)


def second_of(entry: Any) -> int | None:
    """The second that an entry's `date_create` stands for, None for nothing usable."""
    value = entry.get("date_create") if isinstance(entry, dict) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        found = _TEXT_DATE.match(value.strip())
        if found is None:
            digits = value.strip()
            value = int(digits) if digits.isdigit() and digits.isascii() else None
        else:
            try:
                date = dt.datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00")
            except ValueError:
                return None
            value = int(date.timestamp())
    if not isinstance(value, (int, float)) or not 0 <= value < _LATEST:
        return None
    return int(value)


def _read(path: Path) -> Iterable[_Line]:
    with path.open("rb") as file:
        for number, whole in enumerate(file, 1):
            raw = whole.strip(b" \t\r\n")
            if not raw:
                continue
            try:
                # Bytes that are no UTF-8 are served as they are, too.
                entry = json.loads(raw.decode("utf-8", "surrogateescape"))
            except (ValueError, RecursionError) as error:
                raise ValueError(f"{path}, line {number}: not JSON: {error}") from None
            yield _Line(raw, entry, second_of(entry))


def _moved(raw: bytes, entry: Mapping[str, Any], second: int, move: int) -> bytes:
    """The line with another date, in the form in which the old one is written."""
    value = entry["date_create"]
    old = str(value).encode("utf-8", "surrogateescape")
    if isinstance(value, str) and not value.strip().isdigit():
        date = dt.datetime.fromtimestamp(second + move, dt.timezone.utc)
        new = date.strftime("%Y-%m-%d %H:%M:%S").encode()
    else:
        new = str(second + move).encode()
    for found in _KEY.finditer(raw):
        group = 1 if found[1] is not None else 2
        if found[group] == old:
            return raw[: found.start(group)] + new + raw[found.end(group) :]
    return raw


def _id_of(value: Any) -> str:
    """The id of `{"type": T, T: {"id": ...}}`."""
    if not isinstance(value, dict):
        return ""
    inner = value.get(value.get("type")) if isinstance(value.get("type"), str) else None
    return str(inner.get("id", "")) if isinstance(inner, dict) else ""
