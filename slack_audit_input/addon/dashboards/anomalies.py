# SPDX-License-Identifier: Apache-2.0
"""What Slack itself found unusual or malicious."""

from __future__ import annotations

from slack_audit_input.addon.dashboards.board import LEVELS, Board

_WHEN = 'eval when=strftime(_time, "%Y-%m-%d %H:%M:%S")'
_ANOMALIES = 'eventtype=slack_audit_anomaly dest="$workspace$"'


def board() -> Board:
    """The dashboard of anomalies and alerts."""
    made = Board(
        "slack_audit_anomalies",
        "Slack audit: anomalies",
        "Anomalies with their reasons, before and after; malware; accounts Slack signed out.",
        "-7d@d",
    )
    where = made.search("workspaces base", "eventtype=slack_audit | stats count by dest")
    made.workspaces(where)
    base = made.search(
        "anomalies",
        f'{_ANOMALIES} | eval who=coalesce(user, "-") '
        "| bin _time span=1h | stats count by _time reason severity who event_id",
    )

    def one(name: str, rest: str) -> str:
        return made.chain(base, name, rest)

    made.row(
        130,
        (
            made.single("Anomalies", one("anomalies count", "| stats dc(event_id) as anomalies")),
            0.2,
        ),
        (
            made.single(
                "High",
                one("high", '| search severity="high" | stats dc(event_id) as anomalies'),
                LEVELS["high"],
            ),
            0.2,
        ),
        (made.single("Accounts", one("accounts", '| search who!="-" | stats dc(who) as n')), 0.2),
        (
            made.single(
                "Malicious files",
                made.search(
                    "malware count",
                    'eventtype=slack_audit_malware dest="$workspace$" | stats count as files',
                ),
                LEVELS["high"],
            ),
            0.2,
        ),
        (
            made.single(
                "Signed out as compromised",
                made.search(
                    "compromised count",
                    'eventtype=slack_audit dest="$workspace$" slack_action IN '
                    "(user_logout_compromised, user_sessions_reset_by_anomaly_event_response) "
                    "| stats count as n",
                ),
                LEVELS["critical"],
            ),
            0.2,
        ),
    )
    made.row(
        300,
        (
            made.over_time(
                "Reasons over time",
                one("reasons over time", "| timechart span=6h limit=8 dc(event_id) as n by reason"),
                what="anomalies",
            ),
            0.65,
        ),
        (
            made.shares(
                "How bad",
                one(
                    "severity",
                    "| stats dc(event_id) as anomalies by severity | sort severity",
                ),
                (LEVELS["high"], LEVELS["low"], LEVELS["medium"]),
            ),
            0.35,
        ),
    )
    made.row(
        360,
        (
            made.bars(
                "Reasons",
                one("reasons", "| stats dc(event_id) as anomalies by reason | sort 15 - anomalies"),
                open_events=f'{_ANOMALIES} reason="$row.reason.value$"',
            ),
            0.44,
        ),
        (
            made.table(
                "Accounts with most reasons",
                one(
                    "by account",
                    '| search who!="-" | stats dc(reason) as reasons dc(event_id) as anomalies '
                    "by who | sort 10 - reasons - anomalies",
                ),
                f'{_ANOMALIES} user="$row.who.value$"',
            ),
            0.28,
        ),
        (
            made.table(
                "ATT&CK techniques",
                made.search(
                    "techniques",
                    f"{_ANOMALIES} mitre_technique_id=* | stats count as anomalies "
                    "dc(user) as accounts by mitre_technique_id | sort - anomalies",
                ),
                f'{_ANOMALIES} mitre_technique_id="$row.mitre_technique_id.value$"',
            ),
            0.28,
        ),
    )
    made.row(
        420,
        (
            made.table(
                "Anomalies: before and now",
                made.search(
                    "anomalies table",
                    f'{_ANOMALIES} | head 100 | {_WHEN} | eval why=mvjoin(reason, ", "), '
                    'told_after=if(isnotnull(action_time), round(_time-action_time)." s", null()), '
                    'about=mvjoin(ip_address_details, ", ") '
                    "| table when user severity why previous_src src about "
                    "previous_user_agent user_agent told_after",
                ),
                f'{_ANOMALIES} user="$row.user.value$"',
            ),
            1,
        ),
    )
    made.row(
        320,
        (
            made.table(
                "Malicious files, latest",
                made.search(
                    "malware table",
                    f'eventtype=slack_audit_malware dest="$workspace$" | head 100 | {_WHEN} '
                    "| table when user file_name file_hash",
                ),
                'eventtype=slack_audit file_hash="$row.file_hash.value$"',
                8,
            ),
            0.5,
        ),
        (
            made.table(
                "Other alerts of Slack, latest",
                made.search(
                    "alerts table",
                    'eventtype=slack_audit_alert dest="$workspace$" slack_action!=anomaly '
                    f"| head 100 | {_WHEN} | table when slack_action severity user object",
                ),
                'eventtype=slack_audit slack_action="$row.slack_action.value$"',
                8,
            ),
            0.5,
        ),
    )
    return made
