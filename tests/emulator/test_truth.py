# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib

from slack_audit_input.emulator import Lateness, Spread
from tests.emulator.calls import NOW, emulator, ids, walk

NOON = int(NOW)


def test_truth_and_what_is_served_agree_at_every_moment() -> None:
    lateness = (Lateness(0.3, Spread(1, 600)),)
    slack = emulator(live_rate=1, live_from=NOON - 2000, lateness=lateness)
    for now in (NOW, NOW + 100, NOW + 3000):
        entries = [e for one in walk(slack, now, oldest=NOON - 3000, limit=333) for e in one]
        rows = list(slack.truth(NOON - 3000, int(now), now))
        assert ids(entries) == [row.id for row in rows]
        assert [entry["date_create"] for entry in entries] == [row.second for row in rows]
        found = slack.summary(NOON - 3000, int(now), now)
        assert found.count == len(rows)
        digest = sum(
            int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big")
            for name in reversed(ids(entries))
        )
        assert found.digest == f"{digest % 2**128:032x}"


def test_what_is_not_visible_yet_is_in_the_whole_truth() -> None:
    slack = emulator(lateness=(Lateness(1, Spread(1000, 1000)),))
    hidden = slack.summary(NOON - 900, NOON)
    assert hidden.count > 0
    assert slack.summary(NOON - 900, NOON, NOW).count == 0
    assert slack.summary(NOON - 900, NOON, NOW + 1001) == hidden


def test_no_entries_have_a_summary_too() -> None:
    found = emulator().summary(5, 6)
    assert (found.count, found.digest, found.oldest, found.newest) == (0, "0" * 32, None, None)
