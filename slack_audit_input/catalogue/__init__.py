# SPDX-License-Identifier: Apache-2.0
"""The catalogue of audit actions and entity types: ours (package data) and Slack's, side by side.

Our table names every action that Slack's /actions, Slack's documentation, its SDKs or one real
organization is known to have used, with a sentence each. Neither side is complete: Slack adds
dozens of names a month, and emits some that it does not list. So nothing here may ever be used
to refuse an entry; it explains names, and no more.

Pure, standard library only: fetching Slack's answers is the caller's work.
"""

from __future__ import annotations

from slack_audit_input.catalogue.comparing import Comparison, compare, search
from slack_audit_input.catalogue.listed import Listing, Schema, parse_actions, parse_schemas
from slack_audit_input.catalogue.packaged import ACTION_COUNT, Action, ours

__all__ = [
    "ACTION_COUNT",
    "Action",
    "Comparison",
    "Listing",
    "Schema",
    "compare",
    "ours",
    "parse_actions",
    "parse_schemas",
    "search",
]
