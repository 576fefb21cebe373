# SPDX-License-Identifier: Apache-2.0
"""A copy of the package with one of its bugs planted, and the tests that are to find it."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def planted(tree: Path, file: str, *changes: tuple[str, str], tests: tuple[str, ...]) -> None:
    """Copy the package and folders of ``tests`` to ``tree``, and make ``changes`` in ``file``.

    A change is a text that stands in the file exactly once, and what to put in its place.
    """
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "slack_audit_input", tree / "slack_audit_input", ignore=ignore)
    for folder in tests:
        shutil.copytree(ROOT / "tests" / folder, tree / "tests" / folder, ignore=ignore)
    (tree / "tests" / "__init__.py").touch()
    path = tree / "slack_audit_input" / file
    text = path.read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{file} no longer holds this bug's place"
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


def environment(tree: Path) -> dict[str, str]:
    """For a process that is to import the package and its tests from ``tree``."""
    return {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "PATH": ""}
