# SPDX-License-Identifier: Apache-2.0
"""Our own catalogue of action names: the table `actions.csv` beside this module, read once.

Pure but for reading that one file; imports nothing beyond the standard library.
"""

from __future__ import annotations

import csv
import functools
import importlib.resources
import types
from collections.abc import Mapping
from dataclasses import dataclass

ACTION_COUNT = 776
"""How many names `actions.csv` holds. A table cut short in packaging is refused by this number."""

_COLUMNS = ["action", "category", "description"]


@dataclass(frozen=True)
class Action:
    """One kind of thing that Slack logs.

    `name` is the text of an entry's `action` key, dots and capitals included. `categories` are
    the groups in which Slack's /actions lists it: usually one, two for a handful of names.
    `description` is our sentence for an analyst, empty for a name that only Slack knows.
    """

    name: str
    categories: tuple[str, ...]
    description: str


@functools.lru_cache(maxsize=1)
def ours() -> Mapping[str, Action]:
    """Return our actions by name, read-only, in the order of the table (category, then name).

    The table is read on the first call only. It is found through `importlib.resources`, so the
    package may lie in a zip. Raises `ValueError` when the packaged table is damaged.
    """
    table = importlib.resources.files(__package__).joinpath("actions.csv")
    reader = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    if reader.fieldnames != _COLUMNS:
        raise ValueError(f"actions.csv has the columns {reader.fieldnames}, not {_COLUMNS}")
    actions: dict[str, Action] = {}
    for row in reader:
        name = row["action"]
        actions[name] = Action(name, tuple(row["category"].split("|")), row["description"])
    if len(actions) != ACTION_COUNT:
        raise ValueError(f"actions.csv holds {len(actions)} names, not {ACTION_COUNT}")
    return types.MappingProxyType(actions)
