# SPDX-License-Identifier: Apache-2.0
"""How much of what CIM requires the mapping fills, over sample events, and what Slack does not say.

`not_stated` decides from the entry itself, not from the fields we made of it.
"""

from __future__ import annotations

import functools
import ipaddress
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.searchtime.app import App
from tests.searchtime.extraction import Fields
from tests.searchtime.models import faults, missing, models_of
from tests.searchtime.samples import Sample, emulated


class Measured(NamedTuple):
    """Counts over all samples, each required field of each model an event is in counted once.

    `events`: samples; `mapped`: those in a data model; `required`: fields asked for; `filled`;
    `silent`: not filled because the entry does not say it, by model and field; `unfilled`: not
    """

    events: int
    mapped: int
    required: int
    filled: int
    silent: Counter[str]
    unfilled: list[str]
    faulty: list[str]


def processed(samples: Iterable[Sample]) -> list[tuple[Sample, Fields]]:
    """Every sample with the fields that it gets."""
    app = App.load()
    return [(sample, app.fields(sample.text)) for sample in samples]


@functools.lru_cache(maxsize=1)
def emulated_fields() -> list[tuple[Sample, Fields]]:
    """The emulator's samples, processed once for all tests."""
    return processed(emulated())


def measured(samples: Iterable[tuple[Sample, Fields]]) -> Measured:
    """Count what the models that each sample is in find in it."""
    events = mapped = required = filled = 0
    silent: Counter[str] = Counter()
    unfilled: list[str] = []
    faulty: list[str] = []
    for sample, fields in samples:
        events += 1
        models = models_of(fields)
        mapped += bool(models)
        entry = json.loads(sample.text)
        for model in models:
            gone = list(missing(model, fields))
            required += len(model.required) + ("result" in gone)
            filled += len(model.required) + ("result" in gone) - len(gone)
            for field in gone:
                if not_stated(field, entry):
                    silent[f"{model.name}.{field}"] += 1
                else:
                    unfilled.append(f"{sample.action}: {model.name}.{field}: {sample.text}")
            faulty += (f"{sample.action}: {model.name}: {fault}" for fault in faults(model, fields))
    return Measured(events, mapped, required, filled, silent, unfilled, faulty)


def not_stated(field: str, entry: dict[str, Any]) -> bool:
    """Whether an entry does not say what belongs into `field`."""
    context = entry.get("context") or {}
    details = entry.get("details") or {}
    if field == "src":
        return not _address(context.get("ip_address"))
    if field == "object_size":
        return True
    if field in ("file_path", "object_path"):
        return not details.get("url_private")
    if field == "file_name":
        return not (entry.get("entity", {}).get("file") or {}).get("name")
    if field in ("dest", "dvc", "vendor_account"):
        return not context.get("location")
    if field == "id":
        return not entry.get("id")
    if field in ("object", "object_id"):
        # A type of entity that nobody had seen when this was written.
        return entry.get("entity", {}).get("type") in ("hologram", "agent_memory")
    return False


def _address(text: object) -> bool:
    try:
        found = ipaddress.ip_address(str(text))
    except ValueError:
        return False
    return not (found.is_loopback or found.is_unspecified)
