# SPDX-License-Identifier: Apache-2.0
"""Random material of which everything in the organization is made: ids, names, words, addresses.

Pure: the same key always gives the same material.
"""

from __future__ import annotations

import json
import random
import string
from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")

_CODE = string.digits + string.ascii_uppercase
_FIRST = (
    "Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Femi", "Grace", "Hiro", "Inès", "Jürgen", "Katya",
    "Liam", "Mei", "Noor", "Olu", "Priya", "Quentin", "Rosa", "Søren", "Tomás", "Uma", "Viktor",
    "Wanjiru", "Ximena", "Yusuf", "Zoë", "明美", "Οδυσσέας", "🦊 Kai",
)  # fmt: skip
_LAST = (
    "Okafor", "Nguyen", "Müller", "Rossi", "Ivanova", "Smith", "Tanaka", "García", "Kowalski",
    "Haddad", "Larsen", "Moreau", "O'Neil", "Şahin", "Costa", "Mwangi", "Patel", "Andersson",
    "Weber", "佐藤", "Novák", "de la Cruz", 'Zhang "Z" Wei', "Brown",
)  # fmt: skip
_WORDS = (
    "launch", "budget", "incident", "roadmap", "hiring", "onboarding", "design", "payroll", "sales",
    "quarterly", "review", "support", "security", "billing", "notes", "plan", "metrics", "random",
    "général", "übersicht", "データ", "release", "api", "migration", "legal", "contract",
    "forecast", "retro", "standup", "research", "partner", "events", "🚀", "campaign", "vendor",
    "audit",
)  # fmt: skip


def encode(value: object, slashes: bool = True) -> str:
    r"""Write `value` as compact JSON in ASCII, with `\/` for each slash unless told otherwise.

    So does PHP, and so do the samples in Slack's documentation.
    """
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("/", "\\/") if slashes else text


class Material:
    """A source of random material under a key."""

    def __init__(self, *key: object) -> None:
        # Text as seed is hashed, so keys that differ in one character have nothing in common.
        self.random = random.Random("|".join(map(str, key)))

    def one(self, of: Sequence[T]) -> T:
        """One of a sequence."""
        return of[int(self.random.random() * len(of))]

    def some(self, of: Sequence[T], most: int, least: int = 0) -> list[T]:
        """A list of `least` to `most` different ones of a sequence."""
        return self.random.sample(of, min(len(of), self.number(least, most)))

    def chance(self, share: float) -> bool:
        """True in this share of all cases."""
        return self.random.random() < share

    def number(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return least + int(self.random.random() * (most - least + 1))

    def code(self, prefix: str, length: int = 10) -> str:
        """An id as Slack makes them: a prefix that tells the type, digits and capitals."""
        return prefix + "".join(self.random.choices(_CODE, k=length))

    def hexadecimal(self, length: int) -> str:
        """Lower-case hexadecimal digits."""
        return f"{self.random.getrandbits(4 * length):0{length}x}"

    def ids(self, prefix: str, most: int = 4, least: int = 0) -> list[str]:
        """A list of ids."""
        return [self.code(prefix) for _ in range(self.number(least, most))]

    def first_name(self) -> str:
        """A first name, in any script."""
        return self.one(_FIRST)

    def last_name(self) -> str:
        """A last name, in any script."""
        return self.one(_LAST)

    def words(self, count: int, between: str = " ") -> str:
        """A few words, also such with accents, in other scripts, and an emoji beyond 16 bit."""
        return between.join(self.one(_WORDS) for _ in range(count))

    def address(self) -> str:
        """An IP address of the outside world, one in eight of version 6."""
        if self.chance(0.125):
            return f"2001:db8:{self.hexadecimal(4)}::{self.hexadecimal(4)}"
        first = self.one((3, 18, 34, 52, 80, 81, 93, 109, 145, 178, 185, 198, 203, 212))
        return f"{first}.{self.number(0, 255)}.{self.number(0, 255)}.{self.number(1, 254)}"

    def message_time(self) -> str:
        """A message's time stamp: seconds, a dot and six digits, as text."""
        return f"{self.number(1_500_000_000, 1_790_000_000)}.{self.number(0, 999_999):06d}"

    def shuffled(self, value: dict[str, Any], share: float = 0.15) -> dict[str, Any]:
        """The same object, with its keys in another order in this share of cases."""
        if not self.chance(share):
            return value
        keys = list(value)
        self.random.shuffle(keys)
        return {key: value[key] for key in keys}
