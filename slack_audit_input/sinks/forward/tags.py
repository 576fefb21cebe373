# SPDX-License-Identifier: Apache-2.0
"""Tags: ``slack.audit``, or a pattern that is filled in from settings and the action's category.

Never from what users wrote or who they are: a host routes by tags, opens files by tags, and
counts by tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from slack_audit_input.model.errors import ConfigError

#: What may stand in braces.
NAMES = ("account", "input", "category")
#: The category of an action that our catalogue does not have.
UNKNOWN = "unknown"

_FIELD = re.compile(r"\{([^{}]*)\}")
_TAG = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_NOT_IN_A_PART = re.compile(r"[^A-Za-z0-9_-]")


class Tags:
    """The tag of each record. ``category_of``: an action's category, or "" when unknown.

    ``fixed``: the one tag of all records, or "" when it depends on the record. Raises
    ConfigError for a pattern that makes no tag.
    """

    def __init__(
        self, pattern: str, account: str, input: str, category_of: Callable[[str], str]
    ) -> None:
        for name in _FIELD.findall(pattern):
            if name not in NAMES:
                known = ", ".join(f"{{{one}}}" for one in NAMES)
                raise ConfigError(f"--forward-tag: {{{name}}} is unknown; there is {known}")
        filled = pattern.replace("{account}", _part(account)).replace("{input}", _part(input))
        if not _TAG.fullmatch(filled.replace("{category}", UNKNOWN)):
            raise ConfigError(
                f"--forward-tag {pattern!r}: a tag is made of letters, digits, _ and -, in parts "
                "with a dot between them"
            )
        self.fixed = "" if "{category}" in filled else filled
        #: The tag, or what is left to be filled in of it.
        self.pattern = filled
        self._category_of = category_of
        self._known: dict[str, str] = {}

    def of(self, record: dict[str, Any]) -> str:
        """The tag of a record."""
        if self.fixed:
            return self.fixed
        action = record.get("action")
        if action is None and type(record.get("event")) is dict:
            action = record["event"].get("action")  # of a record in ECS
        category = self._category_of(action) if type(action) is str else ""
        if category not in self._known:
            self._known[category] = self.pattern.replace("{category}", _part(category or UNKNOWN))
        return self._known[category]


def _part(text: str) -> str:
    return _NOT_IN_A_PART.sub("_", text)
