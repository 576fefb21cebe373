# SPDX-License-Identifier: Apache-2.0
"""What Splunk's Common Information Model asks of an event, as facts: for our six data models.

By which tags a model finds its events, which fields it requires, which values it takes, and when it
counts a value as none. Read off the definitions in pytest-splunk-addon 8.0.0 (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.searchtime.extraction import Fields

_SEVERITIES = frozenset({"critical", "high", "medium", "low", "informational"})


class Model(NamedTuple):
    """One dataset of a data model."""

    name: str
    tags: frozenset[str]
    required: tuple[str, ...]
    allowed: dict[str, frozenset[str]]


MODELS = (
    Model(
        "Authentication",
        frozenset({"authentication"}),
        ("action", "app", "dest", "src", "user"),
        {"action": frozenset({"success", "failure", "pending", "error"})},
    ),
    Model(
        "Change",
        frozenset({"change"}),
        (
            *("action", "change_type", "command", "dest", "dvc", "object", "object_attrs"),
            *("object_category", "object_id", "src", "status", "user", "vendor_product"),
        ),
        {"status": frozenset({"success", "failure"})},
    ),
    Model("Change.Account_Management", frozenset({"change", "account"}), ("src_user",), {}),
    Model("Change.Auditing_Changes", frozenset({"change", "audit"}), (), {}),
    Model(
        "Data_Access",
        frozenset({"data", "access"}),
        (
            *("action", "app", "dest", "object", "object_attrs", "object_category", "object_id"),
            *("object_size", "src", "user", "user_name", "vendor_account", "vendor_product"),
        ),
        {},
    ),
    Model(
        "Alerts",
        frozenset({"alert"}),
        (
            *("app", "description", "dest", "id", "severity", "signature", "signature_id", "src"),
            *("type", "user"),
        ),
        {
            "severity": _SEVERITIES,
            "type": frozenset({"alarm", "alert", "event", "task", "warning"}),
        },
    ),
    Model(
        "Malware_Attacks",
        frozenset({"malware", "attack"}),
        (
            *("action", "category", "dest", "file_name", "file_path", "severity", "signature"),
            "vendor_product",
        ),
        {"action": frozenset({"allowed", "blocked", "deferred"}), "severity": _SEVERITIES},
    ),
    Model(
        "DLP",
        frozenset({"dlp", "incident"}),
        (
            *("action", "app", "category", "dest", "dlp_type", "dvc", "object"),
            *("object_category", "object_path", "severity", "signature", "src_user"),
            "vendor_product",
        ),
        {},
    ),
)

#: Values in which the model takes a quotation mark for a fault.
_UNQUOTED = ("action", "object_attrs", "object_id", "object_path")
_NO_CHANGE = frozenset({"file", "directory", "registry"})


def models_of(fields: Fields) -> list[Model]:
    """The datasets that take this event."""
    tags = set(fields.get("tag", ()))
    return [model for model in MODELS if model.tags <= tags and _constrained(model, fields)]


def missing(model: Model, fields: Fields) -> Iterator[str]:
    """Required fields without a value that counts."""
    for field in model.required:
        if not [value for value in fields.get(field, ()) if value]:
            yield field
    if model.name == "Change" and fields.get("status") == ["failure"] and "result" not in fields:
        yield "result"


def faults(model: Model, fields: Fields) -> Iterator[str]:
    """Values that the model does not take."""
    for field, allowed in model.allowed.items():
        for value in fields.get(field, ()):
            if value not in allowed:
                yield f"{field}={value}"
    if model.name == "Change":
        yield from (f'{f} has a "' for f in _UNQUOTED if any('"' in v for v in fields.get(f, ())))
        account = "account" in fields["tag"]
        if account != (fields.get("object_category") == ["user"]):
            yield f"object_category={fields.get('object_category')}, account={account}"
    for field in ("action", "user", "src", "dest", "object_category", "status", "severity"):
        if len(fields.get(field, ())) > 1:
            yield f"{field} has several values"


def _constrained(model: Model, fields: Fields) -> bool:
    if model.name == "Authentication":
        ends = any(user.endswith("$") for user in fields.get("user", ()))
        return not (ends and fields.get("action") == ["success"])
    if model.name.startswith("Change"):
        return not _NO_CHANGE.intersection(fields.get("object_category", ()))
    return True
