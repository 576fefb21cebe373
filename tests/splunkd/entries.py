# SPDX-License-Identifier: Apache-2.0
"""Entries of splunkd's REST, and the two forms in which they go out: Atom and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

UPDATED = "2026-01-01T00:00:00+00:00"
JSON_TYPE = "application/json; charset=UTF-8"
XML_TYPE = "text/xml; charset=UTF-8"


class Entry(NamedTuple):
    """One thing: ``path`` is where it is, from ``/servicesNS`` on, unquoted segments joined."""

    name: str
    path: Sequence[str]
    content: Mapping[str, Any]
    app: str
    removable: bool = True

    def link(self) -> str:
        """Its address on the server."""
        return "/" + "/".join(quote(part, safe="") for part in self.path)

    def acl(self) -> dict[str, Any]:
        """Who may do what with it: the same for everything here."""
        return {
            "app": self.app,
            "can_list": True,
            "can_write": True,
            "modifiable": True,
            "owner": "nobody",
            "perms": {"read": ["*"], "write": ["admin", "sc_admin"]},
            "removable": self.removable,
            "sharing": "global",
        }


class Answer(NamedTuple):
    """What a request gets."""

    status: int
    body: bytes
    kind: str = JSON_TYPE
    headers: Sequence[tuple[str, str]] = ()


class Fail(Exception):
    """A request that splunkd refuses, with its status and its sentence."""

    def __init__(self, status: int, text: str, kind: str = "ERROR") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.kind = kind


def answer_of(
    entries: Sequence[Entry], origin: str, as_json: bool, status: int = 200, total: int = -1
) -> Answer:
    """Entries as an answer. ``origin``: the server's address. ``total``: before paging."""
    total = len(entries) if total < 0 else total
    if as_json:
        return Answer(status, _json(entries, origin, total), JSON_TYPE)
    return Answer(status, _atom(entries, origin, total).encode(), XML_TYPE)


def refusal(fail: Fail, as_json: bool) -> Answer:
    """A refusal as an answer."""
    if as_json:
        body = json.dumps({"messages": [{"type": fail.kind, "text": fail.text}]}).encode()
        return Answer(fail.status, body, JSON_TYPE)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<response>\n  <messages>\n'
        f"    <msg type={quoteattr(fail.kind)}>{escape(fail.text)}</msg>\n"
        "  </messages>\n</response>\n"
    )
    return Answer(fail.status, text.encode(), XML_TYPE)


def _json(entries: Sequence[Entry], origin: str, total: int) -> bytes:
    found = [
        {
            "name": entry.name,
            "id": origin + entry.link(),
            "updated": UPDATED,
            "links": {"alternate": entry.link(), "list": entry.link(), "edit": entry.link()},
            "author": "nobody",
            "acl": entry.acl(),
            "content": {"eai:acl": None, **entry.content},
        }
        for entry in entries
    ]
    return json.dumps(
        {
            "links": {},
            "origin": origin,
            "updated": UPDATED,
            "generator": {"build": "double", "version": "9.4.0"},
            "entry": found,
            "paging": {"total": total, "perPage": 30, "offset": 0},
            "messages": [],
        }
    ).encode()


def _atom(entries: Sequence[Entry], origin: str, total: int) -> str:
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:s="http://dev.splunk.com/ns/rest" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">\n'
        f"  <title>double</title>\n  <id>{escape(origin)}</id>\n"
        f"  <updated>{UPDATED}</updated>\n"
        '  <generator build="double" version="9.4.0"/>\n  <author><name>Splunk</name></author>\n'
        f"  <opensearch:totalResults>{total}</opensearch:totalResults>\n"
        "  <opensearch:itemsPerPage>30</opensearch:itemsPerPage>\n"
        "  <opensearch:startIndex>0</opensearch:startIndex>\n  <s:messages/>\n"
    )
    parts = [head]
    for entry in entries:
        link = quoteattr(entry.link())
        parts.append(
            f"  <entry>\n    <title>{escape(entry.name)}</title>\n"
            f"    <id>{escape(origin + entry.link())}</id>\n    <updated>{UPDATED}</updated>\n"
            f'    <link href={link} rel="alternate"/>\n    <link href={link} rel="edit"/>\n'
            f'    <author><name>nobody</name></author>\n    <content type="text/xml">\n      '
            f"{_xml({'eai:acl': entry.acl(), **entry.content})}\n    </content>\n  </entry>\n"
        )
    parts.append("</feed>\n")
    return "".join(parts)


def _xml(value: Any) -> str:
    if isinstance(value, Mapping):
        inside = "".join(
            f"<s:key name={quoteattr(str(key))}>{_xml(each)}</s:key>" for key, each in value.items()
        )
        return f"<s:dict>{inside}</s:dict>"
    if isinstance(value, (list, tuple)):
        return f"<s:list>{''.join(f'<s:item>{_xml(each)}</s:item>' for each in value)}</s:list>"
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else escape(str(value))
