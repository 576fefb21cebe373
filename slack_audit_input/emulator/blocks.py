# SPDX-License-Identifier: Apache-2.0
"""A block: the entries of a short stretch of time, newest first, in columns.

Pure. A synthetic block is a function of (seed, stream, number of the block), so that no history
is ever held: it is made when asked for. A listed block holds entries that came from elsewhere.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from slack_audit_input.emulator.content import MARK, Content
from slack_audit_input.emulator.people import PEOPLE, Person
from slack_audit_input.emulator.spread import Lateness, most_late

_UNIT = 1 / 2**32


class Traits(NamedTuple):
    """What Slack filters by: action, id of the actor, id of the entity."""

    action: str
    actor: str
    entity: str


class Wanted(NamedTuple):
    """A filter: actions (None for all), actor, entity ("" for all); all must hold."""

    actions: frozenset[str] | None = None
    actor: str = ""
    entity: str = ""

    def takes(self, traits: Traits) -> bool:
        """Whether an entry passes."""
        return (
            (self.actions is None or traits.action in self.actions)
            and (not self.actor or traits.actor == self.actor)
            and (not self.entity or traits.entity == self.entity)
        )


EVERYTHING = Wanted()


class Block(Protocol):
    """Entries in columns of one length, newest second first.

    `seconds`: when each happened, unix. `settled`: from this moment on all of them are visible.
    """

    seconds: Sequence[int]
    settled: float

    def visible(self) -> Sequence[float]:
        """When each becomes visible, unix with fraction, never before it happened."""

    def ids(self) -> Sequence[str | None]:
        """Each one's id; None for an entry that has none."""

    def texts(self) -> Sequence[str]:
        """Each one's JSON; a character stands for a byte (latin-1), so any bytes may be in it."""

    def traits(self, position: int) -> Traits:
        """What the entry at `position` is filtered by."""

    def which(self, wanted: Wanted, start: int, stop: int) -> list[int]:
        """Positions from `start` up to `stop` that pass a filter."""


class ListedBlock(Block):
    """Entries that are held as they are: replayed, added by hand, or merged from several blocks."""

    def __init__(self, rows: Sequence[tuple[int, float, str | None, str, Traits]]) -> None:
        """`rows`: (second, visible from, id, text, traits), newest second first."""
        self.seconds = [row[0] for row in rows]
        self._rows = rows
        self.settled = max((row[1] for row in rows), default=0.0)

    def visible(self) -> Sequence[float]:
        """When each becomes visible."""
        return [row[1] for row in self._rows]

    def ids(self) -> Sequence[str | None]:
        """Each one's id."""
        return [row[2] for row in self._rows]

    def texts(self) -> Sequence[str]:
        """Each one's JSON."""
        return [row[3] for row in self._rows]

    def traits(self, position: int) -> Traits:
        """What the entry at `position` is filtered by."""
        return self._rows[position][4]

    def which(self, wanted: Wanted, start: int, stop: int) -> list[int]:
        """Positions that pass a filter."""
        return [i for i in range(start, stop) if wanted.takes(self._rows[i][4])]


class SyntheticBlock(Block):
    """Entries that are made from random numbers, those from a hash of the block's key."""

    def __init__(
        self,
        content: Content,
        key: str,
        start: int,
        width: int,
        count: int,
        clip: tuple[int, int],
        lateness: tuple[Lateness, ...],
    ) -> None:
        """`count` entries in the `width` seconds from `start`; kept are those within `clip`.

        `clip` is (first second, first second after): what is kept does not depend on it.
        """
        words = struct.unpack(
            f"<{5 * count}I", hashlib.shake_128(f"{key}|words".encode()).digest(20 * count)
        )
        times = sorted(words[:count], reverse=True)
        seconds = [start + (time * width >> 32) for time in times]
        first = 0
        while first < count and seconds[first] >= clip[1]:
            first += 1
        last = count
        while last > first and seconds[last - 1] < clip[0]:
            last -= 1
        self._content = content
        self._ids_of = hashlib.shake_128(f"{key}|ids".encode()).hexdigest(16 * count)
        self._first = first
        self._base = (start, width)
        self._lateness = lateness
        self.seconds = seconds[first:last]
        self.settled = start + width + most_late(lateness)
        self._times = times[first:last]
        slots = content.slots
        self._actions = [slots[word & 0xFFFF] for word in words[count + first : count + last]]
        self._who = words[2 * count + first : 2 * count + last]
        self._what = words[3 * count + first : 3 * count + last]
        self._late = words[4 * count + first : 4 * count + last]
        self._texts: list[str] | None = None

    def visible(self) -> Sequence[float]:
        """When each becomes visible."""
        start, width = self._base
        found = [start + time * width * _UNIT for time in self._times]
        least = 0
        for late in self._lateness:
            most = least + int(late.share * 2**32)
            for i, word in enumerate(self._late):
                if least <= word < most:
                    # Independent of the content: a multiplicative hash of two other words.
                    share = (self._who[i] * 2654435761 + self._what[i]) % 2**32 * _UNIT
                    found[i] += late.delay.at(share)
            least = most
        return found

    def ids(self) -> Sequence[str | None]:
        """Each one's id."""
        digits, at = self._ids_of, 32 * self._first
        return [
            f"{digits[k : k + 8]}-{digits[k + 8 : k + 12]}-4{digits[k + 13 : k + 16]}-"
            f"{'89ab'[k // 32 & 3]}{digits[k + 17 : k + 20]}-{digits[k + 20 : k + 32]}"
            for k in range(at, at + 32 * len(self.seconds), 32)
        ]

    def traits(self, position: int) -> Traits:
        """What the entry at `position` is filtered by."""
        number = self._actions[position]
        content = self._content
        person = content.actor(number, self._who[position])
        pool = content.subject(number)
        subject = pool[self._what[position] % len(pool)]
        entity = subject.id if subject.entity else person.id
        return Traits(content.actions[number].name, person.id, entity)

    def which(self, wanted: Wanted, start: int, stop: int) -> list[int]:
        """Positions that pass a filter."""
        found: Iterable[int] = range(start, stop)
        if wanted.actions is not None:
            numbers = {
                number
                for number, action in enumerate(self._content.actions)
                if action.name in wanted.actions
            }
            of = self._actions
            found = [i for i in found if of[i] in numbers]
        if not wanted.actor and not wanted.entity:
            return list(found)
        return [i for i in found if wanted.takes(self.traits(i))]

    def texts(self) -> Sequence[str]:
        """Each one's JSON."""
        # The hot path of a benchmark: one format a row, everything else was made before.
        if self._texts is not None:
            return self._texts
        content = self._content
        names, subjects, special = content.names, content.subjects, content.special
        people: list[Person | None] = content.people
        found: list[str] = []
        add = found.append
        rows = zip(self.ids(), self.seconds, self._actions, self._who, self._what)
        for name, second, number, who, what in rows:
            pool = subjects[number] or content.subject(number)
            _, entity, details, marked = pool[what % len(pool)]
            if number in special:
                person = content.actor(number, who)
            else:
                k = (who & 0xFFFF) * (who >> 16) * PEOPLE >> 32
                person = people[k] or content.person(k)
            contexts = person[3]
            context = contexts[(what >> 24) % len(contexts)]
            if marked:
                # 0.5 to 60 s before the entry, as captures have it.
                micro = second * 1_000_000 - 500_000 - who % 59_500_000
                details = details.replace(MARK, str(micro))
            if what & 0xE00000:
                add(
                    f'{{"id":"{name}","date_create":{second},"action":{names[number]},'
                    f'"actor":{person[1]},"entity":{entity or person[2]},"context":{context}'
                    f"{details}}}"
                )
            else:
                # One in eight has its keys in the order of the alphabet.
                add(
                    f'{{"action":{names[number]},"actor":{person[1]},"context":{context},'
                    f'"date_create":{second}{details},"entity":{entity or person[2]},'
                    f'"id":"{name}"}}'
                )
        self._texts = found
        return found
