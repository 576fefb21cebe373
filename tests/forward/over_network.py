# SPDX-License-Identifier: Apache-2.0
"""A sink for the tests that reach real receivers, without long waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from slack_audit_input.sinks.forward.access import Access
from slack_audit_input.sinks.forward.addresses import parse_address
from slack_audit_input.sinks.forward.patience import Patience
from slack_audit_input.sinks.forward.sink import ForwardSink, Limits
from tests.forward.events import COLLECTOR, tags

USUAL = Limits()
#: What tests have made and not closed yet.
MADE: list[ForwardSink] = []


class Reports:
    """The sink's log."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def __call__(self, level: str, action: str, **fields: object) -> None:
        self.lines.append({"level": level, "action": action, **fields})

    def reasons(self) -> str:
        """Every reason given."""
        return "\n".join(str(line.get("reason")) for line in self.lines)


def forward_to(
    addresses: Sequence[str],
    folder: Path,
    access: Access | None = None,
    *,
    limits: Limits = USUAL,
    log: Reports | None = None,
    stop: Callable[[], bool] = lambda: False,
    pattern: str = "slack.audit",
) -> ForwardSink:
    """A sink to these addresses; dead letters go to ``folder``. The test's end closes it."""
    sink = ForwardSink(
        COLLECTOR,
        [parse_address(address) for address in addresses],
        access or quick(),
        tags(pattern),
        folder / "dead.ndjson",
        Patience(stop, Random(1)),
        log or Reports(),
        limits,
    )
    MADE.append(sink)
    return sink


def quick(**settings: Any) -> Access:
    """Time-outs that a loaded machine does not reach, unless a test is about them."""
    return Access("tester", **{"connect_timeout": 2.0, "ack_timeout": 30.0, **settings})
