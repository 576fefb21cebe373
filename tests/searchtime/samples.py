# SPDX-License-Identifier: Apache-2.0
"""Events to try the mapping on: the emulator's of every action, and published ones beside it."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from slack_audit_input.emulator.content import MARK, Content

#: Published events, on machines that have them.
PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data"
SEED = 7
#: How many events of each action, at most as many as the emulator has different ones for.
EACH = 6


class Sample(NamedTuple):
    """One event: where it comes from, its action, its text."""

    source: str
    action: str
    text: str


@functools.lru_cache(maxsize=1)
def emulated() -> tuple[Sample, ...]:
    """Events of every action of the catalogue, and of the few that are newer, always the same."""
    return tuple(_emulated(Content(SEED)))


def published() -> Iterator[Sample]:
    """Published events with an action; none where the files are not there."""
    for path in sorted(PUBLISHED.glob("events.*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            action = json.loads(line).get("action") if line.strip() else None
            if action:
                yield Sample(path.name, action, line)


def _emulated(content: Content) -> Iterator[Sample]:
    for number, action in enumerate(content.actions):
        subjects = content.subject(number)
        for k in range(EACH):
            _, entity, details, marked = subjects[k % len(subjects)]
            second = 1_780_000_000 + 997 * number + k
            if marked:
                details = details.replace(MARK, str(second * 1_000_000 - 48_000_123))
            # Every person in turn, so that each odd one comes up.
            person = content.actor(number, (number * 7919 + k * 104_729) * 2_654_435_761 % 2**32)
            context = person.contexts[k % len(person.contexts)]
            yield Sample(
                "emulator",
                action.name,
                f'{{"id":"{number:08x}-0000-4000-8000-{k:012x}","date_create":{second},'
                f'"action":{content.names[number]},"actor":{person.actor},'
                f'"entity":{entity or person.entity},"context":{context}{details}}}',
            )
