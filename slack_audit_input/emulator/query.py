# SPDX-License-Identifier: Apache-2.0
"""The parameters of a call of /logs, as Slack takes them.

Pure. Unknown parameters are ignored, as seen live. A `limit` that makes no sense is adjusted in
silence, as Slack says of its API in general; the default is not documented: 200 here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from slack_audit_input.emulator import cursor
from slack_audit_input.emulator.blocks import Wanted
from slack_audit_input.emulator.pages import Place, Query

LIMIT_DEFAULT = 200
LIMIT_MOST = 9999
ACTIONS_MOST = 30


class Refusal(ValueError):
    """Slack refuses the request with HTTP 400; the text is the error code."""


def parse(
    params: Mapping[str, str],
    now: float,
    known: Collection[str],
    *,
    seed: int,
    lifetime: float,
) -> Query:
    """What `params` ask for at unix time `now`. Raises Refusal.

    `known`: names that the filter `action` may have; one that is not among them fails the whole
    request. `seed` and `lifetime` are those of cursors. Bounds with a fraction lose it.
    """
    oldest = _second(params, "oldest")
    latest = _second(params, "latest")
    # A second of grace, for the client's clock.
    if any(bound is not None and bound > now + 1 for bound in (oldest, latest)):
        raise Refusal("invalid_range")
    names = [name.strip() for name in params.get("action", "").split(",") if name.strip()]
    if len(names) > ACTIONS_MOST or not all(name in known for name in names):
        raise Refusal("invalid_action")
    place: Place | None = None
    if params.get("cursor"):
        try:
            place = cursor.read(params["cursor"], now, seed, lifetime)
        except ValueError:
            raise Refusal("invalid_cursor") from None
    actor, entity = params.get("actor", ""), params.get("entity", "")
    wanted = Wanted(frozenset(names) if names else None, actor, entity)
    return Query(oldest or 0, latest, limit_of(params), wanted, place)


def limit_of(params: Mapping[str, str]) -> int:
    """How many entries a call gets for its `limit`: 1 to 9999, 200 if it makes no sense."""
    try:
        limit = int(params.get("limit", LIMIT_DEFAULT))
    except ValueError:
        return LIMIT_DEFAULT
    return min(limit, LIMIT_MOST) if limit > 0 else LIMIT_DEFAULT


def _second(params: Mapping[str, str], name: str) -> int | None:
    text = params.get(name, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise Refusal("invalid_arguments") from None
    if not math.isfinite(value):
        raise Refusal("invalid_arguments")
    return int(value)
