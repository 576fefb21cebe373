# SPDX-License-Identifier: Apache-2.0
"""Questions to the catalogue: what Slack lists that we do not know and the reverse, and search.

Pure; imports nothing beyond the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slack_audit_input.catalogue.listed import Listing
from slack_audit_input.catalogue.packaged import Action


@dataclass(frozen=True)
class Comparison:
    """Action names by who knows them, each group sorted.

    `only_listed`: Slack lists the name and our catalogue lacks it. `only_ours`: our catalogue
    has it and Slack does not list it. `both`: known to both.
    """

    only_listed: tuple[str, ...]
    only_ours: tuple[str, ...]
    both: tuple[str, ...]


def compare(listed: Listing, ours: Mapping[str, Action]) -> Comparison:
    """Tell which names stand in Slack's listing, in our catalogue, or in both."""
    theirs, known = frozenset(listed.actions), frozenset(ours)
    return Comparison(
        only_listed=tuple(sorted(theirs - known)),
        only_ours=tuple(sorted(known - theirs)),
        both=tuple(sorted(theirs & known)),
    )


def search(
    actions: Iterable[Action], words: Iterable[str] = (), category: str | None = None
) -> tuple[Action, ...]:
    """Return the actions that hold every word and stand in `category`, in the order given.

    A word is found anywhere in the name or the description, whatever its case. `category` is
    compared whole; None means any. No words and no category return everything.
    """
    wanted = [word.casefold() for word in words]
    found = []
    for action in actions:
        if category is not None and category not in action.categories:
            continue
        text = f"{action.name}\n{action.description}".casefold()
        if all(word in text for word in wanted):
            found.append(action)
    return tuple(found)
