# SPDX-License-Identifier: Apache-2.0
"""Keys: 64 bits that stand for an entry's id in the delivered index."""

from __future__ import annotations

import sys
from array import array
from hashlib import blake2b
from itertools import repeat
from operator import add, mod, mul

#: Far from any pattern in an id: 2 to the power of 64, divided by the golden ratio.
_SPREAD = 0x9E3779B97F4A7C15
#: The largest prime below 2 to the power of 64.
_PRIME = (1 << 64) - 59


def keys_of(ids: list[str]) -> list[int]:
    """64 bits for each id: the two halves of a UUID folded together, or a hash of anything else.

    Both halves count, because in some UUID versions one of them is nearly constant. They are
    folded as ``first * _SPREAD + second`` modulo a prime: with a plain xor, ids whose halves
    are equal (1111…, 2222…) would all have the key 0. All ids of a page are converted in one
    go, and only if every one is a canonical lower-case UUID.
    """
    joined = "".join(ids)
    if ids and set(map(len, ids)) == {36} and joined == joined.lower():
        dashes = "-" * len(ids)
        bare = joined.replace("-", "")
        if len(bare) == 32 * len(ids) and all(joined[i::36] == dashes for i in (8, 13, 18, 23)):
            try:
                raw = bytes.fromhex(bare)
            except ValueError:
                raw = b""
            # fromhex passes over blanks, and a blank is not a digit.
            if len(raw) == 16 * len(ids):
                halves = array("Q", raw)
                if sys.byteorder == "big":  # states go from machine to machine
                    halves.byteswap()
                spread = map(mul, halves[0::2], repeat(_SPREAD))
                return list(map(mod, map(add, spread, halves[1::2]), repeat(_PRIME)))
    if len(ids) > 1:
        return [keys_of([one])[0] for one in ids]
    return [hash_of(one) for one in ids]


def hash_of(text: str) -> int:
    """64 bits of BLAKE2b over any text, lone surrogates included."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
