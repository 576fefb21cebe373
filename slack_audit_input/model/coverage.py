# SPDX-License-Identifier: Apache-2.0
"""What is kept of an hour on the way to its coverage record, and the record itself."""

from __future__ import annotations

from typing import NamedTuple

#: States of a record: all that Slack shows was delivered; something was missing and has been
#: delivered; what was delivered is not what Slack shows, and no id says what is missing.
COMPLETE, REPAIRED, DIFFERS = "complete", "repaired", "differs"
#: How an hour was compared: id by id, by count and digest, or a part of it each way.
BY_IDS, BY_DIGEST, BY_BOTH = "ids", "digest", "both"


class Tally(NamedTuple):
    """What happened to an hour besides being delivered the first time its seconds were read.

    ``late``: events recovered by sweeps; ``most``: the greatest lateness among them, in seconds;
    ``lateness``: how many fell into each bucket of ``engine.lateness``. ``missing``: events that
    coverage readings found missing; ``repaired``: those of them that were delivered then.
    ``revision``: how many records the hour has had.
    """

    late: int = 0
    most: int = 0
    lateness: tuple[int, ...] = ()
    missing: int = 0
    repaired: int = 0
    revision: int = 0


class Comparison(NamedTuple):
    """What a coverage reading found in one hour.

    ``shown``: ids on Slack's pages; ``digest`` of them. ``delivered``: ids that the host has.
    ``gone``: delivered ids, known one by one, that Slack does not show any more. ``short``: by
    how many the sealed part was delivered less than Slack shows of it; ``differs``: its count or
    digest is another. ``calls``: pages that were read for it, also those of neighbours.
    """

    shown: int
    digest: str
    delivered: int
    gone: int
    short: int
    differs: bool
    compared: str
    calls: int


class Record(NamedTuple):
    """The coverage record of one hour (``hour``: unix hours).

    ``oldest``, ``latest``: what of it was asked for, unix seconds, and how many ``seconds`` those
    are. ``closed``: when the record was made, by Slack's clock. ``tolerance``: lateness, in
    seconds, up to which the sweeps had waited for events.
    """

    input: str
    account: str
    hour: int
    oldest: int
    latest: int
    seconds: int
    tally: Tally
    found: Comparison
    state: str
    closed: int
    tolerance: int
