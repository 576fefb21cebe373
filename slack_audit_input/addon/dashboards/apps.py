# SPDX-License-Identifier: Apache-2.0
"""Apps, what they may do, and what AI agents do in people's names."""

from __future__ import annotations

from slack_audit_input.addon.dashboards.board import COLOURS, LEVELS, Board

_WHEN = 'eval when=strftime(_time, "%Y-%m-%d %H:%M:%S")'
_APPS = (
    "app_installed, app_approved, app_restricted, app_uninstalled, app_scopes_expanded, "
    "org_app_installed, org_app_workspace_added, org_app_upgraded_to_org_install, app_deleted"
)
_AGENTS = (
    "mcp_slack_*, slack_ai_mcp_*, slackbot_ai_*, slack_ai_skill_*, agentforce_*, app_agentforce_*"
)
_KIND = (
    'case(match(slack_action, "^mcp_slack_"), "tools in Slack", '
    'match(slack_action, "^slack_ai_mcp_"), "tools elsewhere", '
    'match(slack_action, "agentforce"), "Agentforce", '
    'match(slack_action, "skill"), "skills", true(), "Slackbot")'
)
_ADMIN = "admin*, auditlogs*"
_HERE = 'eventtype=slack_audit dest="$workspace$"'


def board() -> Board:
    """The dashboard of apps and agents."""
    made = Board(
        "slack_audit_apps",
        "Slack audit: apps and AI agents",
        "Apps that come and go, scopes that grow, tools that agents call.",
        "-7d@d",
    )
    where = made.search("workspaces base", "eventtype=slack_audit | stats count by dest")
    made.workspaces(where)
    apps = made.search(
        "apps by hour",
        f'{_HERE} slack_action IN ({_APPS}) | eval app_name=coalesce(object, "-"), '
        'who=coalesce(actor, "-") | bin _time span=1h '
        "| stats count by _time slack_action app_name who",
    )
    agents = made.search(
        "agents by hour",
        f'{_HERE} slack_action IN ({_AGENTS}) | eval who=coalesce(actor, "-"), kind={_KIND} '
        "| bin _time span=1h | stats count by _time slack_action kind who",
    )

    def of(*actions: str) -> str:
        return f"| search slack_action IN ({', '.join(actions)}) | stats sum(count) as apps"

    made.row(
        130,
        (
            made.single(
                "Installed", made.chain(apps, "installed", of("app_installed", "org_app_installed"))
            ),
            1 / 6,
        ),
        (made.single("Approved", made.chain(apps, "approved", of("app_approved"))), 1 / 6),
        (
            made.single(
                "Restricted or removed",
                made.chain(apps, "removed", of("app_restricted", "app_uninstalled", "app_deleted")),
            ),
            1 / 6,
        ),
        (
            made.single(
                "Scopes expanded",
                made.chain(apps, "expanded", of("app_scopes_expanded")),
                LEVELS["medium"],
            ),
            1 / 6,
        ),
        (
            made.single(
                "Calls by agents",
                made.chain(agents, "agent calls", "| stats sum(count) as calls"),
                COLOURS[4],
            ),
            1 / 6,
        ),
        (
            made.single(
                "People with agents",
                made.chain(agents, "agent people", "| stats dc(who) as people"),
                COLOURS[4],
            ),
            1 / 6,
        ),
    )
    made.row(
        280,
        (
            made.over_time(
                "Apps over time",
                made.chain(
                    apps,
                    "apps over time",
                    "| timechart span=6h limit=8 sum(count) as apps by slack_action",
                ),
                what="apps",
            ),
            0.5,
        ),
        (
            made.over_time(
                "Agents over time",
                made.chain(
                    agents,
                    "agents over time",
                    "| timechart span=6h limit=8 sum(count) as calls by kind",
                ),
                what="calls",
            ),
            0.5,
        ),
    )
    made.row(
        360,
        (
            made.table(
                "Apps that may administer or read the audit log",
                made.search(
                    "admin apps",
                    f'{_HERE} ("entity.app.scopes{{}}" IN ({_ADMIN}) '
                    f'OR "details.new_scopes{{}}" IN ({_ADMIN}) '
                    f'OR "details.scopes{{}}" IN ({_ADMIN})) | head 100 | {_WHEN} '
                    "| eval scopes=mvjoin(coalesce('details.new_scopes{}', 'details.scopes{}', "
                    "'entity.app.scopes{}'), \" \") | table when slack_action object actor scopes",
                ),
                f'{_HERE} object="$row.object.value$"',
            ),
            0.5,
        ),
        (
            made.table(
                "Scopes, before and after",
                made.search(
                    "scopes",
                    f"{_HERE} slack_action IN (app_scopes_expanded, bot_token_upgraded) "
                    f"| head 100 | {_WHEN} "
                    '| eval before=mvjoin(old_value, " "), after=mvjoin(new_value, " ") '
                    "| where isnotnull(after) | table when actor object before after",
                ),
                f'{_HERE} slack_action=app_scopes_expanded actor="$row.actor.value$"',
            ),
            0.5,
        ),
    )
    made.row(
        360,
        (
            made.table(
                "What agents do",
                made.chain(
                    agents,
                    "agent actions",
                    "| stats sum(count) as calls dc(who) as people by slack_action "
                    "| sort 50 - calls",
                ),
                f'{_HERE} slack_action="$row.slack_action.value$"',
                wide="slack_action",
            ),
            0.36,
        ),
        (
            made.table(
                "In whose name",
                made.chain(
                    agents,
                    "agent names",
                    '| search who!="-" | stats sum(count) as calls '
                    "dc(slack_action) as kinds by who | sort 10 - calls",
                ),
                f'{_HERE} slack_action IN ({_AGENTS}) actor="$row.who.value$"',
            ),
            0.25,
        ),
        (
            made.table(
                "Done by an agent, whatever it is",
                made.search(
                    "acting agents",
                    f"{_HERE} acting_agent=* | head 100 | {_WHEN} "
                    "| table when acting_agent actor slack_action",
                ),
                f'{_HERE} acting_agent="$row.acting_agent.value$"',
            ),
            0.39,
        ),
    )
    made.row(
        320,
        (
            made.table(
                "MCP servers and permissions of tools",
                made.search(
                    "mcp servers",
                    f"{_HERE} slack_action IN (app_mcp_server_*, salesforce_mcp_server_*, "
                    "slack_ai_mcp_tool_permission_changed, slack_ai_mcp_connector_changed) "
                    f"| head 100 | {_WHEN} "
                    "| eval server=coalesce('details.server_url', 'details.server_name', object), "
                    "decision=coalesce('details.decision', result) "
                    "| table when actor slack_action server decision",
                ),
                f'{_HERE} slack_action="$row.slack_action.value$"',
                8,
            ),
            0.5,
        ),
        (
            made.table(
                "Suspicious workflows and prompts",
                made.search(
                    "suspicious workflows",
                    f"{_HERE} slack_action IN (workflow_trigger_suspicious_keyword, "
                    f"workflow_ai_answer_suspicious_prompt) | head 100 | {_WHEN} "
                    "| table when actor slack_action object src",
                ),
                f'{_HERE} slack_action="$row.slack_action.value$"',
                8,
            ),
            0.5,
        ),
    )
    return made
