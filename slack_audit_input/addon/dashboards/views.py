# SPDX-License-Identifier: Apache-2.0
"""The views of the add-on: files of `default/data/ui/views`, and the report behind them."""

from __future__ import annotations

import json
from pathlib import Path
from xml.sax.saxutils import escape

from slack_audit_input.addon.dashboards import (
    anomalies,
    apps,
    authentication,
    changes,
    data,
    health,
    overview,
    person,
)
from slack_audit_input.addon.dashboards.board import HOURLY, Board

#: In the order of the navigation.
BOARDS = tuple(
    module.board()
    for module in (overview, authentication, changes, apps, data, anomalies, person, health)
)
_REPORT = "Slack audit - events by hour"


def view(board: Board, theme: str = "light") -> str:
    """The view as XML; raises ValueError for text that would end its CDATA section."""
    body = json.dumps(board.definition(), indent=1, ensure_ascii=False)
    if "]]>" in body:
        raise ValueError(f"{board.name} holds ]]>")
    hidden = '{"hideEdit": false, "hideOpenInSearch": false, "hideExport": false}'
    return (
        f'<dashboard version="2" theme="{theme}">\n'
        f"  <label>{escape(board.title)}</label>\n"
        f"  <description>{escape(board.description)}</description>\n"
        f"  <definition><![CDATA[\n{body}\n  ]]></definition>\n"
        f'  <meta type="hiddenElements"><![CDATA[{hidden}]]></meta>\n'
        "</dashboard>\n"
    )


def navigation() -> str:
    """The part of `default/data/ui/nav/default.xml` that holds the dashboards."""
    views = "".join(f'    <view name="{board.name}"/>\n' for board in BOARDS)
    return f'  <collection label="Dashboards">\n{views}  </collection>\n'


def report() -> str:
    """The stanza of the report whose summary the overview reads instead of the events."""
    settings = {
        "description": "Events by hour. The overview runs the same search, so it reads what this "
        "report has summed up already.",
        "search": HOURLY,
        "dispatch.earliest_time": "-30d@d",
        "dispatch.latest_time": "now",
        "auto_summarize": 1,
        "auto_summarize.dispatch.earliest_time": "-30d@d",
        "auto_summarize.timespan": "1h",
    }
    lines = [f"{key} = {value}" for key, value in settings.items()]
    return "\n".join([f"[{_REPORT}]", *lines]) + "\n"


def generate(target_default_dir: Path) -> int:
    """Write the views and append the report below a folder `default`; gives their number.

    Raises ValueError when `savedsearches.conf` holds the report already.
    """
    views = target_default_dir / "data" / "ui" / "views"
    views.mkdir(parents=True, exist_ok=True)
    for board in BOARDS:
        (views / f"{board.name}.xml").write_text(view(board), encoding="utf-8")
    path = target_default_dir / "savedsearches.conf"
    before = path.read_text(encoding="utf-8").rstrip("\n") + "\n\n" if path.exists() else ""
    if f"[{_REPORT}]" in before:
        raise ValueError(f"{path} holds the report already")
    path.write_text(before + report(), encoding="utf-8")
    return len(BOARDS)
