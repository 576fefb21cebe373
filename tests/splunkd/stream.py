# SPDX-License-Identifier: Apache-2.0
"""Events out of the XML that a modular input writes, piece by piece."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

_FIELDS = ("time", "source", "sourcetype", "index", "host", "data")


class Events:
    """Parses a stream. ``defaults``: what an event has that does not say."""

    def __init__(self, defaults: Mapping[str, str]) -> None:
        self.count = 0
        self.broken = ""
        """Why the stream could not be read on: what comes after that is lost, as in Splunk."""
        self.closed = False
        """Has ``</stream>`` been read?"""
        self._defaults = defaults
        self._found: list[dict[str, Any]] = []
        self._event: dict[str, Any] | None = None
        self._text: list[str] | None = None
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.buffer_text = True
        # Newer ones wait with what is whole for what comes behind it, which may be a kill.
        defer = getattr(self._parser, "SetReparseDeferralEnabled", None)
        if defer is not None:
            defer(False)
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def feed(self, piece: bytes) -> list[dict[str, Any]]:
        """Events that a piece completes. An empty piece is the end."""
        if not self.broken and piece:
            try:
                self._parser.Parse(piece, False)
            except expat.ExpatError as error:
                self.broken = str(error)
        found, self._found = self._found, []
        self.count += len(found)
        return found

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "event":
            self._event = {**self._defaults, "stanza": attributes.get("stanza", "")}
        elif name in _FIELDS:
            self._text = []

    def _end(self, name: str) -> None:
        if name == "event" and self._event is not None:
            self._found.append(self._event)
            self._event = None
        elif name == "stream":
            self.closed = True
        elif name in _FIELDS and self._event is not None and self._text is not None:
            self._event[name] = "".join(self._text)
            self._text = None

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)
