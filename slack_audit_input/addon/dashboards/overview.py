# SPDX-License-Identifier: Apache-2.0
"""What happened, who did it, and what stands out."""

from __future__ import annotations

from slack_audit_input.addon.dashboards.board import EVENTS, HOURLY, LEVELS, Board


def board() -> Board:
    """The dashboard one looks at first."""
    made = Board(
        "slack_audit_overview",
        "Slack audit: overview",
        "All events of the audit log: how many, by whom, of what kind, and which stand out.",
    )
    base = made.search("events by hour", HOURLY)
    made.workspaces(base)
    here = '| search dest="$workspace$"'

    def one(name: str, rest: str) -> str:
        return made.chain(base, name, f"{here} {rest}")

    made.row(
        130,
        (made.single("Events", one("events", "| stats sum(count) as events")), 1 / 6),
        (
            made.single("People", one("people", '| search who!="-" | stats dc(who) as people')),
            1 / 6,
        ),
        (
            made.single(
                "Addresses", one("addresses", '| search from!="-" | stats dc(from) as addresses')
            ),
            1 / 6,
        ),
        (
            made.single(
                "High and critical",
                one("high", "| search severity IN (high, critical) | stats sum(count) as high"),
                LEVELS["high"],
            ),
            1 / 6,
        ),
        (
            made.single(
                "Failed or refused",
                one("failures", '| stats sum(eval(if(status="failure", count, 0))) as failures'),
                LEVELS["medium"],
            ),
            1 / 6,
        ),
        (
            made.single(
                "Of unknown actions",
                one(
                    "unknown",
                    '| stats sum(eval(if(slack_action_known="false", count, 0))) as unknown',
                ),
            ),
            1 / 6,
        ),
    )
    made.row(
        300,
        (
            made.over_time(
                "Events by kind of thing",
                one(
                    "by category",
                    "| timechart span=1h limit=8 sum(count) as events by slack_category",
                ),
                "area",
            ),
            0.65,
        ),
        (
            made.shares(
                "Severity",
                one("by severity", "| stats sum(count) as events by severity | sort - events"),
                (
                    LEVELS["informational"],
                    LEVELS["low"],
                    LEVELS["medium"],
                    LEVELS["high"],
                    LEVELS["critical"],
                ),
            ),
            0.35,
        ),
    )
    made.row(
        360,
        (
            made.bars(
                "Most frequent actions",
                one("actions", "| stats sum(count) as events by slack_action | sort 12 - events"),
                open_events=f'{EVENTS} slack_action="$row.slack_action.value$"',
            ),
            0.42,
        ),
        (
            made.table(
                "Who does most",
                one(
                    "actors",
                    '| search who!="-" | stats sum(count) as events dc(slack_action) as actions '
                    "dc(from) as addresses by who | sort 10 - events",
                ),
                f'{EVENTS} actor="$row.who.value$"',
            ),
            0.32,
        ),
        (
            made.table(
                "Rare actions",
                one(
                    "rare",
                    "| stats sum(count) as events dc(who) as people by slack_action "
                    "| sort 10 events slack_action",
                ),
                f'{EVENTS} slack_action="$row.slack_action.value$"',
                wide="slack_action",
            ),
            0.26,
        ),
    )
    latest = made.search(
        "latest high",
        f'{EVENTS} severity IN (high, critical) dest="$workspace$" | head 50 '
        '| eval when=strftime(_time, "%Y-%m-%d %H:%M:%S") '
        "| table when severity slack_action actor target object src dest",
    )
    made.row(
        380,
        (
            made.table(
                "Latest events of high severity",
                latest,
                f'{EVENTS} slack_action="$row.slack_action.value$" severity="$row.severity.value$"',
            ),
            1,
        ),
    )
    return made
