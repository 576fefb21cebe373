# SPDX-License-Identifier: Apache-2.0
"""SPL as text: commands between pipes, and the words of a command."""

from __future__ import annotations

import re
from collections.abc import Mapping

_OPEN = {"(": ")", "[": "]"}
_WORD = re.compile(
    r"""\s*(?:
    (?P<string>"(?:[^"\\]|\\.)*")
    |(?P<field>'[^']+')
    |(?P<number>\d+(?:\.\d+)?(?![\w{.]))
    |(?P<name>[A-Za-z_$][\w$]*(?:\{\})?)
    |(?P<sign>!=|<=|>=|==|&&|\|\||[-+*/%=<>(),.\[\]])
    )""",
    re.VERBOSE,
)


class SplError(ValueError):
    """A search that the evaluator does not understand, or that is wrong."""


def commands(text: str) -> list[str]:
    """The commands of a search, without their pipes; the first may be the search itself."""
    found: list[str] = []
    depth: list[str] = []
    start = 0
    # Strings are one sign that means nothing here.
    plain = re.sub(r'"(?:[^"\\]|\\.)*"', lambda match: "_" * len(match[0]), text)
    for at, sign in enumerate(plain):
        if sign in _OPEN:
            depth.append(_OPEN[sign])
        elif sign in ")]":
            if not depth or depth.pop() != sign:
                raise SplError(f"a bracket too many: {text[: at + 1]}")
        elif sign == "|" and not depth:
            found.append(text[start:at].strip())
            start = at + 1
    if '"' in plain or depth:
        raise SplError(f"a quote or bracket is open: {text}")
    found.append(text[start:].strip())
    return [command for position, command in enumerate(found) if command or position]


def words(text: str) -> list[tuple[str, str]]:
    """Words of an expression: (kind, text); quotes are taken off strings and fields."""
    found = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise SplError(f"cannot read {text[at:]!r}")
        kind = str(match.lastgroup)
        word = match[kind]
        if kind == "string":
            word = re.sub(r'\\(["\\])', r"\1", word[1:-1])
        elif kind == "field":
            word = word[1:-1]
        found.append((kind, word))
        at = match.end()
    return found


def split(text: str, sign: str = ",") -> list[str]:
    """Parts between a sign (a comma, or " " for blanks) that is in no bracket and no quotes."""
    parts = [""]
    depth = 0
    quoted = False
    for one in text:
        quoted ^= one == '"'
        depth += (one in "([") - (one in ")]") if not quoted else 0
        if not quoted and not depth and (one == sign or (sign == " " and one.isspace())):
            parts.append("")
        else:
            parts[-1] += one
    return [part.strip() for part in parts if part.strip()]


def expanded(text: str, macros: Mapping[str, str]) -> str:
    """The search with `macros` filled in; SplError for one that is not defined."""
    for _ in range(5):
        names = re.findall(r"`([^`]+)`", text)
        if not names:
            return text
        for name in names:
            if name not in macros:
                raise SplError(f"macro `{name}` is not defined")
            text = text.replace(f"`{name}`", macros[name])
    raise SplError(f"macros that hold each other: {text}")
