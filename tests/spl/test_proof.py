# SPDX-License-Identifier: Apache-2.0
"""The search of docs/proof.md, which holds an index against the coverage records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slack_audit_input.engine.records import event_of
from tests.spl.events import macros, record_rows, rows
from tests.spl.search import Rows, Spl
from tests.spl.test_coverage_alerts import FIRST, HOUR, record

PROOF = Path(__file__).parents[2] / "docs/proof.md"


def _run(entries: list[dict[str, Any]], hours: int) -> Rows:
    text = PROOF.read_text("utf-8")
    # The only block of the page that begins with a macro.
    search = text[text.index("(`slack_audit_index`)") :].partition("```\n")[0]
    records = [event_of(record(hour)) for hour in range(FIRST, FIRST + hours)]
    return Spl(search, macros()).run([*record_rows(records, (FIRST + 24) * HOUR), *rows(entries)])


def _entries(hour: int, count: int = 7) -> list[dict[str, Any]]:
    """As many as the records of these tests say, from the hour's first second to its last."""
    seconds = [hour * HOUR, *(hour * HOUR + 100 * n for n in range(1, 6)), hour * HOUR + 3599]
    return [
        {"id": f"{hour}-{n}", "date_create": second, "action": "user_login"}
        for n, second in enumerate(seconds[:count])
    ]


def test_an_index_that_has_all_of_it_brings_nothing() -> None:
    entries = [*_entries(FIRST), *_entries(FIRST + 1), *_entries(FIRST + 2)]
    # Repeats after a crash are no difference.
    assert _run([*entries, *entries[:5]], 3) == []


def test_an_hour_of_which_the_index_lacks_an_event_is_told() -> None:
    entries = [*_entries(FIRST), *_entries(FIRST + 1, 6), *_entries(FIRST + 2)]
    (found,) = _run(entries, 3)
    assert (found["indexed"], found["shown"]) == (["6"], ["7"])
    assert found["hour"] == ["2023-11-14T23:00"]
