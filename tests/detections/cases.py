# SPDX-License-Identifier: Apache-2.0
"""The events beside the detections: what must fire and what must not."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[2] / "detections"


class Case(NamedTuple):
    """Entries that belong together, and whether the detection must fire on them."""

    detection: str
    name: str
    fires: bool
    entries: list[dict[str, Any]]


@functools.cache
def cases() -> tuple[Case, ...]:
    """All cases; lines of one file with the same name are one case."""
    found: list[Case] = []
    for path in sorted((FOLDER / "events").glob("*.jsonl")):
        of_file: dict[tuple[str, bool], list[dict[str, Any]]] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            told = json.loads(line)
            of_file.setdefault((told["case"], told["fires"]), []).append(told["event"])
        found += [Case(path.stem, *key, entries) for key, entries in of_file.items()]
    return tuple(found)
