# SPDX-License-Identifier: Apache-2.0
"""What `verify` found out about one hour: for its report, and for a run that goes on from it.

Counts and texts only: the same in the report, in the state, and in a report that is checked.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from slack_audit_input.collector.hours import HourReport
from slack_audit_input.engine.delivered import HOUR
from slack_audit_input.hosts.moments import shown
from slack_audit_input.model.ledger import Span

_TEXTS = frozenset({"hour", "compared", "at", "digest", "delivered_digest"})
_TRUTHS = frozenset({"differs", "replaced"})


class Record(NamedTuple):
    """One hour. ``compared``: "ids", "digest" or both, "host" for that alone; ``at``: when.

    ``entries``, ``digest``: the dated ones that Slack shows. ``delivered``, ``delivered_digest``:
    what the state says of the same minutes, before anything was repaired. ``missing``: ids that
    were not delivered, of which ``repaired`` have been since. ``gone``: ids that were delivered
    and that Slack no longer shows. ``differs``: count or digest did not agree; ``replaced``: what
    Slack shows has been put in its place, with ``redelivered`` entries sent once more for it.

    ``without_id``, ``repeated_ids``: entries without an id, and ids that Slack showed twice.
    ``undated``…: entries without a date, where they were seen first. ``host_missing``,
    ``host_sent``: entries that the host did not have and that have been sent to it; -1 when
    nobody looked into the host.
    """

    hour: str
    compared: str
    at: str
    entries: int
    digest: str
    delivered: int
    delivered_digest: str
    missing: int
    repaired: int
    gone: int
    differs: bool
    replaced: bool
    redelivered: int
    without_id: int
    repeated_ids: int
    undated: int
    undated_missing: int
    undated_repaired: int
    host_missing: int
    host_sent: int

    @property
    def well(self) -> bool:
        """Nothing is left to be done about it?"""
        return (
            self.missing == self.repaired
            and self.undated_missing == self.undated_repaired
            and self.differs == self.replaced
            and self.host_missing == self.host_sent
        )


class Kept(NamedTuple):
    """A record with what must still be true for it to count in a later run.

    ``parts``: what of the hour was read; ``held``: see ``collector.hours.held_of``. ``undated``:
    keys of the entries without a date that it counts. ``second``: when it was compared.
    """

    record: Record
    parts: tuple[Span, ...]
    held: str
    undated: tuple[int, ...]
    second: int

    def text(self) -> str:
        """As the state keeps it."""
        return json.dumps(self._replace(record=self.record._asdict()))  # type: ignore[arg-type]


def kept_of(report: HourReport, second: int) -> Kept:
    """What was found out about an hour, compared at ``second`` (unix)."""
    ways = [way for way, used in (("ids", report.by_ids), ("digest", report.sealed)) if used]
    record = Record(
        hour=shown(report.hour * HOUR),
        compared=" and ".join(ways) or "host",
        at=shown(second),
        entries=report.shown.ids,
        digest=report.shown.digest,
        delivered=report.delivered.ids,
        delivered_digest=report.delivered.digest,
        missing=len(report.missing),
        repaired=0,
        gone=report.gone,
        differs=report.differs,
        replaced=False,
        redelivered=0,
        without_id=report.without_id,
        repeated_ids=report.repeated,
        undated=len(report.undated),
        undated_missing=len(report.undated_missing),
        undated_repaired=0,
        host_missing=-1 if report.lacking is None else report.lacking,
        host_sent=-1 if report.lacking is None else 0,
    )
    return Kept(record, report.parts, report.held, report.undated, second)


def kept_from(text: str) -> Kept | None:
    """What ``Kept.text`` wrote; None for anything else: then the hour is read again."""
    try:
        fields, parts, held, undated, second = json.loads(text)
        return Kept(
            record_from(fields),
            tuple(Span(int(oldest), int(latest)) for oldest, latest in parts),
            str(held),
            tuple(int(key) for key in undated),
            int(second),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def record_from(fields: Any) -> Record:
    """A record from its fields. Raises ValueError, naming the first field that is no such."""
    if not isinstance(fields, dict):
        raise ValueError("is no object")
    for name in Record._fields:
        kind = str if name in _TEXTS else bool if name in _TRUTHS else int
        if name not in fields:
            raise ValueError(f"has no {name}")
        if type(fields[name]) is not kind:
            raise ValueError(f"has a {name} that is no {kind.__name__}")
    for name in fields:
        if name not in Record._fields:
            raise ValueError(f"has a {name}, which no such line has")
    return Record(**fields)
