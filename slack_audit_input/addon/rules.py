# SPDX-License-Identifier: Apache-2.0
"""The detections as they are written: Sigma rules in files, read with pySigma.

A file holds one detection: a rule, or a correlation and the rules it counts. Beyond Sigma's own
keys ours have `response` (what to do, steps) and `published_by` (who else was found to publish a
rule like it; empty: nobody).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Union

from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.rule import SigmaRule

Rule = Union[SigmaRule, SigmaCorrelationRule]


class Detection(NamedTuple):
    """One detection.

    `name`: of its file. `main`: the rule that alerts. `collection`: that and what it refers to.
    """

    name: str
    main: Rule
    collection: SigmaCollection

    @property
    def level(self) -> str:
        """How bad it is: informational, low, medium, high or critical."""
        return self.main.level.name.lower() if self.main.level else "medium"

    @property
    def techniques(self) -> tuple[str, ...]:
        """ATT&CK techniques, such as T1078.004."""
        return tuple(tag.name.upper() for tag in self.main.tags if tag.name[1:2].isdigit())

    @property
    def tactics(self) -> tuple[str, ...]:
        """ATT&CK tactics, such as credential-access."""
        return tuple(tag.name for tag in self.main.tags if not tag.name[1:2].isdigit())

    @property
    def response(self) -> tuple[str, ...]:
        """What to do about it, in steps."""
        return tuple(self.main.custom_attributes["response"])

    @property
    def published_by(self) -> tuple[str, ...]:
        """Who else publishes such a rule, as far as was found."""
        return tuple(self.main.custom_attributes["published_by"])

    @property
    def description(self) -> str:
        """What it finds, in one line."""
        return " ".join(str(self.main.description or "").split())


def read(folder: Path) -> Iterator[Detection]:
    """All detections of a folder, by name.

    Raises ValueError, naming the file, for what is no Sigma rule, and for a file that holds
    none that alerts or several.
    """
    for path in sorted(folder.glob("*.yml")):
        yield detection(path)


def detection(path: Path) -> Detection:
    """The detection in one file; errors as in `read`."""
    # Errors are collected by pySigma, so that all of them can be told at once.
    collection = SigmaCollection.from_yaml(path.read_text(encoding="utf-8"), collect_errors=True)
    collection.resolve_rule_references()
    problems = [str(problem) for rule in collection.rules for problem in rule.errors]
    if problems or collection.errors:
        raise ValueError(f"{path}: {'; '.join(problems or map(str, collection.errors))}")
    rules = list(collection.rules)
    correlations = [rule for rule in rules if isinstance(rule, SigmaCorrelationRule)]
    alerting = correlations or rules
    if len(alerting) != 1:
        raise ValueError(f"{path}: it holds {len(alerting)} rules that alert, not one")
    main: Rule = alerting[0]
    missing = {"response", "published_by"} - set(main.custom_attributes)
    if missing:
        raise ValueError(f"{path}: the rule has no {' and no '.join(sorted(missing))}")
    return Detection(path.stem, main, collection)
