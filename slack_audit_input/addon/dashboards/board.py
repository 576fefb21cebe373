# SPDX-License-Identifier: Apache-2.0
"""One dashboard, put together row by row.

What is made is the definition of Dashboard Studio in the form that Splunk 9.0 documents already
(one layout); newer ones migrate it when they load it.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 1200
EVENTS = "eventtype=slack_audit"
#: Events by hour, for panels that count: a report with the same text is accelerated, so Splunk
#: reads its summary instead of the events.
HOURLY = (
    f'{EVENTS} | eval who=coalesce(actor, "-"), from=coalesce(src, "-") | bin _time span=1h '
    "| stats count by _time slack_category slack_action slack_action_known severity status "
    "dest who from"
)
_APP = "slack_audit_input"
# Colours that can be told apart on dark and on light, and by those who do not see red or green.
COLOURS = ("#3C6EE0", "#E0A11B", "#22A6A1", "#C24A8A", "#7A5BD0", "#D9622B", "#5C9E3A", "#8A93A6")
LEVELS = {
    "critical": "#C2408F",
    "high": "#D13B3B",
    "medium": "#E0A11B",
    "low": "#3C6EE0",
    "informational": "#8A93A6",
}

# Columns that are narrower or wider than the others of their table.
_WIDTHS = {
    "when": 130,
    "since": 115,
    "until": 115,
    "severity": 85,
    "level": 70,
    "slack_action": 170,
    "src": 115,
    "user_agent": 210,
    "previous_user_agent": 210,
    "events": 80,
    "calls": 60,
    "kinds": 60,
    "actions": 80,
    "addresses": 85,
    "people": 80,
    "clients": 65,
    "accounts": 80,
    "failures": 75,
    "logins": 65,
    "anomalies": 85,
    "reasons": 75,
    "blocked": 70,
    "files": 60,
}


def events_url(search: str) -> str:
    """The address that opens a search; tokens `$…$` in it are filled in and encoded by Studio."""
    quoted = urllib.parse.quote(f"search {search}", safe="$|.:_-*")
    times = "earliest=$global_time.earliest|u$&latest=$global_time.latest|u$"
    return f"/app/{_APP}/search?q={quoted}&{times}"


class Board:
    """A dashboard: `name` is that of its view, `title` what people read."""

    def __init__(self, name: str, title: str, description: str, earliest: str = "-24h@h") -> None:
        self.name = name
        self.title = title
        self.description = description
        self._sources: dict[str, Any] = {}
        self._panels: dict[str, Any] = {}
        self._inputs: dict[str, Any] = {
            "input_time": {
                "type": "input.timerange",
                "title": "Time range",
                "options": {"token": "global_time", "defaultValue": f"{earliest},now"},
            }
        }
        self._tokens: dict[str, Any] = {}
        self._items: list[dict[str, Any]] = []
        self._y = 0

    # -- sources and inputs ----------------------------------------------------------------

    def search(self, name: str, query: str) -> str:
        """A search of its own; gives the id of the source."""
        return self._source(name, "ds.search", {"query": query})

    def chain(self, base: str, name: str, query: str) -> str:
        """What is made of the rows of another search: `| stats …`."""
        return self._source(name, "ds.chain", {"extend": base, "query": query})

    def text_input(self, token: str, title: str, default: str) -> None:
        """A field to type in, as token `$token$`."""
        self._inputs[f"input_{token}"] = {
            "type": "input.text",
            "title": title,
            "options": {"token": token, "defaultValue": default},
        }

    def workspaces(self, base: str) -> None:
        """A choice of workspace, as token `$workspace$`; `base` gives rows with `dest`."""
        source = self.chain(base, "workspaces", "| stats count by dest | table dest")
        column = '> primary | seriesByName("dest") | renameSeries("{}") | formatByType(config)'
        self._inputs["input_workspace"] = {
            "type": "input.dropdown",
            "title": "Workspace",
            "options": {
                "items": "> frame(label, value) | prepend(first) | objects()",
                "token": "workspace",
                "defaultValue": "*",
            },
            "context": {
                "config": {"number": {"prefix": ""}},
                "statics": [["all"], ["*"]],
                "first": "> statics | formatByType(config)",
                "label": column.format("label"),
                "value": column.format("value"),
            },
            "dataSources": {"primary": source},
        }

    def _source(self, name: str, kind: str, options: dict[str, Any]) -> str:
        source = f"ds_{_slug(name)}"
        if source in self._sources:
            raise ValueError(f"two searches are called {name}")
        self._sources[source] = {"type": kind, "name": name, "options": options}
        return source

    # -- panels ------------------------------------------------------------------------------

    def row(self, height: int, *panels: tuple[str, float]) -> None:
        """Panels beside one another: (id, share of the width)."""
        x = 0
        for number, (panel, share) in enumerate(panels):
            last = number == len(panels) - 1
            width = WIDTH - x if last else round(WIDTH * share)
            position = {"x": x, "y": self._y, "w": width, "h": height}
            self._items.append({"item": panel, "type": "block", "position": position})
            x += width
        self._y += height

    def panel(
        self,
        kind: str,
        title: str,
        source: str,
        options: Mapping[str, Any],
        open_events: str = "",
    ) -> str:
        """A panel of any kind; `open_events`: the search that a click opens."""
        panel = f"viz_{_slug(title)}"
        if panel in self._panels:
            raise ValueError(f"two panels are called {title}")
        made: dict[str, Any] = {"type": f"splunk.{kind}", "options": dict(options)}
        if source:
            made["title"] = title
            made["dataSources"] = {"primary": source}
        if open_events:
            url = events_url(open_events)
            made["eventHandlers"] = [
                {"type": "drilldown.customUrl", "options": {"url": url, "newTab": True}}
            ]
        self._panels[panel] = made
        return panel

    def text(self, title: str, markdown: str) -> str:
        """A panel with text."""
        return self.panel("markdown", title, "", {"markdown": markdown})

    def single(self, title: str, source: str, colour: str = "", unit: str = "") -> str:
        """One number."""
        options: dict[str, Any] = {"sparklineDisplay": "off", "trendDisplay": "off"}
        if colour:
            options["majorColor"] = colour
        if unit:
            options.update({"unit": unit, "unitPosition": "after"})
        return self.panel("singlevalue", title, source, options)

    def over_time(
        self,
        title: str,
        source: str,
        kind: str = "column",
        colours: Mapping[str, str] | None = None,
        what: str = "events",
        scale: str = "linear",
    ) -> str:
        """A chart over time; columns and areas are stacked. `scale`: linear or log."""
        options: dict[str, Any] = {
            "legendDisplay": "right",
            "xAxisTitleVisibility": "hide",
            "yAxisTitleText": what,
            "seriesColors": list(COLOURS),
        }
        if scale != "linear":
            options["yAxisScale"] = scale
        if kind in ("column", "area"):
            options["stackMode"] = "stacked"
        if kind in ("line", "area"):
            options["nullValueDisplay"] = "zero"
        if colours:
            options["seriesColorsByField"] = dict(colours)
        return self.panel(kind, title, source, options)

    def bars(self, title: str, source: str, colour: str = COLOURS[0], open_events: str = "") -> str:
        """Bars, one a row of the search: a name and a number."""
        options = {
            "legendDisplay": "off",
            "dataValuesDisplay": "all",
            "xAxisTitleVisibility": "hide",
            "yAxisTitleVisibility": "hide",
            "seriesColors": [colour],
        }
        return self.panel("bar", title, source, options, open_events)

    def shares(self, title: str, source: str, colours: Sequence[str] = COLOURS) -> str:
        """A ring."""
        options = {"showDonutHole": True, "labelDisplay": "valuesAndPercentage"}
        return self.panel("pie", title, source, {**options, "seriesColors": list(colours)})

    def table(
        self, title: str, source: str, open_events: str = "", count: int = 10, wide: str = ""
    ) -> str:
        """A table; a click in a row opens its events. `wide`: the column that takes the rest."""
        query = str(self._sources[source]["options"]["query"])
        options = {
            "count": count,
            "fontSize": "small",
            "showRowNumbers": False,
            "showInternalFields": False,
            "columnFormat": {
                name: {"width": width}
                for name, width in _WIDTHS.items()
                if name != wide and re.search(rf"\b{name}\b", query)
            },
        }
        return self.panel("table", title, source, options, open_events)

    # -- all together ------------------------------------------------------------------------

    def definition(self) -> dict[str, Any]:
        """The definition, as Dashboard Studio keeps it."""
        times = {"earliest": "$global_time.earliest$", "latest": "$global_time.latest$"}
        return {
            "title": self.title,
            "description": self.description,
            "defaults": {
                "dataSources": {"ds.search": {"options": {"queryParameters": times}}},
            },
            "inputs": self._inputs,
            "dataSources": self._sources,
            "visualizations": self._panels,
            "layout": {
                "type": "grid",
                "globalInputs": list(self._inputs),
                "options": {"width": WIDTH},
                "structure": self._items,
            },
        }


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
