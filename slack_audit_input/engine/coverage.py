# SPDX-License-Identifier: Apache-2.0
"""Coverage: which closed hours are due for their record. Pure.

An hour is closed when the deepest sweep has run so late that nothing within its tolerance can
still appear for it, and no window over it is open. Then one more reading compares what Slack
shows of it with what was delivered, and the record says what came of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slack_audit_input.engine.delivered import HOUR
from slack_audit_input.engine.plan import asked
from slack_audit_input.engine.spans import Stretch, united, within, without
from slack_audit_input.engine.sweeps import Level
from slack_audit_input.model.ledger import Ledger, Span

#: Seconds below the ledger's floor for which the index waits for an hour's record. A minute that
#: is sealed before can be compared by count and digest only.
KEPT_FOR_COVERAGE = 2 * 86_400


def tolerance(levels: Sequence[Level]) -> int:
    """Lateness, in seconds, up to which an event is certain to be found by a sweep."""
    return levels[-1].depth - levels[-1].period


def closed_up_to(swept: Sequence[int], levels: Sequence[Level]) -> int:
    """The newest hour (unix hours) for which nothing within the tolerance can still appear."""
    return (swept[-1] - tolerance(levels) + 1) // HOUR - 1


def hours_of(stretches: Iterable[Stretch]) -> tuple[Span, ...]:
    """The hours (unix hours) that stretches of seconds touch, oldest first."""
    return united(Span(s.oldest // HOUR, s.latest // HOUR) for s in stretches)


def seconds_of(hours: Span) -> Span:
    """The seconds of a span of hours."""
    return Span(hours.oldest * HOUR, hours.latest * HOUR + HOUR - 1)


def due(ledger: Ledger, levels: Sequence[Level]) -> tuple[Span, ...]:
    """The hours that wait for their record, as spans of hours, oldest first."""
    last = closed_up_to(ledger.swept, levels)
    not_due = (*ledger.covered, *hours_of(ledger.windows))
    return tuple(
        piece
        for span in hours_of(asked(ledger))
        if span.oldest <= last
        for piece in without(Span(span.oldest, min(span.latest, last)), not_due)
    )


def to_read(ledger: Ledger, hours: Span) -> tuple[Span, ...]:
    """The seconds of ``hours`` that were asked for, oldest first."""
    return tuple(within(seconds_of(hours), united(asked(ledger))))


def waited_for(ledger: Ledger) -> tuple[Span, ...]:
    """Seconds below the floor whose minutes stay in the index until their record is written."""
    oldest = (ledger.floor - KEPT_FOR_COVERAGE) // HOUR
    return tuple(map(seconds_of, without(Span(oldest, ledger.floor // HOUR), ledger.covered)))


def covered(ledger: Ledger, hours: Iterable[int]) -> Ledger:
    """The ledger with ``hours`` as those that have their record."""
    return ledger._replace(covered=united((*ledger.covered, *(Span(h, h) for h in hours))))


def waived(ledger: Ledger, *stretches: Stretch) -> Ledger:
    """The ledger without a duty to write records for the hours that ``stretches`` touch."""
    return ledger._replace(covered=united((*ledger.covered, *hours_of(stretches))))


def uncovered(ledger: Ledger, hours: Iterable[Span]) -> Ledger:
    """The ledger with ``hours`` due again: something came to them after their record."""
    again = tuple(hours)
    left = tuple(piece for span in ledger.covered for piece in without(span, again))
    return ledger if left == ledger.covered else ledger._replace(covered=left)
