# SPDX-License-Identifier: Apache-2.0
"""Secrets of any length in Splunk's credential storage, each there as a whole or not at all.

Splunk keeps 255 characters under a name and has no transactions. solnlib cuts what is longer into
pieces and writes these one after the other: a process that is killed in between leaves a secret
that begins as the new one and ends as the old one. Here nothing is ever written over. A secret has
a name of its own, its pieces are made one by one, and until the last is there it does not exist.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from slack_audit_input.hosts.splunk.splunkd import Splunkd

#: Characters of a piece. Splunk refuses more than 255.
PIECE = 250
_SUM = 16


class Kept(NamedTuple):
    """``claim``: what whoever is about to write it said, or "". ``text``: None until whole."""

    claim: str
    text: str | None


class Safe:
    """The secrets of one realm. Names: letters, digits, ``_`` and ``-``. All raise GaveUp."""

    def __init__(self, splunkd: Splunkd, realm: str) -> None:
        self._splunkd = splunkd
        self._realm = realm

    def load(self) -> dict[str, Kept]:
        """All there are, also those that are not whole yet."""
        claims: dict[str, str] = {}
        pieces: dict[str, dict[tuple[int, int], str]] = {}
        for user, text in self._splunkd.credentials(self._realm).items():
            name, _, place = user.partition(".")
            number, _, of = place.partition(".")
            if place == "claim":
                claims[name] = text
            elif number.isascii() and number.isdigit() and of.isascii() and of.isdigit():
                pieces.setdefault(name, {})[int(number), int(of)] = text
        return {
            name: Kept(claims.get(name, ""), _whole(pieces.get(name, {})))
            for name in sorted({*claims, *pieces})
        }

    def claim(self, name: str, words: str) -> bool:
        """Reserve a name. False when somebody has: of several who try at once, one gets it."""
        return self._splunkd.add_credential(self._realm, f"{name}.claim", words[:PIECE])

    def write(self, name: str, text: str) -> None:
        """Make it. Of two who write under one name nothing whole may come out: claim it first."""
        text = _sum(text) + text
        parts = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
        for number, part in enumerate(parts, 1):
            self._splunkd.add_credential(self._realm, f"{name}.{number}.{len(parts)}", part)

    def remove(self, *names: str) -> None:
        """Forget what there is under these names, whole or not."""
        users = self._splunkd.credentials(self._realm)
        for user in sorted(users):
            if user.partition(".")[0] in names:
                self._splunkd.remove_credential(self._realm, user)


def _whole(pieces: dict[tuple[int, int], str]) -> str | None:
    counts = {of for _, of in pieces}
    for of in sorted(counts):
        parts = [pieces.get((number, of)) for number in range(1, of + 1)]
        text = "".join(part for part in parts if part is not None)
        if None not in parts and text[:_SUM] == _sum(text[_SUM:]):
            return text[_SUM:]
    return None


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_SUM]
