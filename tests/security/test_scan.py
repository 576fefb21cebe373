# SPDX-License-Identifier: Apache-2.0
"""`make scan` can fail: on a finding without a reason, and on a reason without a finding."""

from __future__ import annotations

from typing import Any

from tests.security import rules
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


def _of_ours(file: str, rule: str) -> dict[str, Any]:
    return {
        "path": f"slack_audit_input/{file}",
        "check_id": f"tests.security.{rule}",
        "start": {"line": 5},
        "extra": {"message": "text"},
    }


def test_our_own_rules_have_their_list_too() -> None:
    found = [_of_ours(*key) for key in rules.ACCEPTED]
    assert rules.judged(found) == []
    assert rules.judged([*found, _of_ours("slack/client.py", "shell")]) == [
        "slack/client.py:5: shell: text"
    ]
    assert len(rules.judged(found[1:])) == 1


def test_an_audit_tells_what_it_found_from_what_it_does_not_know() -> None:
    report = {
        "dependencies": [
            {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}, {"id": "CVE-2"}]},
            {"name": "b", "version": "2", "vulns": []},
            {"name": "c", "skip_reason": "not found"},
        ]
    }
    assert rules.audited(report) == (["a 1: PYSEC-1", "a 1: CVE-2"], 2, 1)
