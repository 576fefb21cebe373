# SPDX-License-Identifier: Apache-2.0
"""What a fault does to an answer.

Pure. Entries that a fault adds come on top of the page's own, so that whatever an organization has
stays complete; they are counted as extra entries.
"""

from __future__ import annotations

import json
import random
import uuid
from typing import NamedTuple

from slack_audit_input.emulator.answers import (
    GLITCH,
    HTML,
    JSON,
    Answer,
    answer,
    dump,
    error,
    rate_limited,
)
from slack_audit_input.emulator.faults import Fault

_NOT_OBJECTS = ("null", "7", '"an entry"', "[]", "true", "[{}]", "1e400")
_ODD = (
    ',"odd":{"nan":NaN,"infinity":-Infinity,"surrogate":"\\ud83d","noncharacter":"\\uffff",'
    '"large":123456789012345678901234567890,"tiny":1e-999,"huge":1e999}}'
)

# 0xFF and 0xFE occur in no UTF-8; 0xC3 has its second byte missing.
_NOT_UTF8 = ',"not_utf8":"\xff\xfe \xc3"}'


class Envelope(NamedTuple):
    """A page on its way out: entries as JSON text; the cursor to itself, and to what follows.

    `following` None: nothing follows. `extras`: how many entries a fault has added.
    """

    texts: list[str]
    itself: str
    following: str | None
    extras: int = 0


def instead(fault: Fault) -> Answer | None:
    """The answer that comes in the place of a page, or None if the fault changes the page."""
    kind = fault.kind
    if kind == "rate_limited":
        return rate_limited(fault.value or "5")
    if kind == "not_ok":
        return answer(200, dump({"ok": False, "error": fault.value or "internal_error"}))
    if kind == "redirect":
        # A name that can never be registered.
        there = fault.value or "https://elsewhere.invalid/audit/v1/logs"
        return answer(302, b"", HTML, Location=there)
    if kind == "hang":
        return Answer(0, {}, b"", manner="hang")
    return {
        "http_500": error(500, "internal_error"),
        "http_502": answer(502, b"", HTML),
        "http_503": answer(503, GLITCH, HTML),
        "empty": answer(200, b"", JSON),
        "html": answer(200, GLITCH, HTML),
    }.get(kind)


def page(fault: Fault, given: Envelope, chance: random.Random) -> Envelope:
    """The page as the fault leaves it."""
    kind = fault.kind
    if kind == "empty_page":
        return given._replace(texts=[], following=given.itself)
    if kind == "same_cursor":
        return given._replace(following=given.itself)
    if kind == "lost_cursor":
        return given._replace(following=None)
    if kind in ("not_objects", "no_id", "no_date"):
        added = _added(kind, given.texts, chance)
        texts = list(given.texts)
        for text in added:
            texts.insert(chance.randint(0, len(texts)), text)
        return given._replace(texts=texts, extras=len(added))
    if not given.texts:
        return given
    if kind == "unsorted":
        return given._replace(texts=chance.sample(given.texts, len(given.texts)))
    more = {"odd_values": _ODD, "not_utf8": _NOT_UTF8}.get(kind, "")
    if kind == "huge_entry":
        more = f',"huge":"{"x" * int(fault.number(50_000_000))}"}}'
    texts = list(given.texts)
    where = chance.randrange(len(texts))
    texts[where] = _with(texts[where], more) if more else texts[where]
    return given._replace(texts=texts)


def sending(fault: Fault, given: Answer) -> Answer:
    """The answer, to be sent in the manner of the fault."""
    if fault.kind in ("cut", "reset"):
        return given._replace(manner=fault.kind)
    if fault.kind == "drip":
        return given._replace(manner="drip", pace=fault.number(5))
    if fault.kind == "slow_start":
        return given._replace(delay=given.delay + fault.number(5))
    return given


def _with(text: str, more: str) -> str:
    """An entry with keys added at its end; an entry that is no object stays as it is."""
    body = text.rstrip()
    return body[:-1].rstrip() + more if body.endswith("}") and len(body) > 2 else text


def _added(kind: str, texts: list[str], chance: random.Random) -> list[str]:
    if kind == "not_objects":
        return chance.sample(_NOT_OBJECTS, 3)
    entry = {"date_create": 1, "action": "user_login"}
    for text in texts:
        try:
            found = json.loads(text.encode("latin-1"))
        except ValueError:
            continue
        if isinstance(found, dict):
            entry = found
            break
    entry = dict(entry)
    if kind == "no_id":
        entry.pop("id", None)
    else:
        entry.pop("date_create", None)
        entry["id"] = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    return [dump(entry).decode("latin-1")]
