# SPDX-License-Identifier: Apache-2.0
"""Who changed rights and settings, with what stood there before and after."""

from __future__ import annotations

from slack_audit_input.addon.dashboards.board import LEVELS, Board

_WHEN = 'eval when=strftime(_time, "%Y-%m-%d %H:%M:%S")'
_ROLES = (
    "role_change_to_admin, role_change_to_owner, role_change_to_user, role_change_to_guest, "
    "org_owner_created, owner_transferred, service_owner_transferred, role_assigned, role_removed"
)
_CONTROLS = (
    "pref.sso_setting_changed, pref.two_factor_auth_changed, pref.two_factor_prevent_sms_changed, "
    "idp_*, auth_policy_*, enterprise_managed_auth_*, ip_allowlist_*, team_authorized_ip_range_*, "
    "pref.anomaly_event_response_changed, *_allowlist_changed, pref.ext_audit_log_retention_*, "
    "pref.session_duration*, domain_*, intune_*, ekm_*, native_dlp_rule_*, barrier_*, legal_hold_*"
)


def board() -> Board:
    """The dashboard of changes."""
    made = Board(
        "slack_audit_changes",
        "Slack audit: privilege and configuration changes",
        "Roles, accounts and settings: who changed what, from which value to which.",
        "-7d@d",
    )
    where = made.search("workspaces base", "eventtype=slack_audit | stats count by dest")
    made.workspaces(where)
    events = 'eventtype=slack_audit_change dest="$workspace$"'
    base = made.search(
        "changes by hour",
        f'{events} | eval who=coalesce(actor, "-"), kind=coalesce(change_type, "-") '
        "| bin _time span=1h | stats count by _time slack_action kind who severity",
    )

    def one(name: str, rest: str) -> str:
        return made.chain(base, name, rest)

    made.row(
        130,
        (made.single("Changes", one("changes", "| stats sum(count) as changes")), 0.2),
        (
            made.single(
                "People who changed things",
                one("who", '| search who!="-" | stats dc(who) as people'),
            ),
            0.2,
        ),
        (
            made.single(
                "Settings changed",
                one("settings", '| search slack_action="pref.*" | stats sum(count) as settings'),
            ),
            0.2,
        ),
        (
            made.single(
                "Role changes",
                one("roles", f"| search slack_action IN ({_ROLES}) | stats sum(count) as roles"),
                LEVELS["medium"],
            ),
            0.2,
        ),
        (
            made.single(
                "Security controls touched",
                one("controls", f"| search slack_action IN ({_CONTROLS}) | stats sum(count) as n"),
                LEVELS["high"],
            ),
            0.2,
        ),
    )
    made.row(
        280,
        (
            made.over_time(
                "Changes by type",
                one("by type", "| timechart span=6h limit=8 sum(count) as changes by kind"),
                what="changes",
            ),
            0.6,
        ),
        (
            made.bars(
                "Who changes most",
                one(
                    "most",
                    '| search who!="-" | stats sum(count) as changes by who | sort 10 - changes',
                ),
                open_events=f'{events} actor="$row.who.value$"',
            ),
            0.4,
        ),
    )
    made.row(
        380,
        (
            made.table(
                "Settings, before and after",
                made.search(
                    "settings table",
                    f'eventtype=slack_audit dest="$workspace$" slack_action="pref.*" new_value=* '
                    f'| head 100 | {_WHEN} | eval before=mvjoin(old_value, ", "), '
                    'after=mvjoin(new_value, ", ") '
                    "| table when actor object before after dest src",
                ),
                'eventtype=slack_audit slack_action="pref.*" object="$row.object.value$"',
            ),
            1,
        ),
    )
    made.row(
        380,
        (
            made.table(
                "Roles: who gave whom what",
                made.search(
                    "roles table",
                    f'eventtype=slack_audit dest="$workspace$" slack_action IN ({_ROLES}) '
                    f"| head 100 | {_WHEN} | eval who=coalesce(target, user), "
                    'role=case(match(slack_action, "admin"), "administrator", '
                    'match(slack_action, "owner"), "owner", match(slack_action, "user"), "member", '
                    'match(slack_action, "guest"), "guest", true(), mvjoin(object_attrs, ", ")) '
                    "| table when actor who slack_action role dest",
                ),
                'eventtype=slack_audit slack_action="$row.slack_action.value$"',
            ),
            0.5,
        ),
        (
            made.table(
                "Security controls",
                made.search(
                    "controls table",
                    f'eventtype=slack_audit dest="$workspace$" slack_action IN ({_CONTROLS}) '
                    f"| head 100 | {_WHEN} | table when actor slack_action object severity",
                ),
                'eventtype=slack_audit slack_action="$row.slack_action.value$"',
            ),
            0.5,
        ),
    )
    accounts = 'eventtype=slack_audit_account dest="$workspace$"'
    made.row(
        340,
        (
            made.over_time(
                "Accounts created, changed, deleted",
                made.search(
                    "accounts over time",
                    f"{accounts} | timechart span=6h count as accounts by action",
                ),
                what="accounts",
            ),
            0.4,
        ),
        (
            made.table(
                "Accounts, latest",
                made.search(
                    "accounts table",
                    f"{accounts} | head 100 | {_WHEN} "
                    "| table when src_user slack_action user result",
                ),
                f'{accounts} user="$row.user.value$"',
                8,
            ),
            0.6,
        ),
    )
    return made
