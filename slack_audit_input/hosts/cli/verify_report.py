# SPDX-License-Identifier: Apache-2.0
"""What ``verify`` found: as JSON for programs, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from slack_audit_input.collector.verify import Coverage, HourReport
from slack_audit_input.engine.delivered import HOUR
from slack_audit_input.hosts.moments import shown
from slack_audit_input.model.ledger import Span


class Found(NamedTuple):
    """``asked``: the stretch that was named. ``still_missing``: after the attempt to deliver."""

    asked: Span
    coverage: Coverage
    hours: int
    hours_by_digest: int
    entries: int
    delivered_now: int
    redelivered: int
    still_missing: int
    gone: int
    differing: list[HourReport]
    calls: int

    @property
    def complete(self) -> bool:
        """Is everything that Slack shows in the stretch delivered?"""
        cover = self.coverage
        return not (self.still_missing or self.differing or cover.never or cover.open)


def as_json(found: Found) -> dict[str, Any]:
    """For programs; times are RFC 3339."""
    return {
        "from": shown(found.asked.oldest),
        "to": shown(found.asked.latest),
        "complete": found.complete,
        "hours": found.hours,
        "hours_by_digest": found.hours_by_digest,
        "entries": found.entries,
        "delivered_now": found.delivered_now,
        "redelivered": found.redelivered,
        "still_missing": found.still_missing,
        "delivered_but_gone_at_slack": found.gone,
        "hours_that_differ": [
            {
                "hour": shown(report.hour * HOUR),
                "slack_shows": report.sealed_shown._asdict(),
                "delivered": report.sealed_delivered._asdict(),
            }
            for report in found.differing
        ],
        "never_asked": [[shown(s.oldest), shown(s.latest)] for s in found.coverage.never],
        "not_read_yet": [[shown(s.oldest), shown(s.latest)] for s in found.coverage.open],
        "calls": found.calls,
    }


def as_text(found: Found) -> Iterator[str]:
    """For people, line by line."""
    word = "COMPLETE" if found.complete else "INCOMPLETE"
    yield f"{word}: {shown(found.asked.oldest)} to {shown(found.asked.latest)}"
    yield (
        f"  {found.entries} entries in {found.hours} hours read again with {found.calls} calls; "
        f"{found.hours_by_digest} hours compared by digest"
    )
    for count, words in (
        (found.delivered_now, "were missing and have been delivered now"),
        (found.redelivered, "delivered again"),
        (found.still_missing, "are STILL MISSING: run verify again"),
        (found.gone, "were delivered that Slack no longer shows"),
    ):
        if count:
            yield f"  {count} {words}"
    for report in found.differing:
        yield (
            f"  {shown(report.hour * HOUR)}: Slack shows {report.sealed_shown.ids}, delivered "
            f"{report.sealed_delivered.ids}: --redeliver sends that hour again"
        )
    for span in found.coverage.never:
        yield f"  never asked for: {_words(span)}: `backfill` collects it"
    for span in found.coverage.open:
        yield f"  not read yet: {_words(span)}: the collector still has it before it"


def _words(span: Span) -> str:
    return f"{shown(span.oldest)} to {shown(span.latest)}"
