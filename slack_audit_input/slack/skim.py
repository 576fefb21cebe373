# SPDX-License-Identifier: Apache-2.0
"""A page skimmed by msgspec: three fields of each entry are made, all the rest is only checked.

The quickest of the three ways to read a page, and the strictest: every byte of an entry goes
through a JSON parser, which refuses more than the standard one does (raw control characters,
NaN). It needs a compiled package, so that Splunk's Python does without it; ``slack.seams`` and
``slack.entries`` read what this one refuses, and a test holds the three against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from slack_audit_input.slack.entries import Entries

#: How every page begins that this can read.
_HEAD = b'{"entries":['
_SEAM = b'},{"'
#: How an entry begins, behind its ``{"``, in either order of Slack's. What begins so in the
#: middle of an entry makes a batch that is no JSON, and the page is read another way.
_begins = re.compile(
    rb'id":"[^"\\]*","date_create":[0-9]+,"action":"|action":"[^"\\]*","actor":\{'
).match
#: Bytes without an end of an entry that are kept: one of 50 MB is for another way.
_REST_MOST = 4 << 20
#: Seams looked at, from a batch's end, for one between two entries.
_SEAMS_MOST = 1000


class _Fields(msgspec.Struct, gc=False):
    """What is needed of an entry. msgspec takes neither 1.0 nor true for an int."""

    id: str
    date_create: int
    action: str


_fields = msgspec.json.Decoder(list[_Fields]).decode
_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode


def skim(chunks: Iterable[bytes], entries: Entries) -> str | None:
    """Take the entries of a page but for the last ones; what is left, as the text of a page.

    ``chunks``: the page's bytes, some at a time. None: this page must be read another way;
    ``entries`` has taken nothing then. Raises what ``chunks`` raises.
    """
    rest = b""
    began = False
    found: list[_Fields] = []
    texts: list[str] = []
    try:
        for chunk in chunks:
            # A raw line break would break the sink's lines: `slack.entries` takes it out.
            if b"\n" in chunk or b"\r" in chunk:
                return None
            rest += chunk
            if not began:
                if not rest.startswith(_HEAD):
                    return None
                began = True
                rest = rest[len(_HEAD) :]
            end = _last_end(rest)
            if end:
                batch = b"".join((b"[", memoryview(rest)[:end], b"]"))
                found += _fields(batch)
                texts += [str(raw, "utf-8") for raw in _raws(batch)]
                rest = rest[end + 1 :]
            elif len(rest) > _REST_MOST:
                return None
        if found:
            ids, dates = [entry.id for entry in found], [entry.date_create for entry in found]
            if not entries.take_typed(ids, dates, [entry.action for entry in found], texts):
                return None
        return (_HEAD + rest).decode() if began else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _last_end(text: bytes) -> int:
    """Where the last entry ends of which the next one can be seen; 0 if there is none."""
    seam = len(text)
    for _ in range(_SEAMS_MOST):
        seam = text.rfind(_SEAM, 0, seam)
        if seam < 0:
            break
        if _begins(text, seam + len(_SEAM)):
            return seam + 1
    return 0
