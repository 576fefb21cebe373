# SPDX-License-Identifier: Apache-2.0
"""JSON text that the standard scanner cannot take, or that would break a line.

The fast path never comes here: only entries nested deeper than the interpreter's recursion
limit, numbers longer than it converts, and bodies with line breaks in them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

#: Deeper values are replaced by null when an entry is too deep to parse; id, date_create,
#: action and the ids of actor and entity all lie above.
DEPTH_KEPT = 4

_MARK = re.compile(r'["\[\]{}]')
_QUOTE = re.compile('"')
_ESCAPES = {"\n": "\\n", "\r": "\\r"}


def _long_int(digits: str) -> int | str:
    # CPython refuses to convert more than 4,300 digits (CVE-2020-10735). The object serves
    # filters and keys only, the text is forwarded as it is, so the digits may stay text.
    return int(digits) if len(digits) < 4000 else digits


_lenient: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(
    strict=False, parse_int=_long_int
).scan_once  # type: ignore[attr-defined]


def scan_hard(text: str, position: int) -> tuple[Any, int]:
    """The value at ``position`` and where it ends, for what the fast scanner gave up on.

    Too deep values are cut off below DEPTH_KEPT. Raises ValueError or StopIteration on text
    that is not JSON.
    """
    try:
        return _lenient(text, position)
    except RecursionError:
        pass
    depth = 0
    kept: list[str] = []
    last = here = position
    while True:
        found = _MARK.search(text, here)
        if found is None:
            raise ValueError("a value does not end")
        mark, here = found.group(), found.end()
        if mark == '"':
            here = _string_end(text, here)
        elif mark in "[{":
            if depth == DEPTH_KEPT:
                kept.append(text[last : found.start()])
            depth += 1
        else:
            depth -= 1
            if depth == DEPTH_KEPT:
                kept.append("null")
                last = here
            elif depth == 0:
                kept.append(text[last:here])
                return _lenient("".join(kept), 0)[0], here


def one_line(text: str) -> str:
    """The same JSON value on one line: breaks between tokens go, raw ones in strings escape."""
    if "\n" not in text and "\r" not in text:
        return text
    out: list[str] = []
    last = 0
    found = _QUOTE.search(text)
    while found is not None:
        begin, end = found.start(), _string_end(text, found.end())
        out.append(_without_breaks(text[last:begin]))
        string = text[begin:end]
        for raw, escaped in _ESCAPES.items():
            string = string.replace(raw, escaped)
        out.append(string)
        last = end
        found = _QUOTE.search(text, last)
    out.append(_without_breaks(text[last:]))
    return "".join(out)


def _without_breaks(between: str) -> str:
    return between.replace("\n", " ").replace("\r", " ")


def _string_end(text: str, position: int) -> int:
    """Where the string that begins before ``position`` ends; ValueError when it does not.

    By the C scanner and not by a pattern: those of `re` keep a way back for every character,
    and a string may have 50 million.
    """
    return int(scanstring(text, position, False)[1])
