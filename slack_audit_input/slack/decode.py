# SPDX-License-Identifier: Apache-2.0
"""From an answer's bytes to a Page: each entry with its own text, parsed no more than needed.

The host gets the slice of text that Slack sent. Pages as Slack usually writes them are skimmed
(``slack.skim``) where msgspec is installed, or cut up where their entries meet (``slack.seams``).
Any other entry is parsed once by the C scanner, which gives its object and where it ends; the
object serves id, second, action and the filters and is dropped at once. All of them cost less
than ``json.loads`` over the whole page, far less than loads + dumps (`make bench`), and keep a
page in memory once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from slack_audit_input.model.errors import Retryable
from slack_audit_input.model.event import Page
from slack_audit_input.slack.classify import raise_not_ok
from slack_audit_input.slack.entries import Entries, scan, skip
from slack_audit_input.slack.scan import scan_hard
from slack_audit_input.slack.seams import read_ahead
from slack_audit_input.slack.unpack import inflated, text_of, texts_of

skim: Callable[[Iterable[bytes], Entries], str | None] | None = None
try:
    from slack_audit_input.slack.skim import skim as _skim
except ImportError:  # the Splunk add-on brings pure Python only
    pass
else:
    skim = _skim


def decode_page(
    body: bytes,
    window_end: int,
    accept: Callable[[dict[str, Any]], bool] | None = None,
    cursor: bool = False,
    encoding: str = "",
) -> Page:
    """The page in an answer's ``body``, packed as ``encoding`` says; the rest see ``decode_text``.

    Without local filters three fields of an entry are enough, and a page that looks as Slack's
    do is read a quick way (``slack.skim``, ``slack.seams``), half a megabyte at a time.
    """
    if accept is None:
        entries = Entries(window_end, None)
        try:
            text = skim(inflated(body, encoding), entries) if skim else None
            if text is None:
                text = read_ahead(texts_of(body, encoding, "strict"), entries)
            if text is not None:
                return _page(text, entries, cursor)
        except (UnicodeDecodeError, Retryable):
            pass  # the other way says what is wrong, of the whole body
    return decode_text(text_of(body, encoding), window_end, accept, cursor)


def decode_text(
    text: str,
    window_end: int,
    accept: Callable[[dict[str, Any]], bool] | None = None,
    cursor: bool = False,
) -> Page:
    """The page that ``text`` holds.

    ``window_end``: the second that entries without a date are given. ``accept``: the local
    filters, over an entry's object; None takes all. ``cursor``: the request had one.
    Raises Retryable for bodies that are empty, cut, HTML or of another shape, and whatever
    ``{"ok": false}`` stands for, entries or not: an error's empty list is no end of a window.
    """
    return _page(text, Entries(window_end, accept), cursor)


def _page(text: str, entries: Entries, cursor: bool) -> Page:
    """What ``text`` holds, behind what ``entries`` has taken already."""
    try:
        fields = _envelope(text, entries)
    except (ValueError, StopIteration, IndexError, RecursionError) as error:
        shown = "empty" if not text.strip() else "cut or not JSON"
        if text.lstrip()[:1] == "<":
            shown = "HTML"
        raise Retryable(
            f"Slack's answer is {shown} ({len(text)} characters, {type(error).__name__})", "body"
        ) from None
    if not entries.found or fields.get("ok") is False or fields.get("error"):
        raise_not_ok(fields, text[:65536].encode("utf-8", "surrogateescape"), cursor)
    if "entries" in fields:
        raise Retryable("Slack's answer holds two lists of entries", "shape")
    next_cursor, stated = _next_cursor(fields)
    return entries.page(next_cursor, stated)


def _envelope(text: str, entries: Entries) -> dict[str, Any]:
    """Walk the outermost object; ``entries`` reads its list, every other key is returned."""
    fields: dict[str, Any] = {}
    position = skip(text, 0)
    if text[position] != "{":
        raise ValueError("no object")
    position = skip(text, position + 1)
    while text[position] != "}":
        if text[position] != '"':
            raise ValueError("no key")
        key, position = scan(text, position)
        position = skip(text, position)
        if text[position] != ":":
            raise ValueError("no colon")
        position = skip(text, position + 1)
        if key == "entries" and text[position] == "[" and not entries.found:
            position = entries.read(text, position + 1)
        else:
            try:
                fields[key], position = scan(text, position)
            except (RecursionError, ValueError):
                fields[key], position = scan_hard(text, position)
        position = skip(text, position)
        if text[position] == ",":
            position = skip(text, position + 1)
        elif text[position] != "}":
            raise ValueError("no comma")
    if skip(text, position + 1) != len(text):
        raise ValueError("more than one value")
    return fields


def _next_cursor(fields: dict[str, Any]) -> tuple[str, bool]:
    """The cursor, "" when there is none, and whether Slack said so by sending "".

    Clients have seen "", null, a missing key and missing metadata (reference section 4.1).
    """
    metadata = fields.get("response_metadata")
    if metadata is None or metadata == []:  # an empty map, as PHP may write it
        return "", False
    if not isinstance(metadata, dict):
        raise Retryable("Slack's response_metadata is no object", "shape")
    cursor = metadata.get("next_cursor")
    if cursor is None:
        return "", False
    if type(cursor) is not str or any("\ud800" <= one <= "\udfff" for one in cursor):
        # Half a surrogate pair has no place in a URL; passed over, it would look like the end.
        raise Retryable("Slack's next_cursor is no text", "shape")
    return cursor, cursor == ""
