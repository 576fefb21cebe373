# SPDX-License-Identifier: Apache-2.0
"""Moments as people write them: ISO time, or so long ago."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from slack_audit_input.model.errors import ConfigError

_AGO = re.compile(r"-([0-9]{1,12})([smhdw])")
# Written out, because Python's own parser understands more from 3.11 on than before.
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?([Zz]|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def second_of(text: str, now: float, option: str) -> int:
    """Unix seconds of a moment.

    ``2026-11-01``, ``2026-11-01T12:00:00Z`` (UTC unless it has an offset), ``-7d`` (s, m, h, d,
    w), ``now`` or plain unix seconds.

    Fractions of a second are cut off. ``now``: unix seconds. Raises ConfigError, naming
    ``option``.
    """
    text = text.strip()
    if text == "now":
        return int(now)
    ago = _AGO.fullmatch(text)
    if ago:
        second = int(now) - int(ago.group(1)) * _UNITS[ago.group(2)]
    elif text.isascii() and text.isdigit() and len(text) in (9, 10):
        second = int(text)
    else:
        second = _iso_second(text, option)
    if second < 0:
        raise ConfigError(f"{option} {text[:80]!r} lies before 1970")
    return second


def _iso_second(text: str, option: str) -> int:
    parts = _ISO.fullmatch(text)
    try:
        day, time, zone = parts.groups("") if parts else ("", "", "")
        zone = "+00:00" if zone in ("", "Z", "z") else f"{zone[:3]}:{zone[-2:]}"
        return int(datetime.fromisoformat(f"{day}T{time or '00:00'}{zone}").timestamp())
    except (ValueError, OverflowError):
        raise ConfigError(
            f"{option} {text[:80]!r} is no time: write 2026-11-01, 2026-11-01T12:00:00Z or -7d"
        ) from None


def shown(second: float) -> str:
    """A second as people read it, in UTC."""
    return datetime.fromtimestamp(second, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
