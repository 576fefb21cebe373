# SPDX-License-Identifier: Apache-2.0
"""What a definition of Dashboard Studio must hold together; for what Splunk's validator passes.

That validator (run by `make dashboards`) knows types and values. It lets through a panel whose
source does not exist, an option that does not exist, a token that nothing sets, an item without a
place: those are looked for here, with nothing but the standard library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_TOP = frozenset(
    {"title", "description", "inputs", "defaults", "visualizations", "dataSources", "layout"}
)
_SOURCE_OPTIONS = {
    "ds.search": frozenset({"query", "queryParameters"}),
    "ds.chain": frozenset({"query", "extend"}),
}
_TOKEN = re.compile(r"\$([A-Za-z_][\w.]*)(?:\|[a-z]+)?\$")
# Filled in by the panel that is clicked.
_CLICKED = re.compile(r"row\.[\w.]+\.value")


def problems(definition: dict[str, Any]) -> list[str]:
    """Everything that is wrong with a definition, in words."""
    found = [f"unknown key {key}" for key in definition if key not in _TOP]
    found += _sources(definition)
    found += _places(definition)
    found += _tokens(definition)
    return found


def _users(definition: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Who uses which source: (name, source)."""
    for kind in ("visualizations", "inputs"):
        for name, thing in definition[kind].items():
            for source in thing.get("dataSources", {}).values():
                yield name, source
    for name, source in definition["dataSources"].items():
        if source["type"] == "ds.chain":
            yield name, source["options"]["extend"]


def _sources(definition: dict[str, Any]) -> Iterator[str]:
    sources = definition["dataSources"]
    used = list(_users(definition))
    for name, source in used:
        if source not in sources:
            yield f"{name} uses {source}, which does not exist"
    for name, source in sources.items():
        if not source["options"].get("query"):
            yield f"{name} has no query"
        for option in set(source["options"]) - _SOURCE_OPTIONS.get(source["type"], frozenset()):
            yield f"{name} has an unknown option {option}"
        if name not in {source for _, source in used}:
            yield f"{name} is not used"
    for name, panel in definition["visualizations"].items():
        if panel["type"] != "splunk.markdown" and not panel.get("dataSources"):
            yield f"{name} has no source"


def _places(definition: dict[str, Any]) -> Iterator[str]:
    placed: list[str] = []
    boxes: list[tuple[int, int, int, int]] = []
    width = definition["layout"]["options"]["width"]
    for item in definition["layout"]["structure"]:
        placed.append(item["item"])
        place = item.get("position", {})
        if set(place) != {"x", "y", "w", "h"}:
            yield f"{item['item']} has no place"
            continue
        x, y, w, h = place["x"], place["y"], place["w"], place["h"]
        if x < 0 or w <= 0 or h <= 0 or x + w > width:
            yield f"{item['item']} is out of the page"
        for left, top, right, bottom in boxes:
            if x < right and left < x + w and y < bottom and top < y + h:
                yield f"{item['item']} lies over another panel"
        boxes.append((x, y, x + w, y + h))
    for name in set(definition["visualizations"]) ^ set(placed):
        yield f"{name} is a panel or has a place, not both"
    if len(placed) != len(set(placed)):
        yield "a panel is there twice"
    for name in definition["layout"]["globalInputs"]:
        if name not in definition["inputs"]:
            yield f"the input {name} does not exist"


def _tokens(definition: dict[str, Any]) -> Iterator[str]:
    known = {thing["options"]["token"] for thing in definition["inputs"].values()}
    parts = {**definition["dataSources"], **definition["visualizations"]}
    parts["defaults"] = definition["defaults"]
    for name, part in parts.items():
        clicks = json.dumps(part.get("eventHandlers", []))
        rest = json.dumps({key: value for key, value in part.items() if key != "eventHandlers"})
        for text, clicked in ((clicks, True), (rest, False)):
            for token in _TOKEN.findall(text):
                if token.partition(".")[0] in known or (clicked and _CLICKED.fullmatch(token)):
                    continue
                yield f"{name}: nothing sets the token {token}"
    used = set(_TOKEN.findall(json.dumps(definition)))
    for token in known - {name.partition(".")[0] for name in used}:
        yield f"the token {token} is not used"
