# SPDX-License-Identifier: Apache-2.0
"""What the state says of coverage: for ``status``, and for ``verify`` beside its own finding."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from slack_audit_input.collector.counters import Counters
from slack_audit_input.collector.ports import Checkpoint
from slack_audit_input.engine.delivered import HOUR
from slack_audit_input.engine.records import is_record
from slack_audit_input.model.coverage import COMPLETE, DIFFERS, REPAIRED
from slack_audit_input.model.errors import StoreError
from slack_audit_input.model.ledger import Span

#: Bounds that hold every hour there can be.
_FIRST, _LAST = 0, 1 << 40


def records_of(checkpoint: Checkpoint, first: int, last: int) -> dict[int, dict[str, Any]]:
    """The coverage records of the unix hours ``first`` to ``last`` (inclusive), by hour.

    Raises StoreError.
    """
    found = checkpoint.coverage(first, last)
    try:
        return {hour: json.loads(text) for hour, text in found.items() if is_record(text)}
    except ValueError:
        raise StoreError("a coverage record of the state is damaged") from None


def coverage_of(checkpoint: Checkpoint, counters: Counters) -> dict[str, Any]:
    """How far coverage has come: the newest hour with a record, how many wait, what was found."""
    records = records_of(checkpoint, _FIRST, _LAST)
    states = [str(record.get("state")) for record in records.values()]
    total = counters.total
    return {
        "last_hour": records[max(records)].get("hour", "") if records else "",
        "records_kept": len(records),
        "hours_waiting": counters.hours_waiting,
        "hours_that_differ": states.count("differs"),
        "holes_ever": total["coverage_missing"],
        "repaired_ever": total["coverage_repaired"],
    }


def coverage_rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The same as lines for people."""
    rows = []
    if found["last_hour"]:
        rows.append(("covered up to", f"{found['last_hour']} ({found['records_kept']} records)"))
    rows.append(("hours to be covered", str(found["hours_waiting"])))
    if found["holes_ever"]:
        holes = f"{found['holes_ever']} found, {found['repaired_ever']} repaired"
        rows.append(("holes", holes))
    if found["hours_that_differ"]:
        rows.append(("hours that differ", str(found["hours_that_differ"])))
    return rows


def beside(checkpoint: Checkpoint, span: Span) -> dict[str, Any]:
    """What the records say of the hours that ``span`` (seconds) touches, for ``verify``.

    ``shown`` and ``delivered``: sums over the records. Raises StoreError.
    """
    first, last = span.oldest // HOUR, span.latest // HOUR
    records = records_of(checkpoint, first, last)
    states = Counter(str(record.get("state")) for record in records.values())
    return {
        "hours": last - first + 1,
        "records": len(records),
        **{state: states[state] for state in (COMPLETE, REPAIRED, DIFFERS)},
        "shown": sum(int(record.get("shown", 0)) for record in records.values()),
        "delivered": sum(int(record.get("delivered", 0)) for record in records.values()),
    }


def beside_words(found: dict[str, Any]) -> str:
    """The same as a line for people."""
    words = ", ".join(f"{found[name]} {name}" for name in (COMPLETE, REPAIRED, DIFFERS))
    return (
        f"  coverage records of {found['records']} of these {found['hours']} hours: {words}; "
        f"{found['shown']} entries shown, {found['delivered']} delivered"
    )
