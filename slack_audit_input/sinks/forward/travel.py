# SPDX-License-Identifier: Apache-2.0
r"""Entries that MessagePack, or what the hosts do with it, cannot carry as they are.

Slack sends none of these; whoever does must not lose an event by it, nor get it altered in
silence. Each value that cannot travel becomes text, and its path is listed in the record:

* whole numbers beyond 64 bits, and numbers beyond a double's range (``1e400``): their digits;
* ``NaN``, ``Infinity``: these words. Fluentd's JSON formatter refuses a NaN, and with it the
  whole batch, for ever (reference section 3);
* half a surrogate pair: ``\udXXX``, as JSON escapes it. Hosts pass invalid UTF-8 on, or drop it;
* what is nested deeper than DEPTH: its JSON text. Hosts take 60 levels (reference section 3), and
  formatters behind them have limits of their own;
* an entry that no scanner can read: its text, as ``entry``.
"""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

#: Levels of objects and lists that travel as such.
DEPTH = 60
#: Paths listed in one record; more are counted only.
PATHS = 50

INT_LEAST, INT_MOST = -(2**63), 2**64 - 1

_MARK = re.compile(r'["\[\]{}]|NaN|-?Infinity')
_LONE = re.compile("[\ud800-\udfff]")


class _AsText(str):
    """Text in place of a value that cannot travel."""

    __slots__ = ()


def travelling(text: str) -> tuple[dict[str, Any], list[str]]:
    """The record for an entry's ``text``, and the paths of what had to become text."""
    try:
        value = _parsed(text)
    except (ValueError, StopIteration, RecursionError):
        value = _AsText(text)
    if type(value) is not dict:
        value = {"entry": value}
    altered: list[str] = []
    record = _fit(value, "", altered)
    if len(altered) > PATHS:
        altered[PATHS:] = [f"and {len(altered) - PATHS} more"]
    return record, altered


def _parsed(text: str) -> Any:
    text, constants = _cut(text)
    waiting = iter(constants)
    decoder = json.JSONDecoder(
        strict=False,
        parse_int=_int,
        parse_float=_float,
        # Called in the order of the text, for real constants and for what was cut off alike.
        parse_constant=lambda _word: next(waiting),
    )
    return decoder.decode(text)


def _int(digits: str) -> int | _AsText:
    # 20 digits are 2**64 - 1 at most; CPython refuses to convert more than 4,300.
    if len(digits) > 20:
        return _AsText(digits)
    number = int(digits)
    return number if INT_LEAST <= number <= INT_MOST else _AsText(digits)


def _float(digits: str) -> float | _AsText:
    number = float(digits)
    return _AsText(digits) if number in (float("inf"), float("-inf")) else number


def _cut(text: str) -> tuple[str, list[_AsText]]:
    """The text with every value below DEPTH replaced by NaN; the texts of all constants in it."""
    kept: list[str] = []
    constants: list[_AsText] = []
    depth = last = here = start = 0
    while (found := _MARK.search(text, here)) is not None:
        mark, here = found.group(), found.end()
        if mark == '"':
            # By the C scanner: a pattern keeps a way back for every character.
            here = scanstring(text, here, False)[1]
        elif mark in "[{":
            if depth == DEPTH:
                start = found.start()
            depth += 1
        elif mark in "]}":
            depth -= 1
            if depth == DEPTH:
                kept += (text[last:start], "NaN")
                constants.append(_AsText(text[start:here]))
                last = here
        elif depth <= DEPTH:
            constants.append(_AsText(mark))
    kept.append(text[last:])
    return "".join(kept), constants


def _fit(value: Any, path: str, altered: list[str]) -> Any:
    """The value with all text fit for UTF-8; ``altered`` takes the paths of what became text."""
    if isinstance(value, str):
        fitting = _escaped(value)
        if fitting != value or type(value) is _AsText:
            altered.append(path or "entry")
        return fitting
    if isinstance(value, list):
        return [_fit(item, f"{path}[{n}]", altered) for n, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    fields: dict[str, Any] = {}
    for name, item in value.items():
        fitting = _escaped(name)
        inner = f"{path}.{fitting}" if path else fitting
        if fitting != name:
            altered.append(inner)
            # The escape may be another key's own name.
            while fitting in value or fitting in fields:
                fitting += "_"
        fields[fitting] = _fit(item, inner, altered)
    return fields


def _escaped(text: str) -> str:
    return _LONE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
