# SPDX-License-Identifier: Apache-2.0
"""Arithmetic on closed stretches of seconds: both ends belong to the stretch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from slack_audit_input.model.ledger import Span


class Stretch(Protocol):
    """Anything with two bounds: a Span, a Window, a Reading."""

    @property
    def oldest(self) -> int:
        """Its first second."""

    @property
    def latest(self) -> int:
        """Its last second."""


def overlap(a: Stretch, b: Stretch) -> bool:
    """Do two stretches share a second?"""
    return a.oldest <= b.latest and b.oldest <= a.latest


def without(span: Span, holes: Iterable[Stretch]) -> list[Span]:
    """What is left of ``span`` when every hole is cut out of it, oldest first."""
    left = [span]
    for hole in holes:
        if not overlap(span, hole):
            continue
        cut: list[Span] = []
        for piece in left:
            if not overlap(piece, hole):
                cut.append(piece)
                continue
            if piece.oldest < hole.oldest:
                cut.append(Span(piece.oldest, hole.oldest - 1))
            if piece.latest > hole.latest:
                cut.append(Span(hole.latest + 1, piece.latest))
        left = cut
    return left


def within(span: Span, bounds: Iterable[Stretch]) -> list[Span]:
    """The parts of ``span`` that lie in one of ``bounds``, oldest first."""
    parts = [
        Span(max(span.oldest, bound.oldest), min(span.latest, bound.latest))
        for bound in bounds
        if overlap(span, bound)
    ]
    return sorted(parts)


def united(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same seconds in as few stretches as possible, oldest first."""
    out: list[Span] = []
    for span in sorted(spans):
        if out and span.oldest <= out[-1].latest + 1:
            out[-1] = Span(out[-1].oldest, max(out[-1].latest, span.latest))
        else:
            out.append(span)
    return tuple(out)
