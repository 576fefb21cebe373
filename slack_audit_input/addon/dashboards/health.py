# SPDX-License-Identifier: Apache-2.0
"""Whether everything is collected, and how soon."""

from __future__ import annotations

from slack_audit_input.addon.dashboards.board import COLOURS, EVENTS, LEVELS, Board

# The collector's own log, `key=value`: a line `collected` a minute holds what was done in it, and
# the line with which a run ends what was done after the last of these.
_LOG = "`slack_audit_internal`"
# Coverage records. The newest are of hours that ended 18 to 24 hours ago, by default.
_RECORDS = "`slack_audit_coverage` earliest=-8d@d"
_DONE = f"{_LOG} action IN (collected, stopped, failed)"


def board() -> Board:
    """The dashboard of the collection itself."""
    made = Board(
        "slack_audit_health",
        "Slack audit: collection health",
        "Lag, late events, completeness, unknown actions and the call budget.",
    )
    base = made.search(
        "collected",
        f"{_DONE} | bin _time span=5m | stats sum(events) as events sum(duplicates) as duplicates "
        "sum(late) as late sum(calls) as calls sum(retries) as retries "
        "sum(rate_limited) as rate_limited max(backlog_s) as backlog_s max(lag_s) as lag_s "
        # Events come newest first.
        "first(action) as action by _time input",
    )

    def one(name: str, rest: str) -> str:
        return made.chain(base, name, rest)

    made.row(
        130,
        (
            made.single(
                "Worst lag now",
                one("lag now", "| stats last(lag_s) as lag_s by input | stats max(lag_s) as lag_s"),
                unit="s",
            ),
            1 / 6,
        ),
        (
            made.single(
                "Backlog to read",
                one(
                    "backlog now",
                    "| stats last(backlog_s) as backlog_s by input | stats sum(backlog_s) as s "
                    "| eval hours=round(s/3600, 1) | table hours",
                ),
                unit="h",
            ),
            1 / 6,
        ),
        (made.single("Events collected", one("events", "| stats sum(events) as events")), 1 / 6),
        (
            made.single(
                "Found late",
                one("late", "| stats sum(late) as late"),
                LEVELS["medium"],
            ),
            1 / 6,
        ),
        (
            made.single(
                "Answers 429",
                one("rate limited", "| stats sum(rate_limited) as rate_limited"),
                LEVELS["medium"],
            ),
            1 / 6,
        ),
        (
            made.single(
                "Newest event, age",
                made.search(
                    "newest",
                    f"{EVENTS} | stats max(_time) as newest "
                    "| eval minutes=round((now()-newest)/60) "
                    "| table minutes",
                ),
                unit="min",
            ),
            1 / 6,
        ),
    )
    made.row(
        280,
        (
            made.over_time(
                "Lag by input",
                one("lag over time", "| timechart span=5m max(lag_s) as lag by input"),
                "line",
                what="seconds",
            ),
            0.5,
        ),
        (
            made.over_time(
                "Events, and those found late",
                one(
                    "events over time",
                    "| timechart span=30m sum(events) as events sum(late) as late",
                ),
                "line",
                {"events": COLOURS[0], "late": LEVELS["medium"]},
            ),
            0.5,
        ),
    )
    made.row(
        280,
        (
            made.over_time(
                "Calls to Slack",
                one("calls over time", "| timechart span=5m sum(calls) as calls by input"),
                what="in 5 minutes, of 225",
            ),
            0.5,
        ),
        (
            made.over_time(
                "From happening to index, seconds",
                made.search(
                    "lateness",
                    f"{EVENTS} | eval delay=_indextime-_time | timechart span=1h "
                    "median(delay) as half perc95(delay) as most max(delay) as worst",
                ),
                "line",
                what="seconds",
                scale="log",
            ),
            0.5,
        ),
    )
    coverage, by_input = _coverage(made)
    made.row(
        280,
        (coverage, 0.5),
        (
            made.over_time(
                "Completeness: collected and indexed",
                made.search(
                    "completeness",
                    f"| multisearch [ search {_DONE} | eval collected=events, indexed=0 ] "
                    f"[ search {EVENTS} | eval collected=0, indexed=1, _time=_indextime ] "
                    "| timechart span=1h sum(collected) as collected sum(indexed) as indexed",
                ),
                "line",
                {"collected": COLOURS[0], "indexed": COLOURS[1]},
            ),
            0.5,
        ),
    )
    # Tables of nine columns are cut at less than the whole width.
    made.row(180, (by_input, 1))
    made.row(
        180,
        (
            made.table(
                "Inputs",
                one(
                    "inputs",
                    "| stats sum(events) as events sum(late) as late sum(duplicates) as repeats "
                    "sum(calls) as calls sum(retries) as retries last(lag_s) as lag_s "
                    "last(backlog_s) as backlog_s last(action) as action max(_time) as seen "
                    "by input "
                    # Without a line for two of these pieces of time nothing runs, whatever the
                    # last one said: a killed input says nothing.
                    '| eval stopped_since=if(action=="collected" AND now()-seen<900, "", '
                    'strftime(seen, "%Y-%m-%d %H:%M")) '
                    "| table input events late repeats calls retries lag_s backlog_s stopped_since",
                ),
                f'{_LOG} input="$row.input.value$"',
                8,
            ),
            1,
        ),
    )
    made.row(
        340,
        (
            made.table(
                "Unknown actions",
                made.search(
                    "unknown actions",
                    f"{EVENTS} slack_action_known=false "
                    "| stats count as events min(_time) as first "
                    'by slack_action slack_category | eval since=strftime(first, "%Y-%m-%d %H:%M") '
                    "| sort - events | table slack_action slack_category events since",
                ),
                f'{EVENTS} slack_action="$row.slack_action.value$"',
                8,
            ),
            0.4,
        ),
        (
            made.table(
                "Warnings and errors, latest",
                made.search(
                    "warnings",
                    f"{_LOG} log_level IN (WARNING, ERROR) | head 100 "
                    '| eval when=strftime(_time, "%Y-%m-%d %H:%M:%S"), '
                    "what=coalesce(error, reason, names, name, note, "
                    '"wait ".wait_s." s") '
                    "| table when log_level action what",
                ),
                f'{_LOG} log_level="$row.log_level.value$" action="$row.action.value$"',
                8,
            ),
            0.6,
        ),
    )
    return made


def _coverage(made: Board) -> tuple[str, str]:
    """Whether what Slack shows of each hour was delivered, by the records of a week.

    Places its figures, and gives its panels over time and by input.
    """
    # Of an hour with several records, the last one made counts.
    base = made.search(
        "coverage",
        f"{_RECORDS} | sort 0 - closed | dedup id | table _time id account input state shown "
        "delivered first_time late late_most missing repaired",
    )

    def one(name: str, rest: str) -> str:
        return made.chain(base, name, rest)

    def states(title: str, state: str, colour: str = "") -> tuple[str, float]:
        counted = f'| stats count(eval(state="{state}")) as hours'
        return made.single(title, one(f"hours {state}", counted), colour), 1 / 6

    made.row(
        130,
        states("Hours complete", "complete"),
        states("Hours repaired", "repaired", LEVELS["medium"]),
        states("Hours that differ", "differs", LEVELS["high"]),
        (
            made.single(
                "Newest record, age",
                one(
                    "oldest without record",
                    "| stats max(_time) as newest by account input "
                    "| stats min(newest) as newest | eval hours=round((now()-newest)/3600) "
                    "| table hours",
                ),
                unit="h",
            ),
            1 / 6,
        ),
        (
            made.single(
                "Recovered late, of these",
                one("recovered late", "| stats sum(late) as late"),
                LEVELS["medium"],
            ),
            1 / 6,
        ),
        (
            made.single(
                "Latest of them",
                one(
                    "latest of them",
                    "| stats max(late_most) as s | eval minutes=round(s/60) | table minutes",
                ),
                unit="min",
            ),
            1 / 6,
        ),
    )
    return (
        made.over_time(
            "Coverage: delivered at once, and recovered by sweeps",
            one(
                "coverage over time",
                "| timechart span=1h sum(first_time) as first_time sum(late) as late "
                "sum(repaired) as repaired",
            ),
            "line",
            {
                "first_time": COLOURS[0],
                "late": LEVELS["medium"],
                "repaired": LEVELS["high"],
            },
        ),
        made.table(
            "Coverage by input",
            one(
                "coverage by input",
                "| stats count as hours sum(shown) as shown sum(delivered) as delivered "
                "sum(late) as late sum(missing) as missing sum(repaired) as repaired "
                "by account input state",
            ),
            '`slack_audit_coverage` input="$row.input.value$" state="$row.state.value$"',
            8,
        ),
    )
