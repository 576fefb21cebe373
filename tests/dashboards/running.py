# SPDX-License-Identifier: Apache-2.0
"""Runs all searches of a dashboard over the sample week, or over the day of a soak."""

from __future__ import annotations

from typing import Any

from tests.dashboards.sample import DAY, END, FEW, WEEK, coverage_records, events, log_lines
from tests.dashboards.soaked import soaked
from tests.spl.events import macros
from tests.spl.search import Rows, Spl

HEALTH = "Slack audit: collection health"
#: What the inputs of the dashboards hold: their defaults.
TOKENS = {"workspace": "*", "who": "*"}


def parsed(definition: dict[str, Any]) -> dict[str, Spl]:
    """Each source's search, tokens filled in; that of a chain is what comes after its base."""
    return {
        name: Spl(_filled(source["options"]["query"], definition), macros())
        for name, source in definition["dataSources"].items()
    }


def results(definition: dict[str, Any], a_day: int = FEW) -> dict[str, Rows]:
    """The rows of each source; a chain goes on from its base's. `a_day`: events, see `sample`."""
    # How collecting goes is shown of a day that the built add-on really lived through.
    if definition["title"] == HEALTH:
        seen, lines, records = soaked()
    else:
        seen, lines, records = events(a_day), log_lines(a_day), coverage_records(a_day)
    since = _since(definition)
    given = [row for row in (*seen, *lines) if int(row["_time"][0]) >= since]
    # Searches for records say themselves how far back they look.
    given += records
    found: dict[str, Rows] = {}
    spl = parsed(definition)
    for name, source in definition["dataSources"].items():
        base = source["options"].get("extend")
        found[name] = spl[name].run(found[base] if base else given)
    return found


def _filled(query: str, definition: dict[str, Any]) -> str:
    query = query.replace("now()", str(END))
    for thing in definition["inputs"].values():
        token = thing["options"]["token"]
        query = query.replace(f"${token}$", TOKENS.get(token, ""))
    return query


def _since(definition: dict[str, Any]) -> int:
    """The first second that the dashboard shows before anybody chooses another."""
    earliest = definition["inputs"]["input_time"]["options"]["defaultValue"].partition(",")[0]
    return {"-24h@h": END - DAY, "-7d@d": WEEK}[earliest]
