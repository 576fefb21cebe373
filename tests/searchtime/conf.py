# SPDX-License-Identifier: Apache-2.0
"""Conf files: stanzas of settings, with comments and lines that go on after a backslash."""

from __future__ import annotations

from pathlib import Path

Stanza = dict[str, str]


def read(path: Path) -> dict[str, Stanza]:
    """The stanzas of a file, in its order. Raises ValueError with the line that is none."""
    found: dict[str, Stanza] = {}
    stanza: Stanza | None = None
    for number, line in _logical_lines(path.read_text(encoding="utf-8")):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line.startswith("[") and line.rstrip().endswith("]"):
            name = line.strip()[1:-1]
            if name in found:
                raise ValueError(f"{path}, line {number}: [{name}] stands there twice")
            stanza = found[name] = {}
            continue
        key, equals, value = line.partition("=")
        if not equals or stanza is None:
            raise ValueError(f"{path}, line {number}: neither a stanza nor a setting: {line!r}")
        if key.strip() in stanza:
            raise ValueError(f"{path}, line {number}: {key.strip()} stands there twice")
        stanza[key.strip()] = value.strip()
    return found


def _logical_lines(text: str) -> list[tuple[int, str]]:
    lines: list[tuple[int, str]] = []
    going_on = False
    for number, line in enumerate(text.splitlines(), start=1):
        start, before = lines.pop() if going_on else (number, "")
        going_on = line.endswith("\\") and not (line.lstrip().startswith("#") and not before)
        joined = before + "\n" + line if before else line
        lines.append((start, joined[:-1] if going_on else joined))
    return lines
