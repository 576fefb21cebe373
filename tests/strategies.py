# SPDX-License-Identifier: Apache-2.0
"""What Hypothesis makes: JSON values, entries as Slack might send them, bodies of `/logs`."""

from __future__ import annotations

import json
import uuid
from typing import Any, NamedTuple

from hypothesis import strategies as st

#: Any text, lone surrogates and control characters included: JSON can carry them escaped.
any_text = st.text(st.characters(exclude_categories=()), max_size=12)
json_scalars: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | any_text | st.sampled_from(["/", ""])
)
json_values = st.recursive(
    json_scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3)  # as details
    ),
    max_leaves=8,
)
seconds = st.integers(1_500_000_000, 1_500_000_300)
uuids = st.builds(lambda number: str(uuid.UUID(int=number)), st.integers(0, (1 << 128) - 1))
ids = (
    uuids
    | uuids.map(str.upper)
    | st.sampled_from(["", "<id>", "1234 678-1234-1234-1234-123456789012", " " * 36, "-" * 36])
    | any_text
)
dates = (
    seconds
    | st.floats()
    | seconds.map(float)
    | seconds.map(str)
    | st.booleans()
    | st.none()
    | st.integers()
    | st.sampled_from(["", "-5", "²", "2023-01-01", "9" * 11, "9" * 30, 10**300, 1e300])
)


class Sent(NamedTuple):
    """A JSON value and the bytes that stand for it. ``pretty``: over several lines."""

    value: Any
    raw: bytes
    pretty: bool


@st.composite
def sent(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> Sent:
    """A value as some encoder of JSON writes it."""
    value = draw(values)
    style = draw(st.sampled_from([(None, ",", ":"), (None, ", ", ": "), (1, ",", " :")]))
    text = json.dumps(
        value,
        ensure_ascii=draw(st.booleans()),
        indent=style[0],
        separators=style[1:],
    )
    if draw(st.booleans()):
        text = text.replace("/", "\\/")  # as PHP does, and Slack with it
    raw = text.encode("utf-8", "surrogatepass")
    return Sent(value, raw, b"\n" in raw)


@st.composite
def entry_values(draw: st.DrawFn, usual: bool = False) -> Any:
    """An entry: nearly always an object, with its keys in any order. ``usual``: id and date."""
    if not usual and draw(st.integers(0, 9)) == 0:
        return draw(json_values)
    pairs = [
        ("id", draw(uuids if usual else st.one_of(ids, json_scalars))),
        ("date_create", draw(seconds if usual else dates)),
        ("action", draw(st.sampled_from(["user_login", "a.b"]) | json_scalars)),
        ("details", draw(json_values)),
    ]
    if not usual:
        pairs = draw(st.lists(st.sampled_from(pairs), unique_by=lambda pair: pair[0]))
    return dict(draw(st.permutations(pairs)))


spaces = st.text(" \t\n\r", max_size=3).map(str.encode)
metadata = st.sampled_from(
    [
        (None, "", False),
        (b"null", "", False),
        (b"[]", "", False),
        (b"{}", "", False),
        (b'{"next_cursor":null}', "", False),
        (b'{"next_cursor":""}', "", True),
        (b'{"messages":[],"next_cursor":"dGVhbTpDMDYxRkE1UEI="}', "dGVhbTpDMDYxRkE1UEI=", False),
        (b'{"next_cursor":"a\\/b=","warnings":["x"]}', "a/b=", False),
    ]
)


class Body(NamedTuple):
    """A body of ``/logs`` and what it says."""

    raw: bytes
    entries: list[Sent]
    next_cursor: str
    end_stated: bool


@st.composite
def bodies(draw: st.DrawFn, entries: st.SearchStrategy[Any] | None = None, most: int = 5) -> Body:
    """An envelope in any variant that has been seen, and some that have not."""
    inside = draw(st.lists(sent(entry_values() if entries is None else entries), max_size=most))
    pieces: list[bytes] = [draw(spaces) + one.raw + draw(spaces) for one in inside]
    keys = [b'"entries"%s:%s[%s]' % (draw(spaces), draw(spaces), b",".join(pieces) or b" ")]
    text, cursor, stated = draw(metadata)
    if text is not None:
        keys.append(b'"response_metadata":' + draw(spaces) + text)
    if draw(st.booleans()):
        keys.append(b'"ok":true')
    if draw(st.booleans()):
        keys.append(b'"extra":' + draw(sent(json_values)).raw)
    gap = draw(spaces)
    raw = gap + b"{" + gap + (gap + b"," + gap).join(draw(st.permutations(keys))) + gap + b"}" + gap
    return Body(raw, inside, cursor, stated)
