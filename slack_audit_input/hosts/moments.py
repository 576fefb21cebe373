# SPDX-License-Identifier: Apache-2.0
"""Moments as people write them: ISO time, or so long ago."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from slack_audit_input.model.errors import ConfigError

_AGO = re.compile(r"-(\d+)([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def second_of(text: str, now: float, option: str) -> int:
    """Unix seconds of a moment.

    ``2026-11-01``, ``2026-11-01T12:00:00Z`` (UTC unless it has an offset), ``-7d`` (s, m, h, d,
    w), ``now`` or plain unix seconds.

    ``now``: unix seconds. Raises ConfigError, naming ``option``.
    """
    text = text.strip()
    if text == "now":
        return int(now)
    ago = _AGO.fullmatch(text)
    if ago:
        second = int(now) - int(ago.group(1)) * _UNITS[ago.group(2)]
    elif text.isdigit() and len(text) in (9, 10):
        second = int(text)
    else:
        try:
            # Python 3.9 and 3.10 do not know the Z.
            moment = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=timezone.utc)
            second = int(moment.timestamp())
        except (ValueError, OverflowError):
            raise ConfigError(
                f"{option} {text!r} is no time: write 2026-11-01, 2026-11-01T12:00:00Z or -7d"
            ) from None
    if second < 0:
        raise ConfigError(f"{option} {text!r} lies before 1970")
    return second


def shown(second: float) -> str:
    """A second as people read it, in UTC."""
    return datetime.fromtimestamp(second, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
