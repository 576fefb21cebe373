# SPDX-License-Identifier: Apache-2.0
"""The ledger as JSON text, and back. A text that is not one is refused, never guessed at."""

from __future__ import annotations

import json
from typing import Any

from slack_audit_input.engine.coverage import hours_of
from slack_audit_input.engine.plan import asked
from slack_audit_input.model.errors import StoreError
from slack_audit_input.model.ledger import KINDS, Ledger, Span, Window

#: Of the ledger's text. A newer one is refused: it may know duties that this version does not.
FORMAT = 1


def to_json(ledger: Ledger) -> str:
    """The ledger as one line of JSON. ``turn`` stays behind: it counts within a process."""
    return json.dumps(
        {
            "format": FORMAT,
            "start": ledger.start,
            "head": ledger.head,
            "floor": ledger.floor,
            "earlier": [list(span) for span in ledger.earlier],
            "windows": [[w.oldest, w.latest, w.kind, w.known, w.level] for w in ledger.windows],
            "swept": list(ledger.swept),
            "covered": [list(span) for span in ledger.covered],
        },
        separators=(",", ":"),
    )


def from_json(text: str) -> Ledger:
    """The ledger that ``to_json`` wrote.

    Raises StoreError, with what is wrong, on anything else: a checkpoint that cannot be read
    is not an empty one.
    """
    try:
        data = json.loads(text)
        found = data["format"]
        if found != FORMAT:
            raise StoreError(
                f"the checkpoint has format {str(found)[:40]}, this version reads {FORMAT}: use "
                "the version that wrote it, or a newer one"
            )
        ledger = Ledger(
            start=_second(data["start"]),
            head=_second(data["head"]),
            earlier=tuple(Span(_second(o), _second(n)) for o, n in data["earlier"]),
            windows=tuple(_window(row) for row in data["windows"]),
            swept=tuple(_second(s) for s in data["swept"]),
            floor=_second(data["floor"]),
        )
        ledger = ledger._replace(covered=_covered(ledger, data.get("covered")))
        _check(ledger)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise StoreError(
            f"the checkpoint is not readable ({reason}); it is left as it is"
        ) from None
    return ledger


def _second(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r} is not a whole second")
    return value


def _window(row: Any) -> Window:
    oldest, latest, kind, known, level = row
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of window")
    return Window(_second(oldest), _second(latest), kind, _second(known), _second(level))


def _covered(ledger: Ledger, rows: Any) -> tuple[Span, ...]:
    """The hours with a record. A text of before there were any begins with those to come."""
    if rows is None:
        return hours_of(asked(ledger))
    return tuple(Span(_second(first), _second(last)) for first, last in rows)


def _check(ledger: Ledger) -> None:
    if not ledger.swept:
        raise ValueError("no sweep level")
    for spans in (ledger.earlier, ledger.windows, ledger.covered):
        _check_spans([Span(span.oldest, span.latest) for span in spans])


def _check_spans(spans: list[Span]) -> None:
    for span in spans:
        if span.seconds <= 0:
            raise ValueError(f"a stretch ends before it begins: {span.oldest}..{span.latest}")
    for before, after in zip(spans, spans[1:]):
        if after.oldest <= before.latest:
            raise ValueError(f"two stretches overlap at {after.oldest}")
