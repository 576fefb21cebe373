# SPDX-License-Identifier: Apache-2.0
"""Changes to commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slack_audit_input.model.state import Change, Hour


def change(
    name: str = "a",
    *,
    owner: str = "host:1:x",
    beat: float = 1.5,
    buckets: Mapping[int, bytes] | None = None,
    dropped: Sequence[int] = (),
    hours: Mapping[int, Hour] | None = None,
    answered: Sequence[int] = (),
    coverage: Mapping[int, str] | None = None,
    coverage_floor: int | None = None,
) -> Change:
    """A change in which every text says ``name``."""
    return Change(
        account=f"account {name}",
        filters=f"filters {name}",
        ledger=f'{{"ledger":"{name}"}}',
        counters=f'{{"counters":"{name}"}}',
        owner=owner,
        beat=beat,
        buckets=buckets or {},
        dropped=dropped,
        hours=hours or {},
        answered=answered,
        coverage=coverage or {},
        coverage_floor=coverage_floor,
    )
