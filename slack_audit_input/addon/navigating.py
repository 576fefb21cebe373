# SPDX-License-Identifier: Apache-2.0
"""The dashboards in the app's navigation, which UCC's generator knows nothing of."""

from __future__ import annotations

from pathlib import Path

from slack_audit_input.addon.dashboards.views import BOARDS, navigation

_END = "</nav>"


def navigate(app: Path) -> None:
    """Put the dashboards behind the settings pages; raises ValueError when one is missing."""
    views = app / "default" / "data" / "ui" / "views"
    for board in BOARDS:
        if not (views / f"{board.name}.xml").is_file():
            raise ValueError(f"the dashboard {board.name} has not been written: make detections")
    path = app / "default" / "data" / "ui" / "nav" / "default.xml"
    text = path.read_text(encoding="utf-8")
    if text.count(_END) != 1:
        raise ValueError(f"{path} has no end of a navigation: has the generator changed?")
    path.write_text(text.replace(_END, navigation() + _END), encoding="utf-8")
