# SPDX-License-Identifier: Apache-2.0
"""Who logs in from where, who fails to, and whose session is in two places."""

from __future__ import annotations

from slack_audit_input.addon.dashboards.board import COLOURS, LEVELS, Board

LOGINS = "eventtype=slack_audit_authentication"
_FORCED = (
    "user_logout_compromised, user_session_invalidated, user_session_reset_by_admin, "
    "bulk_session_reset_by_admin, user_sessions_reset_by_anomaly_event_response, "
    "user_sessions_reset_by_circuit_breaker"
)
_CLIENT = (
    'case(match(user_agent, "(?i)iphone|ipad|android|com.tinyspeck|com.Slack"), "mobile", '
    'match(user_agent, "(?i)slack_ssb|electron"), "desktop", '
    'match(user_agent, "(?i)^mozilla"), "browser", '
    'isnotnull(user_agent), "program", true(), "not named")'
)


def board() -> Board:
    """The dashboard of sign-ins and sessions."""
    made = Board(
        "slack_audit_authentication",
        "Slack audit: authentication",
        "Logins that succeed and fail, addresses that try many accounts, sessions in two places.",
    )
    where = made.search("workspaces base", "eventtype=slack_audit | stats count by dest")
    made.workspaces(where)
    base = made.search(
        "logins",
        f'{LOGINS} dest="$workspace$" | eval client={_CLIENT}, '
        'method=coalesce(authentication_method, "not told"), from=coalesce(src, "-"), '
        'account=coalesce(user, "-") | bin _time span=1h '
        "| stats count by _time action account from client method",
    )

    def one(name: str, rest: str) -> str:
        return made.chain(base, name, rest)

    def of(action: str) -> str:
        return f'sum(eval(if(action="{action}", count, 0)))'

    made.row(
        130,
        (made.single("Logins", one("succeeded", f"| stats {of('success')} as logins")), 0.2),
        (
            made.single(
                "Failed logins",
                one("failed", f"| stats {of('failure')} as failed"),
                LEVELS["medium"],
            ),
            0.2,
        ),
        (
            made.single(
                "Failed, of all",
                one(
                    "share failed",
                    f"| stats {of('failure')} as failed sum(count) as total "
                    "| eval share=round(100*failed/total) | table share",
                ),
                unit="%",
            ),
            0.2,
        ),
        (
            made.single(
                "Accounts that failed",
                one("accounts failed", "| search action=failure | stats dc(account) as accounts"),
            ),
            0.2,
        ),
        (
            made.single(
                "Sessions ended by force",
                made.search(
                    "forced",
                    f'eventtype=slack_audit dest="$workspace$" slack_action IN ({_FORCED}) '
                    "| stats count as sessions",
                ),
                LEVELS["high"],
            ),
            0.2,
        ),
    )
    made.row(
        300,
        (
            made.over_time(
                "Logins over time",
                one("over time", "| timechart span=1h sum(count) as logins by action"),
                colours={"success": COLOURS[2], "failure": LEVELS["high"]},
                what="logins",
            ),
            0.5,
        ),
        (
            made.shares(
                "Clients",
                one("clients", "| stats sum(count) as logins by client | sort - logins"),
            ),
            0.25,
        ),
        (
            made.shares(
                "Methods",
                one("methods", "| stats sum(count) as logins by method | sort - logins"),
            ),
            0.25,
        ),
    )
    made.row(
        360,
        (
            made.bars(
                "Accounts with most failures",
                one(
                    "failures by account",
                    '| search action=failure account!="-" '
                    "| stats sum(count) as failures by account | sort 12 - failures",
                ),
                LEVELS["high"],
                f'{LOGINS} action=failure user="$row.account.value$"',
            ),
            0.34,
        ),
        (
            made.table(
                "Addresses that fail at many accounts",
                one(
                    "failures by address",
                    '| search action=failure from!="-" | stats dc(account) as accounts '
                    "sum(count) as failures by from | sort 10 - accounts - failures",
                ),
                f'{LOGINS} src="$row.from.value$"',
            ),
            0.33,
        ),
        (
            made.table(
                "Accounts at several addresses",
                one(
                    "addresses by account",
                    '| search action=success account!="-" from!="-" | stats dc(from) as addresses '
                    "sum(count) as logins by account | sort 10 - addresses - logins",
                ),
                f'{LOGINS} action=success user="$row.account.value$"',
            ),
            0.33,
        ),
    )
    sessions = made.search(
        "sessions",
        'eventtype=slack_audit dest="$workspace$" session_id=* src=* | stats dc(src) as addresses '
        "dc(user_agent) as clients count as events values(actor) as who by session_id "
        "| where addresses>1 | sort 10 - clients - addresses "
        "| table who session_id addresses clients events",
    )
    ends = made.search(
        "session ends",
        f'eventtype=slack_audit dest="$workspace$" slack_action IN ({_FORCED}) '
        '| head 50 | eval when=strftime(_time, "%Y-%m-%d %H:%M:%S") '
        "| table when slack_action actor target src",
    )
    made.row(
        380,
        (
            made.table(
                "Sessions seen at several addresses",
                sessions,
                'eventtype=slack_audit session_id="$row.session_id.value$"',
            ),
            0.5,
        ),
        (
            made.table(
                "Sessions ended by force, latest",
                ends,
                'eventtype=slack_audit slack_action="$row.slack_action.value$"',
            ),
            0.5,
        ),
    )
    return made
