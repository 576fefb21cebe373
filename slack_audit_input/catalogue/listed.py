# SPDX-License-Identifier: Apache-2.0
"""Slack's own catalogue: the answers of /actions and /schemas, parsed from untrusted JSON.

Pure; imports nothing beyond the standard library. Both answers carry no `ok` key on success
(seen live: `{"actions":{...` and `{"schemas":[{...`).
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Listing:
    """The names that Slack's /actions lists.

    `actions` maps each name to the categories it stands in, names and categories in Slack's
    order. A name can stand in two categories (`permissions_assigned`: message and
    account_type_role).
    """

    actions: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Schema:
    """The shape of one entity type, as Slack's /schemas tells it.

    `fields` maps each field to the type texts Slack gave for it (`string`, `bool`, `array`,
    `Optional: vec<string>`): one text normally, several when repeated rows disagree.
    """

    type: str
    fields: Mapping[str, tuple[str, ...]]


def parse_actions(document: object) -> Listing:
    """Turn the parsed JSON of /actions, `{"actions": {category: [name, ...]}}`, into a `Listing`.

    Further keys beside `actions` are ignored, a name repeated in one category counts once.
    Raises `ValueError`, naming the place, for any other shape, for names that are empty or hold
    characters that cannot be printed (a terminal would obey them), and for no names at all.
    """
    groups = _member(document, "actions")
    if not isinstance(groups, dict):
        raise ValueError(f"actions is {_kind(groups)}, not an object of categories")
    found: dict[str, tuple[str, ...]] = {}
    for category, names in groups.items():
        _printable(category, "a category of actions")
        if not isinstance(names, list):
            raise ValueError(f"actions.{category} is {_kind(names)}, not a list of names")
        for position, value in enumerate(names):
            name = _printable(value, f"actions.{category}[{position}]")
            categories = found.get(name, ())
            if category not in categories:
                found[name] = (*categories, category)
    if not found:
        raise ValueError("actions names no action at all")
    return Listing(types.MappingProxyType(found))


def parse_schemas(document: object) -> tuple[Schema, ...]:
    """Turn the parsed JSON of /schemas into one `Schema` a type, in the order first named.

    Each row is `{"type": T, T: {field: type text}}`; further keys are ignored. Recordings of the
    answer repeat a type with other fields (app and workflow_v2 three times), so rows of one type
    are merged: every field and every differing type text is kept. Raises `ValueError`, naming
    the place, for any other shape and for text that cannot be printed.
    """
    rows = _member(document, "schemas")
    if not isinstance(rows, list):
        raise ValueError(f"schemas is {_kind(rows)}, not a list")
    merged: dict[str, dict[str, tuple[str, ...]]] = {}
    for position, row in enumerate(rows):
        place = f"schemas[{position}]"
        if not isinstance(row, dict):
            raise ValueError(f"{place} is {_kind(row)}, not an object")
        name = _printable(row.get("type"), f"{place}.type")
        shape = row.get(name)
        if not isinstance(shape, dict):
            raise ValueError(f"{place}.{name} is {_kind(shape)}, not an object of fields")
        fields = merged.setdefault(name, {})
        for field, value in shape.items():
            _printable(field, f"a field of {place}.{name}")
            text = _printable(value, f"{place}.{name}.{field}")
            texts = fields.get(field, ())
            if text not in texts:
                fields[field] = (*texts, text)
    if not merged:
        raise ValueError("schemas describes no type at all")
    return tuple(Schema(name, types.MappingProxyType(fields)) for name, fields in merged.items())


def _member(document: object, key: str) -> object:
    """Return `document[key]`, or say what stands there instead (Slack's refusal, if it is one)."""
    if not isinstance(document, dict):
        raise ValueError(f"the answer is {_kind(document)}, not an object")
    if key not in document:
        if document.get("ok") is False:
            raise ValueError(f"Slack refused with the error {ascii(document.get('error'))[:80]}")
        raise ValueError(f"the answer has no key {key}")
    return document[key]


def _printable(value: object, place: str) -> str:
    """Return `value` if it is text that is safe to print, else raise `ValueError`."""
    if not isinstance(value, str):
        raise ValueError(f"{place} is {_kind(value)}, not text")
    # Escape sequences, bidirectional marks and lone surrogates are all "not printable".
    if not value or not value.isprintable():
        raise ValueError(f"{place} is the unusable text {ascii(value)[:80]}")
    return value


def _kind(value: object) -> str:
    """Name the JSON type of `value` for a message, without showing its content."""
    if value is None:
        return "null or missing"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"
