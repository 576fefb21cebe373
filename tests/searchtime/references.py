# SPDX-License-Identifier: Apache-2.0
"""Names in our conf files that name nothing, and things there that nothing names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from slack_audit_input.catalogue import ours
from slack_audit_input.mapping import lookups
from tests.searchtime.app import DEFAULT, SOURCETYPE, App
from tests.searchtime.conf import read
from tests.searchtime.extraction import extracted
from tests.searchtime.parsing import Call, Field, Node
from tests.searchtime.samples import emulated, published

#: Paths that no sample has, and where they were seen.
UNSEEN = {
    "actor.app.id": "apps as actors, in the tests of another collector",
    "actor.app.name": "the same",
    "details.ip_ranges{}": "team_authorized_ip_range_set, in a capture",
}
_MACRO = re.compile(r"`(\w+)(?:\([^`]*\))?`")
_QUOTED = re.compile(r'"([^"]+)"')


def calls_and_fields() -> Iterator[Node]:
    """Every part of every eval."""
    for tree in App.load().props.evals.values():
        yield from _parts(tree)


def dead_paths() -> set[str]:
    """Paths of entries that evals and aliases read though no sample has them."""
    props = App.load().props
    wanted = {part.name for part in calls_and_fields() if isinstance(part, Field)}
    wanted |= {source for source, _ in props.aliases}
    seen = {name for one in (*emulated(), *published()) for name in extracted(one.text)}
    return wanted - seen - {alias for _, alias in props.aliases} - set(UNSEEN)


def dead_names() -> set[str]:
    """Actions that our conf files name though the catalogue does not, and patterns for none."""
    stanzas = read(DEFAULT / "props.conf")[SOURCETYPE].values()
    text = "\n".join([*stanzas, *(one["search"] for one in App.load().eventtypes.values())])
    names = set(re.findall(r'slack_action ?= ?"([^"]+)"', text))
    for listed in re.findall(r"slack_action IN \(([^)]+)\)", text):
        names |= set(_QUOTED.findall(listed))
    patterns = set(re.findall(r'match\(slack_action, "([^"]+)"\)', text))
    dead = {one for one in patterns if not any(re.search(one, name) for name in ours())}
    return (names - set(ours())) | dead


def unused_lookups() -> set[str]:
    """Lookups that nothing uses, and files that are no lookup's."""
    app = App.load()
    used = {lookup.table for lookup in app.props.lookups}
    used |= set(re.findall(r"\blookup (\w+)", _conf_text()))
    files = {stanza["filename"] for stanza in app.transforms.values()}
    return (set(app.tables) - used) | (set(lookups.files()) - files)


def undefined_macros() -> set[str]:
    """Macros that searches and dashboards in `default/` use and macros.conf does not define."""
    defined = {name.partition("(")[0] for name in App.load().macros}
    return set(_MACRO.findall(_conf_text())) - defined


def _parts(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Call):
        for argument in node.arguments:
            yield from _parts(argument)


def _conf_text() -> str:
    """What stands in `default/`, without comments."""
    texts = [path.read_text("utf-8") for path in DEFAULT.rglob("*") if path.is_file()]
    lines = [line for text in texts for line in text.splitlines() if not line.startswith("#")]
    return "\n".join(lines)
