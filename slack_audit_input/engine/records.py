# SPDX-License-Identifier: Apache-2.0
"""Coverage records: how one comes to be, its JSON text, and the event that carries it. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

from slack_audit_input.engine.delivered import HOUR
from slack_audit_input.engine.lateness import BUCKETS, LATENESS_BOUNDS, added
from slack_audit_input.model.coverage import COMPLETE, DIFFERS, REPAIRED, Comparison, Record, Tally
from slack_audit_input.model.errors import StoreError
from slack_audit_input.model.event import Event

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: Names of the histogram's buckets: "le60" holds what was at most 60 seconds late.
_LABELS = (*(f"le{bound}" for bound in LATENESS_BOUNDS), "more")


def with_late(tally: Tally, lateness: Iterable[int]) -> Tally:
    """The tally with further events that a sweep recovered, each by its lateness in seconds."""
    found = list(lateness)
    return tally._replace(
        late=tally.late + len(found),
        most=max([tally.most, *found]),
        lateness=tuple(added(tally.lateness, found)),
    )


def with_missing(tally: Tally, count: int) -> Tally:
    """The tally with further events that were missing and are delivered now."""
    return tally._replace(missing=tally.missing + count, repaired=tally.repaired + count)


def state_of(tally: Tally, found: Comparison) -> str:
    """What the record of an hour says in one word."""
    if found.differs:
        return DIFFERS
    return REPAIRED if tally.missing else COMPLETE


def tally_text(tally: Tally) -> str:
    """A tally as it is kept until its hour has a record."""
    return json.dumps(_tally(tally), separators=(",", ":"))


def text_of(record: Record) -> str:
    """A record as one line of JSON: what the host gets, and what the state keeps."""
    tally, found = record.tally, record.found
    missing = tally.missing + found.short
    return json.dumps(
        {
            "id": id_of(record),
            "account": record.account,
            "input": record.input,
            "hour": _moment(record.hour * HOUR),
            "oldest": record.oldest,
            "latest": record.latest,
            "seconds": record.seconds,
            "state": record.state,
            "shown": found.shown,
            "delivered": found.delivered,
            "first_time": max(0, found.delivered - tally.late - tally.repaired),
            **_tally(tally._replace(missing=missing)),
            "gone": found.gone,
            "compared": found.compared,
            "digest": found.digest,
            "calls": found.calls,
            "tolerance": record.tolerance,
            "closed": record.closed,
        },
        separators=(",", ":"),
    )


def id_of(record: Record) -> str:
    """The record's own id: one for each hour of an input, so that repeats can be told."""
    return f"{record.account}/{record.input}/{_moment(record.hour * HOUR)}"


def told(record: Record) -> dict[str, object]:
    """What a log line says of an hour with a hole."""
    return {
        "hour": _moment(record.hour * HOUR),
        "state": record.state,
        "missing": record.tally.missing + record.found.short,
        "repaired": record.tally.repaired,
        "shown": record.found.shown,
        "delivered": record.found.delivered,
        "note": "verify says more" if record.state == DIFFERS else "what was missing is delivered",
    }


def event_of(record: Record) -> Event:
    """The record as sinks carry it: its second is the hour's last."""
    name = id_of(record)
    key = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return record.hour * HOUR + HOUR - 1, int.from_bytes(key, "little"), text_of(record)


def tally_of(text: str) -> Tally:
    """The tally in a kept text, of a tally or of a record. Raises StoreError."""
    try:
        data = json.loads(text)
        lateness = {str(label): _count(n) for label, n in data["lateness"].items()}
        return Tally(
            late=_count(data["late"]),
            most=_count(data["late_most"]),
            lateness=tuple(lateness.get(label, 0) for label in _LABELS) if lateness else (),
            # What was short of a sealed hour is measured anew each time.
            missing=min(_count(data["missing"]), _count(data["repaired"])),
            repaired=_count(data["repaired"]),
            revision=_count(data["revision"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise StoreError(f"what is kept of an hour's coverage is damaged ({reason})") from None


def is_record(text: str) -> bool:
    """Is a kept text that of a record, and not of an hour that still waits for it?"""
    return text.startswith('{"id":')


def _tally(tally: Tally) -> dict[str, Any]:
    counts = tally.lateness or (0,) * BUCKETS
    return {
        "late": tally.late,
        "late_most": tally.most,
        "lateness": {label: n for label, n in zip(_LABELS, counts) if n},
        "missing": tally.missing,
        "repaired": tally.repaired,
        "revision": tally.revision,
    }


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _moment(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%MZ")
