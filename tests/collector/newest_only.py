# SPDX-License-Identifier: Apache-2.0
"""What is lost on the days of `scenarios.py` by whoever remembers the newest time and no more.

`python -m tests.collector.newest_only` prints the lines that the README cites. It is the loop that
most people write: every minute all that is not older than the newest event so far, all pages of it.
The kindest form of it: events of the newest second are told apart by their ids, so that no tie is
lost and nothing is repeated.
"""

from __future__ import annotations

import json
import sys

from tests.collector.scenarios import DAY, SCENARIOS, Scenario, day
from tests.fakes.slack import FakeSlack
from tests.fakes.world import EPOCH

#: Seconds between two polls.
EVERY = 60


def lost(scenario: Scenario) -> tuple[int, int]:
    """How many events of the day never arrive, and how many there are."""
    entries = day(scenario)
    slack = FakeSlack(entries)
    newest, of_newest = EPOCH, set[str]()
    delivered = set[str]()
    for now in range(EPOCH, EPOCH + DAY + scenario.quiet, EVERY):
        begin, cursor = newest, ""
        while True:
            params = {"oldest": begin, "latest": now, "limit": 9999, "cursor": cursor}
            page = json.loads(slack.page(params, now).body)
            for one in page["entries"]:
                if one["date_create"] == begin and one["id"] in of_newest:
                    continue
                delivered.add(one["id"])
                if one["date_create"] > newest:
                    newest, of_newest = one["date_create"], set()
                if one["date_create"] == newest:
                    of_newest.add(one["id"])
            cursor = page["response_metadata"]["next_cursor"]
            if not cursor:
                break
    return sum(entry.id not in delivered for entry in entries), len(entries)


def main() -> None:
    """A line for each day without faults and kills."""
    for scenario in SCENARIOS[:5]:
        missing, of = lost(scenario)
        sys.stdout.write(f"{scenario.name}: {missing} of {of} lost, {100 * missing / of:.1f} %\n")


if __name__ == "__main__":
    main()
