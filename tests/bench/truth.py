# SPDX-License-Identifier: Apache-2.0
"""Whether what was delivered is what there is: the emulator's truth against a file of lines."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from tests.bench.children import Emulator


class Truth(NamedTuple):
    """How many entries a stretch has, and the digest of their ids."""

    oldest: int
    latest: int
    entries: int
    digest: str


class Difference(NamedTuple):
    """Entries of the truth that are not there, and lines too many."""

    lost: int = 0
    repeated: int = 0

    def plus(self, other: Difference) -> Difference:
        """Both together."""
        return Difference(self.lost + other.lost, self.repeated + other.repeated)


def truth(emulator: Emulator, oldest: int, latest: int) -> Truth:
    """Of the seconds `oldest` to `latest`, both included."""
    got = emulator.control(f"truth/summary?oldest={oldest}&latest={latest}")
    return Truth(oldest, latest, got["count"], got["digest"])


def compare(emulator: Emulator, wanted: Truth, lines: Path) -> Difference:
    """Every id in a file of NDJSON against the truth.

    Count and digest, in which order does not count but repetition does, say whether they are the
    same; only if not are the ids themselves compared, which takes memory.
    """
    count = total = 0
    with lines.open("rb") as file:
        for line in file:
            count += 1
            total += int.from_bytes(hashlib.sha256(_id(line)).digest()[:16], "big")
    if (count, f"{total % 2**128:032x}") == (wanted.entries, wanted.digest):
        return Difference()
    there: set[bytes] = set()
    with emulator.open(
        "GET", f"/control/truth?oldest={wanted.oldest}&latest={wanted.latest}"
    ) as answer:
        there.update(json.loads(row)["id"].encode() for row in answer)
    with lines.open("rb") as file:
        delivered = set(map(_id, file))
    # What was never there counts as too much.
    return Difference(len(there - delivered), count - len(there & delivered))


def _id(line: bytes) -> bytes:
    name: str = json.loads(line)["id"]
    return name.encode()
