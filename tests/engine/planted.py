# SPDX-License-Identifier: Apache-2.0
"""Bugs to plant: each one has cost some collector its events, or would cost ours.

A bug is a file of the package, a piece of its text that stands there exactly once, and what to
put in its place. ``test_planted_bugs.py`` proves that the model test sees each of them.
"""

from __future__ import annotations

from typing import NamedTuple


class Bug(NamedTuple):
    """One change to one file, or two (``also``). ``name`` says what the change makes wrong.

    ``machine``: "covering" for a bug of coverage, which only that one can meet.
    """

    name: str
    file: str
    old: str
    new: str
    also: tuple[str, str] = ("", "")
    machine: tuple[str, ...] = ()


_WRITES_RECORDS = (
    "        if coverage.records:\n            self._sink.write_records(coverage.records)\n"
)

BUGS = (
    Bug(
        "the watermark moves over the whole window on page one",
        "engine/absorb.py",
        "read = Span(reading.oldest if ended else boundary + 1, reading.top)",
        "read = Span(reading.oldest, reading.top)",
    ),
    Bug(
        "the boundary second counts as read, so its ties are lost",
        "engine/absorb.py",
        "read = Span(reading.oldest if ended else boundary + 1, reading.top)",
        "read = Span(reading.oldest if ended else boundary, reading.top)",
    ),
    Bug(
        "only the last page's ids are remembered",
        "collector/index.py",
        'after[minute] = array("Q", {*known, *keys} if known else keys)',
        'after[minute] = array("Q", keys)',
    ),
    Bug(
        "the checkpoint is committed before the host has the events",
        "collector/commit.py",
        "        if fresh:\n            self._sink.write(fresh)\n        if coverage.records:",
        "        if coverage.records:",
        (
            "        self.index.applied(change)\n",
            (
                "        self.index.applied(change)\n"
                "        if fresh:\n            self._sink.write(fresh)\n"
            ),
        ),
    ),
    Bug(
        "the index is pruned by now instead of by the last deepest sweep",
        "engine/plan.py",
        "floor = max(ledger.floor, _whole_minute(sweeps.horizon(levels, swept)))",
        "floor = max(ledger.floor, _whole_minute(now - levels[0].depth))",
    ),
    Bug(
        "a dead cursor is read as the end of the window",
        "slack/answers.py",
        "        raise _error(answer, cursor)\n    return decode_page",
        (
            "        if not (cursor and answer.status == 400):\n"
            "            raise _error(answer, cursor)\n"
            """        answer = Answer(200, b'{"entries":[],"response_metadata":'"""
            """b'{"next_cursor":""}}')\n"""
            "    return decode_page"
        ),
    ),
    Bug(
        "the halves of a cut window leave a second out",
        "engine/reading.py",
        "older = largest._replace(latest=middle)",
        "older = largest._replace(latest=middle - 1)",
    ),
    Bug(
        "a window that is planned is not in the ledger",
        "engine/plan.py",
        "windows = _merged([*old_backlog, *others, *new], busy)",
        "windows = _merged([*old_backlog, *others, *(w for w in new if w.kind == LIVE)], busy)",
    ),
    Bug(
        "a new window swallows older ones whole, not just what it covers",
        "engine/plan.py",
        "windows = _merged([*old_backlog, *others, *new], busy)",
        "windows = _merged([*old_backlog, *new], busy)",
    ),
    Bug(
        "the gap that a pause leaves is not read",
        "engine/plan.py",
        "if ledger.head + 1 < live_from:",
        "if False:",
    ),
    Bug(
        "a pause eats the tolerance: the sweep after it reaches back from now only",
        "engine/sweeps.py",
        "min(now - level.depth, last - (level.depth - level.period))",
        "now - level.depth",
    ),
    Bug(
        "minutes in open windows leave the index",
        "engine/delivered.py",
        "    for stretch in held:\n",
        "    for stretch in ():\n",
    ),
    Bug(
        "minutes that a page under way will bring again leave the index",
        "collector/index.py",
        "holding: list[Stretch] = [*ledger.windows, *held]",
        "holding: list[Stretch] = [*ledger.windows]",
    ),
    Bug(
        "a page asked for earlier fulfils a later duty",
        "engine/absorb.py",
        "if window.turn > turn or not overlap(window, read):",
        "if not overlap(window, read):",
    ),
    Bug(
        "windows that are joined lose the newer one's seconds",
        "engine/plan.py",
        "                latest=window.latest,\n                known=",
        "                known=",
    ),
    Bug(
        "a page out of order is trusted",
        "engine/absorb.py",
        "    ordered = (\n        reading.ordered\n        and page.ordered\n",
        "    ordered = (\n        reading.ordered\n",
    ),
    Bug(
        "a full page without a cursor is taken for the end",
        "engine/absorb.py",
        "if page.end_stated or page.entries < reading.limit:",
        "if True:",
    ),
    Bug(
        "the deepest sweep never runs",
        "engine/sweeps.py",
        "return due[-1] if due else None",
        "return min(due[-1], 1) if due else None",
    ),
    Bug(
        "what was added to a bucket is not stored",
        "collector/index.py",
        "buckets[minute] = pack(after[minute])",
        "buckets[minute] = pack(known)",
    ),
    Bug(
        "a backfill reads what was read before",
        "engine/plan.py",
        "fresh = without(span, asked(ledger))",
        "fresh = [span]",
    ),
    *(
        Bug(name, file, old, new, also, ("covering",))
        for name, file, old, new, also in (
            (
                "an hour is covered before the sweeps have passed it",
                "engine/coverage.py",
                "return (swept[-1] - tolerance(levels) + 1) // HOUR - 1",
                "return (swept[-1] + 1) // HOUR - 1",
                ("", ""),
            ),
            (
                "an hour is covered while a window over it is open",
                "engine/coverage.py",
                "not_due = (*ledger.covered, *hours_of(ledger.windows))",
                "not_due = ledger.covered",
                ("", ""),
            ),
            (
                "the index is sealed before coverage",
                "collector/coverage.py",
                "spans = list(hours_due.waited_for(ledger))",
                "spans: list[Span] = []",
                ("", ""),
            ),
            (
                "the ledger forgets which hours have a record",
                "collector/coverage.py",
                "            ledger = hours_due.covered(ledger, whole)\n",
                "",
                ("", ""),
            ),
            (
                "the hours are covered and their records are not written",
                "collector/commit.py",
                _WRITES_RECORDS,
                "",
                ("", ""),
            ),
            (
                "the records are written after the commit",
                "collector/commit.py",
                _WRITES_RECORDS,
                "",
                (
                    "        self.index.applied(change)\n",
                    "        self.index.applied(change)\n" + _WRITES_RECORDS,
                ),
            ),
            (
                "what is missing counts as delivered without being delivered",
                "collector/coverage.py",
                "return Taken(compared.missing, compared.add, ledger, rows, records, tallies)",
                "return Taken([], compared.add, ledger, rows, records, tallies)",
                ("", ""),
            ),
            (
                "the minute of the boundary second is compared half read",
                "collector/comparing.py",
                "whole_from = max(open_to // MINUTE + 1,",
                "whole_from = max(open_to // MINUTE,",
                ("", ""),
            ),
            (
                "only the last late events of an hour are remembered",
                "engine/records.py",
                "late=tally.late + len(found),",
                "late=len(found),",
                ("", ""),
            ),
            (
                "a repair is only remembered in memory until the hour's record",
                "collector/coverage.py",
                "rows = self.tallies.rows(tallies)",
                "rows: dict[int, str] = {}",
                ("", ""),
            ),
            (
                "an hour that a backfill makes longer keeps its old record",
                "engine/plan.py",
                "for left in without(span, grown)",
                "for left in without(span, ())",
                ("", ""),
            ),
            (
                "the rest of a sealed minute makes what was sealed of it missing",
                "collector/comparing.py",
                "minute // _MINUTES in self.totals and",
                "minute not in self._stored and minute // _MINUTES in self.totals and",
                ("", ""),
            ),
            (
                "the greatest lateness is that of the last sweep that found something",
                "engine/records.py",
                "most=max([tally.most, *found]),",
                "most=max([0, *found]),",
                ("", ""),
            ),
        )
    ),
)
