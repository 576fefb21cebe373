# SPDX-License-Identifier: Apache-2.0
"""Log lines as key=value, and texts without tokens: the same from every host."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Mapping
from pathlib import Path

#: What Slack's tokens look like. Nothing passes a token to the log; this is the second lock.
_TOKEN = re.compile(r"xox[a-z]?[.-][0-9A-Za-z.-]{6,}|Bearer\s+\S+")
#: Frames of a traceback that are told, innermost first.
_FRAMES = 6
#: Without a comma: Splunk, which finds such pairs by itself, ends a bare value there.
_PLAIN = re.compile(r"[A-Za-z0-9_.:/@%+{}*-]+")


def without_tokens(text: str) -> str:
    """The text with everything that looks like a token of Slack's put out of sight."""
    return _TOKEN.sub("[token]", text)


def place_of(error: BaseException) -> str:
    """Where a mistake of ours came up. Its text may hold anything, files and lines do not."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))


def pairs(fields: Mapping[str, object]) -> str:
    """``key=value …`` on one line, whatever the values hold."""
    return " ".join(f"{key}={_value(value)}" for key, value in fields.items())


def _value(value: object) -> str:
    text = without_tokens(str(value))
    # Foreign text must not forge a line or a key of its own: quoted, and control characters
    # escaped, as JSON does.
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
