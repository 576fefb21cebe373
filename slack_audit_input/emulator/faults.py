# SPDX-License-Identifier: Apache-2.0
"""Which call of /logs fails how: by rate, by the call's number, or once.

Pure: whether a call fails is a function of the seed and of the call's number.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

KINDS = {
    "http_500": "HTTP 500 with an error code",
    "http_502": "HTTP 502 with an empty body",
    "http_503": "HTTP 503 with an HTML body",
    "rate_limited": "HTTP 429; the value is Retry-After, any text (default 5)",
    "cut": "the body ends early and the connection is closed",
    "reset": "the connection is reset in the middle of the body",
    "empty": "HTTP 200 with an empty body",
    "html": "HTTP 200 with a page of HTML",
    "not_ok": "HTTP 200 with ok:false; the value is the error code (default internal_error)",
    "slow_start": "the first byte comes late; the value is the seconds (default 5)",
    "drip": "the body drips in; the value is the seconds it takes (default 5)",
    "hang": "no answer until the client gives up",
    "redirect": "HTTP 302 to another host; the value is the URL",
    "not_utf8": "bytes that are no UTF-8 in the text of an entry",
    "not_objects": "numbers, texts, lists and null among the entries, on top of the real ones",
    "no_id": "a copy of an entry without its id, on top of the real ones",
    "no_date": "a copy of an entry without date_create, under an id of its own, on top",
    "odd_values": "NaN, Infinity, a lone surrogate and numbers beyond 64 bit in an entry",
    "huge_entry": "an entry that is larger by a text; the value is its bytes (default 50000000)",
    "empty_page": "no entries, and a cursor to the very same place",
    "same_cursor": "the page's next cursor leads to the page itself",
    "lost_cursor": "no next cursor although more entries remain",
    "unsorted": "the page's entries in any order",
}
"""Every kind of fault and what it does."""

_NUMBERED = ("slow_start", "drip", "huge_entry")
_TEXT = re.compile(r"(\w+)(?:=([\d.eE+-]+))?(?:@([\d,]+))?(?::(.*))?", re.DOTALL)


@dataclass(frozen=True)
class Fault:
    """A kind of fault, for this share of all calls (0 to 1), or for calls of these numbers.

    Calls of /logs are numbered from 1; those that lack a good token or that the rate limit
    refuses have no number. `value`: what KINDS says of it, "" for the default.
    """

    kind: str
    rate: float = 0.0
    calls: tuple[int, ...] = ()
    value: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"there is no fault {self.kind!r}; there are: {', '.join(KINDS)}")
        if not 0 <= self.rate <= 1:
            raise ValueError(f"the rate of a fault is from 0 to 1, not {self.rate}")
        # float() refuses what is no number at all.
        if self.kind in _NUMBERED and not 0 <= self.number(0) < 1e9:
            raise ValueError(f"{self.kind} takes a number from 0, not {self.value}")

    def number(self, default: float) -> float:
        """The value as a number."""
        return float(self.value) if self.value else default

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read `KIND=RATE`, `KIND@CALL,CALL`, both with `:VALUE` behind. Raises ValueError."""
        found = _TEXT.fullmatch(text.strip())
        if found is None or (found[2] is None and found[3] is None):
            raise ValueError(f"{text!r} is not KIND=RATE[:VALUE] or KIND@CALL,CALL[:VALUE]")
        kind, rate, calls, value = found.groups()
        numbers = tuple(int(call) for call in (calls or "").split(",") if call)
        return cls(kind, float(rate or 0), numbers, value or "")


class FaultPlan:
    """Says for each call which fault it gets, if any: the first that applies."""

    def __init__(self, seed: int, faults: Iterable[Fault] = ()) -> None:
        self._seed = seed
        self.faults = tuple(faults)
        self._once: list[Fault] = []

    def once(self, fault: Fault, count: int = 1) -> None:
        """The next `count` calls get this fault, whatever else is planned."""
        self._once += [fault] * count

    def clear(self) -> None:
        """Plan no faults any more."""
        self.faults = ()
        self._once.clear()

    def choose(self, call: int) -> Fault | None:
        """The fault of call number `call`. Uses up one that was planned for once."""
        if self._once:
            return self._once.pop(0)
        for position, fault in enumerate(self.faults):
            if call in fault.calls:
                return fault
            if fault.rate and self._drawn(call, position) < fault.rate:
                return fault
        return None

    @property
    def pending(self) -> tuple[Fault, ...]:
        """What the next calls get for once."""
        return tuple(self._once)

    def _drawn(self, call: int, position: int) -> float:
        key = f"{self._seed}|fault|{call}|{position}".encode()
        return int.from_bytes(hashlib.blake2b(key, digest_size=6).digest(), "big") / 2**48
