# SPDX-License-Identifier: Apache-2.0
"""UCC's configuration: our file with the version and the catalogue's actions filled in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from slack_audit_input.catalogue.packaged import Action, ours

#: Fields of the input's form in which actions are chosen.
ACTION_FIELDS = ("actions", "exclude_actions")


def configuration(source: Path, version: str) -> dict[str, Any]:
    """The configuration for UCC's generator, from our ``globalConfig.json``.

    Raises ValueError when the file has not the fields that are to be filled in.
    """
    found: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    found["meta"]["version"] = version
    choices = [_choice(action) for action in ours().values()]
    entities = found["pages"]["inputs"]["services"][0]["entity"]
    for field in ACTION_FIELDS:
        several = [entity for entity in entities if entity["field"] == field]
        if len(several) != 1:
            raise ValueError(f"{source} has {len(several)} fields {field}, not one")
        several[0]["options"]["items"] = choices
    return found


def _choice(action: Action) -> dict[str, str]:
    # The category is part of the label, because the form searches in labels.
    return {"value": action.name, "label": f"{action.name} ({', '.join(action.categories)})"}
