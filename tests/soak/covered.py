# SPDX-License-Identifier: Apache-2.0
"""Coverage records against the truth: is there one for every closed hour, and is it right? Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slack_audit_input.engine.delivered import HOUR, HourTotal
from slack_audit_input.slack.keys import keys_of
from tests.soak.slack import Shown

Record = Mapping[str, Any]


def last_of(records: Iterable[Record]) -> dict[int, Record]:
    """The last record of each hour, by unix hour; a later one replaces those before."""
    found: dict[int, Record] = {}
    for record in records:
        hour = record["latest"] // HOUR
        if hour not in found or record["revision"] >= found[hour]["revision"]:
            found[hour] = record
    return found


def wrong(
    records: Iterable[Record], truth: Sequence[Shown], first: int, last: int
) -> dict[str, list[str]]:
    """What is wrong with the records of the seconds ``first`` to ``last``, in whole hours.

    Those of other hours must be right as well. By kind: hours without a record, records that are
    not complete, and untrue ones.
    """
    rows: dict[int, list[Shown]] = defaultdict(list)
    for row in truth:
        rows[row.second // HOUR].append(row)
    found = last_of(records)
    absent, incomplete, untrue = [], [], []
    wanted = range(first // HOUR, (last + 1) // HOUR)
    for hour in sorted({*wanted, *found}):
        record = found.get(hour)
        if record is None:
            absent.append(str(hour * HOUR))
            continue
        if record["state"] != "complete" or record["missing"]:
            incomplete.append(f"{record['hour']}: {record['state']}, {record['missing']} missing")
        inside = [row for row in rows[hour] if record["oldest"] <= row.second <= record["latest"]]
        untrue += [f"{record['hour']}: {words}" for words in _untrue(record, inside)]
    return {"absent": absent, "incomplete": incomplete, "untrue": untrue}


def _untrue(record: Record, rows: Sequence[Shown]) -> list[str]:
    digest = HourTotal().plus(keys_of([row.id for row in rows])).digest
    found = [
        f"{name} {record[name]}, in truth {len(rows)}"
        for name in ("shown", "delivered")
        if record[name] != len(rows)
    ]
    if record["digest"] != digest:
        found.append(f"digest {record['digest']}, in truth {digest}")
    if record["first_time"] + record["late"] + record["repaired"] != record["delivered"]:
        found.append("first time, late and repaired do not add up")
    return found
