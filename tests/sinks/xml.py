# SPDX-License-Identifier: Apache-2.0
"""Splunk's XML as splunkd reads it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import NamedTuple


class Element(NamedTuple):
    """An event: its attributes, and its fields in order."""

    attributes: dict[str, str]
    fields: list[tuple[str, str | None]]

    @property
    def data(self) -> str:
        return dict(self.fields)["data"] or ""


def elements(stream: bytes) -> list[Element]:
    """The events of a stream, which may lack its end: its writer may have been killed."""
    whole = stream if stream.rstrip().endswith(b"</stream>") else stream + b"</stream>"
    root = ET.fromstring(whole)  # noqa: S314 - our own
    assert root.tag == "stream"
    assert {event.tag for event in root} <= {"event"}
    return [Element(dict(e.attrib), [(f.tag, f.text) for f in e]) for e in root]


def data_lines(stream: bytes) -> bytes:
    """The events' texts, one a line."""
    if not stream:
        return b""
    return b"".join(element.data.encode() + b"\n" for element in elements(stream))
