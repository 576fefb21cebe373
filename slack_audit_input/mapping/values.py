# SPDX-License-Identifier: Apache-2.0
"""Reading an entry whose values may be missing, empty, or of another type than expected. Pure.

Objects of JSON are dicts and asked for as such: `isinstance` of an abstract class is slow.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]
_NOTHING: Object = {}


def objects(value: Any, *keys: str) -> Object:
    """The object at the end of a path of keys; an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else _NOTHING


def text(value: Any) -> str:
    """Text or a number as text; "" for everything else, which is no value."""
    if isinstance(value, bool):
        return ""
    return str(value) if isinstance(value, (str, int, float)) else ""


def texts(value: Any) -> list[str]:
    """A setting's value, whatever its type, as texts: a list's elements, an object's values.

    Truth values are `true` and `false`. None, "" and empty ones give none.
    """
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, dict):
        return [one for inner in value.values() for one in texts(inner)]
    if isinstance(value, (list, tuple)):
        return [one for inner in value for one in texts(inner)]
    return [text(value)] if text(value) else []


def address(value: Any) -> str:
    """An IP address of version 4 or 6; "" when it is none, or this very host's.

    Slack writes 127.0.0.1 for what its own servers did, and 1.23.45.678 in its documentation.
    """
    return value if isinstance(value, str) and _is_address(value) else ""


@functools.lru_cache(maxsize=4096)
def _is_address(value: str) -> bool:
    try:
        found = ipaddress.ip_address(value)
    except ValueError:
        return False
    # Version 4 written as version 6 is what it stands for.
    found = getattr(found, "ipv4_mapped", None) or found
    return not (
        found.is_loopback or str(found).startswith("0.") or str(found) == "::" or "%" in value
    )


def seconds(value: Any) -> float | None:
    """A time in microseconds or milliseconds, as number or text, in seconds; None for another."""
    digits = text(value)
    if not (digits.isascii() and digits.isdigit()):
        return None
    return {16: int(digits) / 1_000_000, 13: int(digits) / 1000}.get(len(digits))
