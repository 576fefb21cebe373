# SPDX-License-Identifier: Apache-2.0
"""All that one person did, and all that was done to them."""

from __future__ import annotations

from slack_audit_input.addon.dashboards.board import COLOURS, LEVELS, Board

_WHEN = 'eval when=strftime(_time, "%Y-%m-%d %H:%M:%S")'
_BY = 'eventtype=slack_audit (actor="$who$" OR actor_id="$who$" OR doer="$who$")'
_TO = 'eventtype=slack_audit (target="$who$" OR target_id="$who$")'
_ANY = (
    'eventtype=slack_audit (actor="$who$" OR actor_id="$who$" OR doer="$who$" '
    'OR target="$who$" OR target_id="$who$")'
)


def board() -> Board:
    """The dashboard for looking into one account."""
    made = Board(
        "slack_audit_person",
        "Slack audit: user investigation",
        "Type an e-mail address or a Slack id: what this account did, and what was done to it.",
        "-7d@d",
    )
    made.text_input("who", "E-mail address or id", "*")
    base = made.search(
        "by hour",
        f'{_ANY} | eval from=coalesce(src, "-"), agent=coalesce(user_agent, "-") '
        "| bin _time span=1h "
        "| stats count by _time slack_category slack_action severity from agent dest",
    )

    def one(name: str, rest: str) -> str:
        return made.chain(base, name, rest)

    made.row(
        130,
        (made.single("Events", one("events", "| stats sum(count) as events")), 0.2),
        (
            made.single(
                "Addresses", one("addresses", '| search from!="-" | stats dc(from) as addresses')
            ),
            0.2,
        ),
        (
            made.single("Clients", one("clients", '| search agent!="-" | stats dc(agent) as n')),
            0.2,
        ),
        (
            made.single(
                "High and critical",
                one("high", "| search severity IN (high, critical) | stats sum(count) as n"),
                LEVELS["high"],
            ),
            0.2,
        ),
        (
            made.single(
                "Done to the account",
                made.search("done to", f"{_TO} | stats count as n"),
                COLOURS[4],
            ),
            0.2,
        ),
    )
    made.row(
        280,
        (
            made.over_time(
                "Timeline",
                one("timeline", "| timechart span=6h limit=8 sum(count) as n by slack_category"),
            ),
            1,
        ),
    )
    made.row(
        340,
        (
            made.table(
                "From where",
                one(
                    "from where",
                    '| search from!="-" | stats sum(count) as events max(_time) as at by from '
                    '| sort 20 - events | eval last=strftime(at, "%Y-%m-%d %H:%M") '
                    "| table from events last",
                ),
                f'{_ANY} src="$row.from.value$"',
                8,
            ),
            0.3,
        ),
        (
            made.table(
                "With what",
                one(
                    "with what",
                    '| search agent!="-" | stats sum(count) as events by agent | sort 20 - events',
                ),
                f'{_ANY} user_agent="$row.agent.value$"',
                8,
            ),
            0.4,
        ),
        (
            made.bars(
                "What",
                one("what", "| stats sum(count) as events by slack_action | sort 10 - events"),
                open_events=f'{_ANY} slack_action="$row.slack_action.value$"',
            ),
            0.3,
        ),
    )
    made.row(
        360,
        (
            made.table(
                "What the account changed",
                made.search(
                    "changed",
                    f"{_BY} eventtype=slack_audit_change | head 100 | {_WHEN} "
                    '| eval before=mvjoin(old_value, ", "), after=mvjoin(new_value, ", ") '
                    "| table when slack_action object before after src",
                ),
                f'{_BY} slack_action="$row.slack_action.value$"',
            ),
            0.5,
        ),
        (
            made.table(
                "What others did to the account",
                made.search(
                    "others",
                    f"{_TO} | where actor!=target | head 100 | {_WHEN} "
                    "| table when actor slack_action target src",
                ),
                f'{_TO} slack_action="$row.slack_action.value$"',
            ),
            0.5,
        ),
    )
    made.row(
        360,
        (
            made.table(
                "Sessions",
                made.search(
                    "sessions",
                    f"{_BY} session_id=* | stats count as events dc(src) as addresses "
                    "min(_time) as first max(_time) as at values(src) as from by session_id "
                    '| sort 50 - at | eval since=strftime(first, "%Y-%m-%d %H:%M"), '
                    'until=strftime(at, "%Y-%m-%d %H:%M") '
                    "| table session_id since until events addresses from",
                ),
                'eventtype=slack_audit session_id="$row.session_id.value$"',
            ),
            0.5,
        ),
        (
            made.table(
                "Files and other data",
                made.search(
                    "files",
                    f"{_BY} eventtype=slack_audit_access | head 200 | {_WHEN} "
                    "| table when slack_action object object_id",
                ),
                'eventtype=slack_audit object_id="$row.object_id.value$"',
            ),
            0.5,
        ),
    )
    return made
