# SPDX-License-Identifier: Apache-2.0
"""Foreign bytes: good ones, damaged in the ways that damage happens or is done on purpose.

Every example is small but for a few fragments that are long on purpose: numbers of more digits than
Python converts, and nesting deeper than it recurses. Those are what parsers die of.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from slack_audit_input.model.errors import CollectorError
from tests.strategies import json_values

#: A reader of a few kilobytes that is busy for this long hangs, on however busy a machine.
fuzzed = settings(
    deadline=timedelta(seconds=10),
    max_examples=120,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
#: For a reader that never comes back at all. It ends the whole run, with every thread's traceback:
#: an exception would be a failing example to Hypothesis, and be tried again, for ever.
hangs = pytest.mark.timeout(60, method="thread")

#: Longest message of an error: whatever came in, a line for a person stays a line.
WORDS_MOST = 2000

_DEEP = b"[" * 3000 + b"]" * 3000
#: Raw JSON where a value should stand; the last three are none.
RAW = (
    *(b"NaN", b"-Infinity", b"1e999", b"-1", b"0", b"1.5", b"true", b"null", b'""', b"[]", b"{}"),
    *(b"9" * 30, b"9" * 400, b"9" * 5000, b"1" + b"0" * 12),
    *(b'"\\ud800"', '"²"'.encode(), b'"-1"', b'"9e99"', b'"' + b"x" * 3000 + b'"'),
    *(_DEEP, b'{"a":' * 3000 + b"1" + b"}" * 3000, _DEEP[:500] + _DEEP[-500:]),
    *(b'"\xff"', b"[" * 3000, b'{"a"'),
)
_PIECES = (
    *(b'"', b"{", b"[", b"]", b"}", b",", b":", b"\\", b"\\ud800", b"\\u12", b"\xff", b"\xc3\x28"),
    *(
        b"\x00",
        b"\n",
        b"\r",
        b"\x1b[2J",
        b"<",
        b">",
        b"&",
        b"=",
        b"'",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
    ),
    *RAW,
)


def damaged(good: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Good bytes after up to four cuts and insertions anywhere; and bytes that never were good."""
    return _damaged(good) | st.binary(max_size=60) | st.sampled_from(_PIECES)


@st.composite
def _damaged(draw: st.DrawFn, good: st.SearchStrategy[bytes]) -> bytes:
    raw = bytearray(draw(good))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(raw)))
        end = at + draw(st.sampled_from([0, 0, 1, 2, 5, 40]))
        raw[at:end] = draw(st.sampled_from(_PIECES) | st.binary(max_size=4))
    return bytes(raw)


@st.composite
def odd_json(draw: st.DrawFn, document: Any) -> bytes:
    """``document`` as JSON, with up to three of its values replaced, taken out or doubled."""
    document = json.loads(json.dumps(document))
    raws: list[bytes] = []
    for _ in range(draw(st.integers(0, 3))):
        place, key = _somewhere(draw, document)
        if place is None:
            continue
        what = draw(st.sampled_from(["raw", "raw", "value", "gone"]))
        if what == "gone":
            del place[key]
        elif what == "value":
            place[key] = draw(json_values)
        else:
            raws.append(draw(st.sampled_from(RAW)))
            place[key] = f"@raw {len(raws) - 1}@"
    text = json.dumps(document).encode("utf-8", "surrogatepass")
    for number, raw in enumerate(raws):
        text = text.replace(b'"@raw %d@"' % number, raw)
    return text


def _somewhere(draw: st.DrawFn, document: Any) -> tuple[Any, Any]:
    """A container within the document, and the key or index of one of its values."""
    place, key = None, None
    here = document
    while isinstance(here, (dict, list)) and here:
        keys = sorted(here) if isinstance(here, dict) else list(range(len(here)))
        place, key = here, draw(st.sampled_from(keys))
        here = here[key]
        if draw(st.integers(0, 3)) == 0:
            break
    return place, key


def check_words(error: Exception) -> None:
    """An error of ours, whose words a log can take: short, and on one line."""
    text = str(error)
    assert text
    assert len(text) < WORDS_MOST, len(text)
    assert "\n" not in text, text


def value_or_error(read: Any, *arguments: Any) -> Any:
    """What ``read`` returns, or None after an error that says what to do. Others go through."""
    try:
        return read(*arguments)
    except CollectorError as error:
        check_words(error)
        return None
