# SPDX-License-Identifier: Apache-2.0
"""Coverage records to a forward host: under a tag of their own, beside that of the events."""

from __future__ import annotations

from slack_audit_input.sinks.forward.batches import Batches
from slack_audit_input.sinks.forward.records import Records
from slack_audit_input.sinks.forward.tags import Tags

#: What stands behind the events' tag, or in the place of their category.
PART = "coverage"


def coverage_tag(pattern: str) -> str:
    """The tag of records where ``pattern`` is that of events, filled in but for the category."""
    if "{category}" in pattern:
        return pattern.replace("{category}", PART)
    return f"{pattern}.{PART}"


def coverage_batches(collector: dict[str, str], tags: Tags, count: int, size: int) -> Batches:
    """What packs records. ``collector``, ``tags``: of the events. The same in ECS: no form."""
    own = Tags(coverage_tag(tags.pattern), "", "", lambda _action: "")
    return Batches(Records(collector), own, count, size)
