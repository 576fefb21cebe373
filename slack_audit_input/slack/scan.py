# SPDX-License-Identifier: Apache-2.0
"""JSON text that the standard scanner cannot take, or that would break a line.

The fast path never comes here: only entries nested deeper than the interpreter's recursion
limit, numbers longer than it converts, and bodies with line breaks in them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

#: Deeper values are replaced by null when an entry is too deep to parse; id, date_create,
#: action and the ids of actor and entity all lie above.
DEPTH_KEPT = 4

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
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
    last = position
    for match in _TOKEN.finditer(text, position):
        mark = match.group()
        if mark in "[{":
            if depth == DEPTH_KEPT:
                kept.append(text[last : match.start()])
            depth += 1
        elif mark in "]}":
            depth -= 1
            if depth == DEPTH_KEPT:
                kept.append("null")
                last = match.end()
            elif depth == 0:
                kept.append(text[last : match.end()])
                return _lenient("".join(kept), 0)[0], match.end()
    raise ValueError("a value does not end")


def one_line(text: str) -> str:
    """The same JSON value on one line: breaks between tokens go, raw ones in strings escape."""
    if "\n" not in text and "\r" not in text:
        return text
    out: list[str] = []
    last = 0
    for match in _STRING.finditer(text):
        out.append(text[last : match.start()].replace("\n", " ").replace("\r", " "))
        string = match.group()
        for raw, escaped in _ESCAPES.items():
            string = string.replace(raw, escaped)
        out.append(string)
        last = match.end()
    out.append(text[last:].replace("\n", " ").replace("\r", " "))
    return "".join(out)
