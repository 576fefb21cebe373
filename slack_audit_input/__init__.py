# SPDX-License-Identifier: Apache-2.0
"""Collect Slack's audit log: every event, once, seconds after Slack shows it.

For people's own scripts there is :class:`AuditLogs`; everything else is the command
``slack-audit-input`` (see ``slack_audit_input.hosts.cli``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["AuditLogs", "__version__"]

if TYPE_CHECKING:
    from slack_audit_input.hosts.script import AuditLogs


def __getattr__(name: str) -> Any:
    # Lazy, so that `import slack_audit_input` costs nothing: the engine's users and the
    # packaging read only the version.
    if name == "AuditLogs":
        from slack_audit_input.hosts.script import AuditLogs

        return AuditLogs
    raise AttributeError(name)
