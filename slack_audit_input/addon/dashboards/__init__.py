# SPDX-License-Identifier: Apache-2.0
"""The dashboards: Dashboard Studio definitions, made by code and written as views at build time.

    python -m slack_audit_input.addon.dashboards build/generated/default

A definition names every search once; a panel that needs only a sum takes it from a base search.
"""

from slack_audit_input.addon.dashboards.views import BOARDS, generate

__all__ = ["BOARDS", "generate"]
