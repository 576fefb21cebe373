# SPDX-License-Identifier: Apache-2.0
"""The plain page of `make host`: what this is, how to begin, and the events as they come in."""

from __future__ import annotations

import time
from html import escape
from typing import NamedTuple

from tests.splunkd.entries import Answer
from tests.splunkd.splunkd import Splunkd
from tests.splunkd.web import HTML

#: Events shown, and characters of each.
SHOWN, WIDTH = 40, 300

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3">
<title>Slack Audit Input on a double of Splunk</title>
<style>
body {{ font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em; color: #222 }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ text-align: left; padding: 2px 10px 2px 0; vertical-align: top; font-size: 13px }}
td, th {{ border-bottom: 1px solid #ddd }} code {{ word-break: break-all }}
.not {{ background: #1f4e5f; color: #fff; padding: 0.6em 1em }}
</style></head><body>
<p class="not"><b>This is not a Splunk.</b> It is a double for tests and trials: it has splunkd's
REST as far as the add-on needs it, runs its inputs as splunkd does, and keeps what comes in. The
add-on, its settings pages and its handlers are the real ones, from the built package. The Slack
is an emulator. Searches and dashboards find nothing here.</p>
<h1>Slack Audit Input</h1>
<ol>
<li><a href="{configuration}">Configuration</a>: <i>Add</i> an account. Name: any; Slack:
<i>Own address</i>; Own address: <code>{api}</code>; Token: <code>{token}</code> (any other is
refused). Or as <i>Add to Slack</i>: Sign-in address: <code>{sign_in}</code>; Auth Type: <i>Add to
Slack</i>; Client ID: <code>{client}</code>; Client Secret: <code>{secret}</code>; your browser
warns of the emulator's certificate, go on</li>
<li><a href="{inputs}">Inputs</a>: <i>Create New Input</i>. Name: any; Account: that one</li>
<li>Watch the events come in here</li>
</ol>
<p>{now} · inputs running: {running} · <a href="{monitoring}">Monitoring</a> (empty here) ·
splunkd's logs: <a href="/logs">/logs</a></p>
<table><tr><th>Index</th><th>Events</th></tr>{indexes}</table>
<h2>The last {shown}</h2>
<table><tr><th>Time (UTC)</th><th>Source</th><th>Sourcetype</th><th>Host</th><th>Event</th></tr>
{events}</table>
</body></html>
"""


class Places(NamedTuple):
    """Addresses that the page names."""

    configuration: str
    inputs: str
    monitoring: str
    api: str
    token: str
    sign_in: str
    client: str
    secret: str


class Pages:
    """Pages beside Splunk Web's own."""

    def __init__(self, splunkd: Splunkd) -> None:
        self._splunkd = splunkd
        self.places = Places(*[""] * 8)

    def __call__(self, path: str) -> Answer | None:
        """The page of a path, None where it is none of these."""
        if path == "/":
            return Answer(200, self._first().encode(), HTML)
        if path == "/logs":
            text = self._splunkd.logs()[-200_000:]
            return Answer(200, text.encode(), "text/plain; charset=utf-8")
        return None

    def _first(self) -> str:
        rows, last = [], []
        for name in self._splunkd.indexes.names():
            events = self._splunkd.indexes.tail(name, SHOWN)
            count = self._splunkd.indexes.count(name)
            if count:
                rows.append(f"<tr><td>{escape(name)}</td><td>{count}</td></tr>")
            last += events
        for name, count in self._splunkd.indexes.lost.items():
            rows.append(f"<tr><td>{escape(name)}: no such index</td><td>{count} lost</td></tr>")
        last.sort(key=lambda event: float(event.get("time") or 0), reverse=True)
        return _PAGE.format(
            **self.places._asdict(),
            now=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
            running=", ".join(map(escape, self._splunkd.running_now())) or "none",
            indexes="".join(rows) or "<tr><td>none yet</td><td></td></tr>",
            shown=SHOWN,
            events="".join(_row(event) for event in last[:SHOWN]),
        )


def _row(event: dict[str, str]) -> str:
    moment = time.gmtime(float(event.get("time") or 0))
    cells = [
        time.strftime("%Y-%m-%d %H:%M:%S", moment),
        event["source"],
        event["sourcetype"],
        event["host"],
    ]
    inside = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr>{inside}<td><code>{escape(event.get('data', '')[:WIDTH])}</code></td></tr>"
