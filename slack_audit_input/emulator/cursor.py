# SPDX-License-Identifier: Apache-2.0
"""The cursor: base64 text that holds a time and, as seen live, neither window nor filters.

Pure. Slack's exact layout is not known. This one holds the second where the next page begins, how
many of its entries came before, when it was issued (cursors age), and a mark against gibberish.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib

from slack_audit_input.emulator.pages import Place

_LAYOUT = re.compile(r"(\d{1,12}):(\d{1,12}):(\d{1,17}):([0-9a-f]{8}):*")


def write(place: Place, issued: float, seed: int) -> str:
    """A cursor for `place`, issued at unix time `issued` by organization `seed`."""
    body = f"{place.second}:{place.offset}:{int(issued * 1000)}"
    text = f"{body}:{_mark(body, seed)}"
    # Slack's cursors typically end in =, which clients must encode in a URL.
    if len(text) % 3 == 0:
        text += ":"
    return base64.b64encode(text.encode()).decode()


def read(cursor: str, now: float, seed: int, lifetime: float) -> Place:
    """The place that a cursor stands for.

    Raises ValueError for gibberish, for a cursor of another organization, and for one that is
    older than `lifetime` seconds at unix time `now`.
    """
    try:
        text = base64.b64decode(cursor.encode("ascii"), validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        raise ValueError("the cursor is not base64 text") from None
    found = _LAYOUT.fullmatch(text)
    if found is None or _mark(text.rpartition(found[4])[0][:-1], seed) != found[4]:
        raise ValueError("the cursor was not made here")
    if now - int(found[3]) / 1000 > lifetime:
        raise ValueError("the cursor is too old")
    return Place(int(found[1]), int(found[2]))


def _mark(body: str, seed: int) -> str:
    return f"{zlib.crc32(f'{seed}|{body}'.encode()):08x}"
