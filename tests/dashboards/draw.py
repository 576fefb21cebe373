# SPDX-License-Identifier: Apache-2.0
"""Draws every dashboard in a headless Chromium, with rows computed from sample events.

    python -m tests.dashboards.draw FOLDER [PICTURES]

Collection health is drawn from a day that the add-on lived through (`soaked.py`).
FOLDER has node_modules and the bundle (`make dashboards`); pages, results and pictures of both
themes go there, and to PICTURES those that the documentation shows. Exit code 1, and a line for
each, if anything is wrong: a panel that did not draw, an option that does not exist, an error in
the page, a request to anywhere.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from slack_audit_input.addon.dashboards import BOARDS
from slack_audit_input.addon.dashboards.board import Board
from tests.dashboards.running import results
from tests.dashboards.sample import END, MANY
from tests.spl.search import Rows
from tests.spl.words import commands

_BACKGROUNDS = {"light": "#f2f4f5", "dark": "#171d21"}
_PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>{title}</title>
<style>html,body{{margin:0;background:{background}}}#root{{width:1240px}}</style>
<link rel="stylesheet" href="bundle.css"></head><body><div id="root"></div>
<script>window.__job={job}</script><script>{harness}</script><script src="bundle.js"></script>
</body></html>
"""
_RESULT = re.compile(r'<script type="application/json" id="result">(.*?)</script>', re.DOTALL)


def columns(query: str, rows: Rows) -> dict[str, Any]:
    """Rows as the data sources of Dashboard Studio hold them: fields, and values field by field."""
    last = commands(query)[-1]
    fields = last.split()[1:] if last.startswith("table ") else []
    fields += (name for row in rows for name in row)
    fields = sorted(dict.fromkeys(fields), key=lambda name: name != "_time")
    return {
        "fields": fields,
        "columns": [[_shown(name, row.get(name)) for row in rows] for name in fields],
    }


def _shown(name: str, values: list[str] | None) -> str | list[str] | None:
    if not values:
        return None
    if name == "_time":
        moment = dt.datetime.fromtimestamp(float(values[0]), dt.timezone.utc)
        return moment.isoformat(timespec="milliseconds")
    return values[0] if len(values) == 1 else values


def draw(board: Board, theme: str, folder: Path) -> dict[str, Any]:
    """Draw one dashboard; what the page said of itself. The picture is NAME-THEME.png."""
    definition = board.definition()
    sources = definition["dataSources"]
    rows = {
        name: columns(sources[name]["options"]["query"], found)
        for name, found in results(definition, MANY).items()
    }
    now = dt.datetime.fromtimestamp(END, dt.timezone.utc).isoformat()
    job = {"definition": definition, "rows": rows, "theme": theme, "now": now}
    page = folder / f"{board.name}-{theme}.html"
    page.write_text(
        _PAGE.format(
            title=board.title,
            background=_BACKGROUNDS[theme],
            job=json.dumps(job).replace("<", "\\u003c"),
            harness=(Path(__file__).parent / "page" / "harness.js").read_text(encoding="utf-8"),
        ),
        encoding="utf-8",
    )
    structure = definition["layout"]["structure"]
    height = max(item["position"]["y"] + item["position"]["h"] for item in structure)
    dom = _chromium(page, page.with_suffix(".png"), round(height * 1240 / 1200) + 95)
    match = _RESULT.search(dom)
    if match is None:
        return {"problems": ["the page did not come to its end"], "panels": {}}
    told: dict[str, Any] = json.loads(match[1])
    told["rows"] = {
        name: len(data["columns"][0]) if data["columns"] else 0 for name, data in rows.items()
    }
    told["words"] = {name: _words(data) for name, data in rows.items()}
    return told


def _words(data: dict[str, Any]) -> list[str]:
    found = [name for name in data["fields"] if not name.startswith("_")]
    for name, values in zip(data["fields"], data["columns"]):
        if name != "_time":
            for value in values[:200]:
                found += value if isinstance(value, list) else [value] if value else []
    return sorted(set(found))


def _chromium(page: Path, picture: Path, height: int) -> str:
    browser = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                # Nothing is to be asked of anybody.
                "--host-resolver-rules=MAP * ~NOTFOUND",
                "--hide-scrollbars",
                f"--user-data-dir={profile}",
                f"--window-size=1240,{height}",
                "--virtual-time-budget=20000",
                "--dump-dom",
                f"--screenshot={picture}",
                f"file://{page.resolve()}",
            ],
            env={"TZ": "UTC", "PATH": "/usr/bin:/bin", "HOME": profile},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    return done.stdout


def judged(board: Board, told: dict[str, Any]) -> list[str]:
    """Everything that is wrong with what was drawn."""
    found = [f"validator: {one}" for one in told["problems"]]
    found += [f"unknown option: {one}" for one in told.get("unknownOptions", [])]
    found += [f"page: {one}" for one in told.get("errors", [])]
    found += [f"request: {one}" for one in told.get("requests", [])]
    definition = board.definition()
    for name, panel in definition["visualizations"].items():
        drawn = told["panels"].get(name)
        if not drawn:
            found.append(f"{name}: not on the page")
            continue
        source = panel["dataSources"]["primary"]
        body = drawn["text"].replace(panel.get("title", ""), "", 1)
        found += [f"{name}: {one}" for one in _panel(panel, drawn, body, told, source)]
    return found


def _panel(
    panel: dict[str, Any], drawn: dict[str, Any], body: str, told: dict[str, Any], source: str
) -> list[str]:
    found = []
    if re.search(r"No search results|Could not|Error rendering", body):
        found.append(f"says {body[:80]!r}")
    words = told["words"][source]
    plain = body.replace(",", "")
    if not any(word[:12] in body or word.partition(".")[0] in plain for word in words):
        found.append(f"none of its values is there: {body[:80]!r}")
    if panel["type"] == "splunk.table":
        wanted = min(told["rows"][source], panel["options"]["count"])
        if drawn["rows"] < wanted:
            found.append(f"{drawn['rows']} rows of {wanted}")
    elif panel["type"] != "splunk.singlevalue" and drawn["shapes"] < 3:
        found.append("nothing is drawn")
    return found


def main(arguments: list[str]) -> int:
    """Draw all in both themes."""
    folder = Path(arguments[0])
    pictures = Path(arguments[1]) if len(arguments) > 1 else None
    bad = 0
    for board in BOARDS:
        for theme in _BACKGROUNDS:
            told = draw(board, theme, folder)
            wrong = judged(board, told)
            bad += len(wrong)
            sys.stdout.write(f"{board.name} {theme}: {len(told['panels'])} panels drawn\n")
            sys.stdout.writelines(f"    {one}\n" for one in wrong)
            sys.stdout.flush()
            if pictures and not wrong and (theme == "light" or board is BOARDS[0]):
                pictures.mkdir(parents=True, exist_ok=True)
                name = f"{board.name}-{theme}.png"
                shutil.copyfile(folder / name, pictures / name)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
