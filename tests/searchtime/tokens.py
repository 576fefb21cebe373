# SPDX-License-Identifier: Apache-2.0
"""Words of an eval expression: texts, numbers, names and signs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Token(NamedTuple):
    """`kind`: text, number, quoted (a field's name in single quotes), name or sign."""

    kind: str
    value: str


# A backslash in a text stands for itself, but before a quotation mark or another one: so regular
# expressions in Splunk's own examples are written "\d", not "\\d".
_TOKEN = re.compile(
    r"""\s*(?:
        "(?P<text>(?:[^"\\]|\\.)*)"
      | '(?P<quoted>[^']+)'
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<name>[A-Za-z_][\w:]*(?:\.[A-Za-z_]\w*)*)
      | (?P<sign>==|!=|<=|>=|[-+*/%.=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str) -> Iterator[Token]:
    """The words of `text`, one after the other. Raises ValueError where there is none."""
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"cannot read {text[position : position + 40]!r}")
        kind = match.lastgroup or ""
        value = match.group(kind)
        if kind == "text":
            value = re.sub(r'\\(["\\])', r"\1", value)
        yield Token(kind, value)
        position = match.end()
