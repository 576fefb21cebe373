# SPDX-License-Identifier: Apache-2.0
"""The truth: what the organization has, against which a collector's output is compared.

Pure.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from slack_audit_input.emulator.organization import Organization


class TruthRow(NamedTuple):
    """One entry: its id (None for one without), its second, from when on it is visible."""

    id: str | None
    second: int
    visible_at: float


@dataclass(frozen=True)
class Summary:
    """How many entries there are, and a digest of their ids in which order does not count.

    `digest`: the sum of the first 16 bytes of the SHA-256 of each id's UTF-8, read as big-endian
    numbers, modulo 2**128, as 32 hexadecimal digits. An id that is there twice counts twice; an
    entry without id counts in `without_id` and not in the digest. `oldest`, `newest`: the seconds
    of the first and last entry, None if there are none.
    """

    count: int
    digest: str
    without_id: int
    oldest: int | None
    newest: int | None


def truth(
    organization: Organization, oldest: int, latest: int, now: float | None = None
) -> Iterator[TruthRow]:
    """Every entry of the seconds `oldest` to `latest`, both included, newest second first.

    `now`: only those that are visible by then; None: also those that are not.
    """
    for block, start, stop in organization.pieces(latest, oldest):
        columns = (block.ids(), block.seconds, block.visible())
        for row in map(TruthRow, *(column[start:stop] for column in columns)):
            if now is None or row.visible_at <= now:
                yield row


def summary(rows: Iterable[TruthRow]) -> Summary:
    """Count and digest of rows."""
    count = total = without = 0
    oldest, newest = math.inf, -math.inf
    for name, second, _ in rows:
        count += 1
        oldest, newest = min(oldest, second), max(newest, second)
        if name is None:
            without += 1
        else:
            total += part_of_digest(name)
    ends = (int(oldest), int(newest)) if count else (None, None)
    return Summary(count, f"{total % 2**128:032x}", without, *ends)


def part_of_digest(name: str) -> int:
    """What one id adds to a digest."""
    return int.from_bytes(
        hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:16], "big"
    )
