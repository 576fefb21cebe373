# SPDX-License-Identifier: Apache-2.0
"""What leaves: downloads, links, exports, other organizations."""

from __future__ import annotations

from slack_audit_input.addon.dashboards.board import COLOURS, LEVELS, Board

_WHEN = 'eval when=strftime(_time, "%Y-%m-%d %H:%M:%S")'
_HERE = 'eventtype=slack_audit dest="$workspace$"'
_ACCESS = 'eventtype=slack_audit_access dest="$workspace$"'
_EXPORTS = (
    "manual_export_*, manual_user_export_*, channels_export_*, scheduled_export_*, "
    "corporate_exports_*, audit_logs_export_*, search_query_audit_logs_export_*, "
    "channel_audit_export_*, security_settings_export_*"
)
_BLOCKED = (
    "file_download_blocked, file_downloaded_blocked, file_upload_blocked_by_type, "
    "file_share_blocked_by_type"
)


def board() -> Board:
    """The dashboard of data that moves."""
    made = Board(
        "slack_audit_data",
        "Slack audit: data movement",
        "Files, links, exports and channels shared with others.",
        "-7d@d",
    )
    where = made.search("workspaces base", "eventtype=slack_audit | stats count by dest")
    made.workspaces(where)
    base = made.search(
        "access by hour",
        f'{_ACCESS} | eval who=coalesce(user, "-") | bin _time span=1h '
        "| stats count dc(object_id) as objects by _time slack_action action object_category who",
    )

    def of(name: str, actions: str) -> str:
        return made.chain(
            base, name, f"| search slack_action IN ({actions}) | stats sum(count) as files"
        )

    made.row(
        130,
        (made.single("Downloads", of("downloads", "file_downloaded")), 1 / 6),
        (made.single("Uploads", of("uploads", "file_uploaded")), 1 / 6),
        (
            made.single(
                "Public links made",
                of("links", "file_public_link_created"),
                LEVELS["medium"],
            ),
            1 / 6,
        ),
        (
            made.single(
                "Blocked",
                made.search("blocked", f"{_HERE} slack_action IN ({_BLOCKED}) | stats count as n"),
                LEVELS["medium"],
            ),
            1 / 6,
        ),
        (
            made.single(
                "Exports",
                made.search("exports", f"{_HERE} slack_action IN ({_EXPORTS}) | stats count as n"),
                LEVELS["high"],
            ),
            1 / 6,
        ),
        (
            made.single(
                "Private made public",
                made.search(
                    "made public",
                    f"{_HERE} slack_action=private_channel_converted_to_public | stats count as n",
                ),
                LEVELS["high"],
            ),
            1 / 6,
        ),
    )
    made.row(
        280,
        (
            made.over_time(
                "Access over time",
                made.chain(
                    base, "over time", "| timechart span=6h limit=8 sum(count) as events by action"
                ),
                "area",
            ),
            0.65,
        ),
        (
            made.shares(
                "Kinds of things",
                made.chain(
                    base,
                    "kinds",
                    "| stats sum(count) as events by object_category | sort 8 - events",
                ),
            ),
            0.35,
        ),
    )
    downloads = f"{_HERE} slack_action IN (file_downloaded, canvas_downloaded, list_downloaded)"
    made.row(
        360,
        (
            made.bars(
                "Different files downloaded, by person",
                made.search(
                    "downloads by person",
                    f"{downloads} | stats dc(object_id) as files by user | sort 12 - files",
                ),
                COLOURS[0],
                f'{downloads} user="$row.user.value$"',
            ),
            0.4,
        ),
        (
            made.table(
                "Public links not revoked",
                made.search(
                    "open links",
                    f"{_HERE} slack_action IN (file_public_link_created, file_public_link_revoked) "
                    "| stats latest(slack_action) as last latest(_time) as at latest(actor) as who "
                    "latest(object) as file by object_id "
                    '| where last="file_public_link_created" '
                    '| sort 50 - at | eval since=strftime(at, "%Y-%m-%d %H:%M") '
                    "| table since who file object_id",
                ),
                f'{_HERE} object_id="$row.object_id.value$"',
            ),
            0.6,
        ),
    )
    made.row(
        360,
        (
            made.table(
                "Exports, latest",
                made.search(
                    "exports table",
                    f"{_HERE} slack_action IN ({_EXPORTS}) | head 100 | {_WHEN} "
                    "| eval kind='details.export_type' | table when actor slack_action kind src",
                ),
                f'{_HERE} slack_action="$row.slack_action.value$"',
            ),
            0.5,
        ),
        (
            made.table(
                "Channels and other organizations",
                made.search(
                    "connect table",
                    f"{_HERE} slack_action IN (external_shared_channel_*, "
                    "connect_dm_invite_accepted) "
                    f"| head 100 | {_WHEN} | eval "
                    "organization=coalesce('details.external_organization_name', "
                    "'details.target_team', 'details.disconnecting_team') "
                    "| table when actor slack_action object organization",
                ),
                f'{_HERE} slack_action="$row.slack_action.value$"',
            ),
            0.5,
        ),
    )
    made.row(
        340,
        (
            made.table(
                "Blocked transfers, by person",
                made.search(
                    "blocked table",
                    f"{_HERE} slack_action IN ({_BLOCKED}) | stats count as blocked "
                    "dc(object_id) as files values(slack_action) as how by user "
                    "| sort 10 - blocked",
                ),
                f'{_HERE} slack_action IN ({_BLOCKED}) user="$row.user.value$"',
                8,
            ),
            0.5,
        ),
        (
            made.table(
                "Opened to more readers, latest",
                made.search(
                    "opened table",
                    f"{_HERE} slack_action IN (private_channel_converted_to_public, "
                    "canvas_linksharing_enabled, list_linksharing_enabled, "
                    "file_public_link_created) "
                    f"| head 100 | {_WHEN} | table when actor slack_action object",
                ),
                f'{_HERE} slack_action="$row.slack_action.value$"',
                8,
            ),
            0.5,
        ),
    )
    return made
