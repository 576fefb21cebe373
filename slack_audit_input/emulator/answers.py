# SPDX-License-Identifier: Apache-2.0
"""Answers as values: status, headers, body, and how the body is to be sent.

Pure. Slack's error table names codes without HTTP statuses; the statuses here are those seen live
where there are any (400, 401, 429), and the likely ones else (403, 404, 405).
"""

from __future__ import annotations

import email.utils
import json
from typing import NamedTuple

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
GLITCH = (
    b"<!DOCTYPE html><html><head><title>There's been a glitch...</title></head>"
    b"<body><h1>There's been a glitch...</h1><p>Please try again in a moment.</p></body></html>"
)
"""What a wrong host of Slack's answers with, and a server that is in trouble."""

FORBIDDEN = (
    "user_not_authorized",
    "team_not_authorized",
    "feature_not_enabled",
    "invalid_workspace",
    "method_not_allowed",
    "missing_scope",
    "not_allowed_token_type",
    "token_revoked",
    "token_expired",
    "account_inactive",
    "org_login_required",
    "paid_only",
)
"""Error codes that come with HTTP 403; the last six are Slack's in general, not of this API."""


class Answer(NamedTuple):
    """An answer: `status` 0 is none at all.

    `delay`: seconds before the first byte. `manner`: `whole`, `cut` (half of the body, then the
    connection is closed), `reset` (the same with a reset), `drip` (slowly, over `pace` seconds),
    `hang` (nothing, until the client goes). A user in-process sees to delay and manner himself.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    delay: float = 0.0
    manner: str = "whole"
    pace: float = 0.0


def answer(status: int, body: bytes = b"", kind: str = JSON, **headers: str) -> Answer:
    """An answer; `Retry_After` as keyword is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"Content-Type": kind, **named}, body)


def error(status: int, code: str, with_code: bool = True) -> Answer:
    """An error: with its code in JSON, or as the bare text that some clients met."""
    if status == 401 and code == "invalid_authentication":
        # Seen live: nothing that could be parsed.
        return answer(401)
    if not with_code:
        return answer(status, b"Bad Request" if status == 400 else b"", "text/plain")
    told: dict[str, object] = {"ok": False, "error": code}
    if code == "missing_scope":
        told.update(needed="auditlogs:read", provided="identify,users:read")
    return answer(status, dump(told))


def rate_limited(seconds: str) -> Answer:
    """HTTP 429. The code is spelt otherwise than in the documentation, as Slack's SDKs have it."""
    return answer(429, dump({"ok": False, "error": "ratelimited"}), Retry_After=seconds)


def dated(given: Answer, now: float) -> Answer:
    """The answer with the header Date, of the moment when it is sent."""
    date = email.utils.formatdate(now + given.delay, usegmt=True)
    return given._replace(headers={**given.headers, "Date": date})


def dump(value: object) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()
