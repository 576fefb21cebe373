# SPDX-License-Identifier: Apache-2.0
"""What a store keeps of one input, and what one commit changes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class State(NamedTuple):
    """One input as it was read. ``version`` counts commits; every commit names the one it saw.

    ``ledger``, ``counters``, ``status``: JSON text. ``owner``: who committed last, "" after a
    clean stop. ``beat``: when, in unix seconds of the owner's clock.
    """

    version: int
    account: str
    filters: str
    ledger: str
    counters: str
    owner: str
    beat: float
    status: str = ""


class Hour(NamedTuple):
    """An hour's sealed minutes: how many ids, and their digest (32 hexadecimal digits)."""

    ids: int
    digest: str


class Change(NamedTuple):
    """One commit: all of it or none.

    ``buckets``: packed keys by minute, to be written. ``dropped``: minutes to be removed.
    ``hours``: totals by hour, replacing what was there. ``answered``: numbers of requests
    that the ledger now holds. ``coverage``: JSON text by hour, replacing what was there: a tally
    or a coverage record. ``coverage_floor``: hours before it lose theirs.
    """

    account: str
    filters: str
    ledger: str
    counters: str
    owner: str
    beat: float
    buckets: Mapping[int, bytes] = {}
    dropped: Sequence[int] = ()
    hours: Mapping[int, Hour] = {}
    answered: Sequence[int] = ()
    coverage: Mapping[int, str] = {}
    coverage_floor: int | None = None


class Request(NamedTuple):
    """Something a running collector is asked to do: ``kind`` is "backfill" or "reread"."""

    number: int
    kind: str
    oldest: int
    latest: int
