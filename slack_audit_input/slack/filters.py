# SPDX-License-Identifier: Apache-2.0
"""Which entries an input wants: as far as Slack can filter, Slack does; the rest is ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from slack_audit_input.model.errors import ConfigError

#: Slack takes at most this many actions in one request (reference section 3).
ACTIONS_MOST = 30


class Filters(NamedTuple):
    """``actions``: only these; ``exclude``: none of these; ``actor``, ``entity``: ids, or ""."""

    actions: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    actor: str = ""
    entity: str = ""

    def params(self) -> dict[str, str]:
        """Slack's parameters for them."""
        params = {}
        if 0 < len(self.actions) <= ACTIONS_MOST:
            params["action"] = ",".join(self.actions)
        if self.actor:
            params["actor"] = self.actor
        if self.entity:
            params["entity"] = self.entity
        return params

    def accept(self) -> Callable[[dict[str, Any]], bool] | None:
        """The part that Slack does not do, over an entry's object; None when nothing is left."""
        wanted = frozenset(self.actions) if len(self.actions) > ACTIONS_MOST else None
        unwanted = frozenset(self.exclude)
        if wanted is None and not unwanted:
            return None

        def accepts(entry: dict[str, Any]) -> bool:
            action = entry.get("action")
            if type(action) is not str:
                return wanted is None
            return (wanted is None or action in wanted) and action not in unwanted

        return accepts

    def without(self, refused: Sequence[str]) -> Filters:
        """Without the action names that Slack does not know.

        Raises ConfigError when none is left: no filter at all would mean every action.
        """
        left = tuple(name for name in self.actions if name not in refused)
        if not left:
            raise ConfigError(
                "Slack knows none of the actions asked for: "
                f"{', '.join(refused[:10])}. `slack-audit-input actions` lists the names"
            )
        return self._replace(actions=left)

    def text(self) -> str:
        """All of them in one line, the same for the same filters: what the state remembers."""
        return ";".join(
            (
                "action=" + ",".join(sorted(self.actions)),
                "exclude=" + ",".join(sorted(self.exclude)),
                f"actor={self.actor}",
                f"entity={self.entity}",
            )
        )
