# SPDX-License-Identifier: Apache-2.0
"""`make scan` can fail: on a finding without a reason, and on a reason without a finding."""

from __future__ import annotations

from typing import Any

from tests.security.scan import ACCEPTED, REPOSITORY, judged


def _found(file: str, rule: str) -> dict[str, Any]:
    return {
        "filename": str(REPOSITORY / "slack_audit_input" / file),
        "test_id": rule,
        "line_number": 5,
        "issue_severity": "HIGH",
        "issue_text": "text",
    }


def test_what_was_looked_at_passes() -> None:
    assert judged([_found(*key) for key in ACCEPTED]) == []


def test_anything_else_fails() -> None:
    found = [_found(*key) for key in ACCEPTED]
    assert judged([*found, _found("slack/client.py", "B501")]) == [
        "slack/client.py:5: B501 HIGH: text"
    ]
    assert len(judged(found[1:])) == 1
    assert all(len(reason) > 10 for reason in ACCEPTED.values())
