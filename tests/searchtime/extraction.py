# SPDX-License-Identifier: Apache-2.0
"""KV_MODE=json: the fields of an event that is one JSON object.

A key inside an object is named with a dot, an element of a list with `{}`; a field with several
values keeps them in their order. All values are text: numbers as they are written, true, false and
null by these words. An empty list or object gives no field.
"""

from __future__ import annotations

import json
from typing import Any

Fields = dict[str, list[str]]


def extracted(text: str) -> Fields:
    """The fields of one event; none when it is no JSON object."""
    found: Fields = {}
    try:
        # Numbers keep the text they have: ids are longer than a float holds.
        value = json.loads(text, parse_int=_Number, parse_float=_Number)
    except ValueError:
        return found
    if isinstance(value, dict):
        _walk(found, "", value)
    return found


class _Number(str):
    __slots__ = ()


_WORDS = {True: "true", False: "false", None: "null"}


def _walk(found: Fields, name: str, value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _walk(found, f"{name}.{key}" if name else key, inner)
    elif isinstance(value, list):
        for inner in value:
            _walk(found, name + "{}", inner)
    else:
        text = value if isinstance(value, str) else _WORDS[value]
        found.setdefault(name, []).append(str(text))
