# SPDX-License-Identifier: Apache-2.0
"""Kinds of accounts that cannot read audit logs, and how Slack says so, here and there.

The codes of /logs are documented (without HTTP statuses); those of auth.test are the Web API's.
"""

from __future__ import annotations

from typing import NamedTuple


class Account(NamedTuple):
    """How an account looks. ``logs``: the code with which /logs refuses, "" for it does not.

    ``test``: the code with which auth.test refuses, "" for it answers; then with ``enterprise``
    (it belongs to an organization), ``whole`` (the app is installed on that) and ``scopes``.
    """

    logs: str
    test: str = ""
    enterprise: bool = True
    whole: bool = True
    scopes: str = "identify,auditlogs:read"


ACCOUNTS = {
    "owner": Account(""),
    "not_enterprise": Account("feature_not_enabled", enterprise=False, whole=False),
    "workspace": Account("team_not_authorized", whole=False),
    "not_owner": Account("user_not_authorized"),
    "wrong_scope": Account("missing_scope", scopes="identify,users:read"),
    "revoked": Account("token_revoked", "token_revoked"),
    "expired": Account("token_expired", "token_expired"),
    "deactivated": Account("account_inactive", "account_inactive"),
    "elsewhere": Account("invalid_authentication", "invalid_auth"),
}
"""By name; ``elsewhere``: it exists, but in another region's Slack."""
