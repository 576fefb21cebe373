# SPDX-License-Identifier: Apache-2.0
"""Splunk's own AppInspect over the built package: nothing but the warnings that are listed."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.splunkd.places import REPOSITORY, absent

INSPECT = REPOSITORY / ".venv" / "appinspect" / "bin" / "splunk-appinspect"
#: Why each warning that remains does.
REASONS: dict[str, str] = json.loads(
    (Path(__file__).parent / "appinspect.json").read_text(encoding="utf-8")
)
#: Sets of checks that must have been run, with as many as AppInspect 4.3.1 has at least.
TAGS = {"cloud": 240, "private_victoria": 240, "future": 13, "splunk_appinspect": 250}


def _checks(built: Path, folder: Path) -> list[dict[str, Any]]:
    """Every check with its result."""
    if not INSPECT.exists():
        absent("AppInspect", "make splunk")
    out = folder / "report.json"
    # Its exit code says nothing: 0 with failures, or 103 for a warning that every UCC app has.
    done = subprocess.run(
        [
            str(INSPECT),
            "inspect",
            str(built),
            "--mode",
            "precert",
            "--skip-trusted-libraries-update",
            "--ci",
            "--output-file",
            str(out),
        ],
        capture_output=True,
        text=True,
        timeout=280,
        cwd=out.parent,
        env={**os.environ, "HOME": str(out.parent)},
        check=False,
    )
    assert out.exists(), f"AppInspect made no report: {done.stdout[-1000:]}{done.stderr[-1000:]}"
    report = json.loads(out.read_text(encoding="utf-8"))
    return [
        check for each in report["reports"] for group in each["groups"] for check in group["checks"]
    ]


# One test: inspecting takes half a minute, and tests are dealt out to several processes.
@pytest.mark.slow
def test_nothing_but_listed_warnings(built: Path, tmp_path: Path) -> None:
    checks = _checks(built, tmp_path)
    _every_set_of_checks_was_run(checks)
    _no_reason_without_its_warning(checks)
    bad = [
        f"{check['result']} {check['name']}: {message['message'][:300]}"
        for check in checks
        if check["result"] not in ("success", "not_applicable")
        for message in check["messages"] or [{"message": ""}]
        if not _allowed(check, message["message"])
    ]
    assert not bad, "\n".join(bad[:20])


def _allowed(check: dict[str, Any], message: str) -> bool:
    """Is it a listed warning? The reasons are about UCC's and vendored code, never about ours."""
    listed = check["result"] == "warning" and check["name"] in REASONS
    return listed and not re.search(r"\b(bin|lib/slack_audit_input)/", message)


def _every_set_of_checks_was_run(checks: list[dict[str, Any]]) -> None:
    tags = Counter(tag for check in checks for tag in check["tags"])
    assert {tag: tags[tag] for tag in TAGS if tags[tag] < TAGS[tag]} == {}


def _no_reason_without_its_warning(checks: list[dict[str, Any]]) -> None:
    # What is no longer warned of must not stay allowed.
    warned = {check["name"] for check in checks if check["result"] == "warning"}
    assert sorted(set(REASONS) - warned) == []


def test_the_documentation_gives_the_same_reasons() -> None:
    text = (REPOSITORY / "docs" / "splunk-package.md").read_text(encoding="utf-8")
    for name, reason in REASONS.items():
        assert f"| `{name}` | {reason} |\n" in text
    assert text.count("\n| `check_") == len(REASONS)
