# SPDX-License-Identifier: Apache-2.0
"""The command with a bug in it: it commits a page before the host has it.

``python -m tests.soak.planted run …``. A soak of it must find that events are lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slack_audit_input.collector.commit import Committer
from slack_audit_input.hosts.cli.main import main
from slack_audit_input.model.event import Event

_deliver = Committer.deliver


def _commits_first(self: Committer, fresh: Sequence[Event], *more: Any, **named: Any) -> None:
    _deliver(self, (), *more, **named)
    if fresh:
        self._sink.write(fresh)


if __name__ == "__main__":
    Committer.deliver = _commits_first  # type: ignore[method-assign]
    main()
