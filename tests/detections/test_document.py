# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

from slack_audit_input.addon.document import cases as counted
from slack_audit_input.addon.document import main
from tests.detections.cases import FOLDER, cases
from tests.detections.written import detections

DOCUMENT = FOLDER.parent / "docs" / "detections.md"


def test_the_page_is_what_the_rules_say(tmp_path: Path) -> None:
    """Remedy: python -m slack_audit_input.addon.document detections docs/detections.md."""
    assert main([str(FOLDER), str(tmp_path / "page.md")]) == 0
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == DOCUMENT.read_text(
        encoding="utf-8"
    )


def test_it_counts_the_cases() -> None:
    fire, quiet = counted(FOLDER)
    assert (fire, quiet) == (
        sum(case.fires for case in cases()),
        sum(not case.fires for case in cases()),
    )


def test_every_detection_has_a_section() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for one in detections():
        assert f"\n## {one.main.title}\n" in text
        assert f"detections/{one.name}.yml" in text


def test_the_command_needs_two_paths() -> None:
    assert main([]) == 2
