# SPDX-License-Identifier: Apache-2.0
"""Correlations as SPL, over windows that slide.

pySigma's Splunk backend cuts time into fixed pieces (`bin`): ten failed logins that lie across the
edge of a piece are then five and five; and it knows no order. Here every event closes a window of
its own, whatever the clock says. pySigma still translates the rules that are counted.

What is left out, and refused: other conditions than "at least", and sequences that are not two
rules in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaFeatureNotSupportedByBackendError
from sigma.rule import SigmaRule

_SHOWN = "values(user) as user values(src) as src values(slack_action) as slack_action"


def correlated(
    rule: SigmaCorrelationRule,
    translate: Callable[[SigmaRule], str],
    field: Callable[[str], str],
) -> str:
    """The search of a correlation, one row a group that meets it.

    `translate` gives the search of a rule, `field` the name that a field has in Splunk. The rows
    hold `first_time` and `_time`, of the first and last event, `matches`, and who, where, what.
    Raises SigmaFeatureNotSupportedByBackendError for what is left out.
    """
    kind = rule.type.name.lower()
    groups = " ".join(field(name) for name in rule.group_by or ())
    seconds = rule.timespan.seconds
    if kind == "temporal_ordered":
        lines = _sequence(rule, translate, field, groups, seconds)
    else:
        search = translate(_only(_rules(rule)))
        lines = [search, "| sort 0 _time", *_counted(rule, kind, field, groups, seconds)]
    total = (
        "| stats max(matches) as matches min(first_time) as first_time max(_time) as _time "
        f"{_SHOWN} by {groups}"
    )
    return "\n".join([*lines, total])


def _counted(
    rule: SigmaCorrelationRule, kind: str, field: Callable[[str], str], groups: str, seconds: int
) -> list[str]:
    condition = rule.condition
    operator = getattr(getattr(condition, "op", None), "name", "")
    if operator != "GTE" or kind not in ("event_count", "value_count"):
        raise SigmaFeatureNotSupportedByBackendError(f"{kind} with {operator} has no window")
    least = int(getattr(condition, "count", 0))
    if kind == "event_count":
        # The window holds as many events as the condition asks for, so its first tells whether
        # they came in time: a window in seconds would hold 10,000 events at most.
        window = f"window={least} global=false count as matches first(_time) as first_time"
        return [
            f"| streamstats {window} by {groups}",
            f"| where matches>={least} AND _time-first_time<={seconds}",
        ]
    counted = field(str(getattr(condition, "fieldref", "")))
    window = f"time_window={seconds}s dc({counted}) as matches min(_time) as first_time"
    return [f"| streamstats {window} by {groups}", f"| where matches>={least}"]


def _sequence(
    rule: SigmaCorrelationRule,
    translate: Callable[[SigmaRule], str],
    field: Callable[[str], str],
    groups: str,
    seconds: int,
) -> list[str]:
    rules = _rules(rule)
    if len(rules) != 2:
        raise SigmaFeatureNotSupportedByBackendError("a sequence of other than two rules")
    parts = []
    for part in rules:
        renamed = "".join(
            f" | rename {field(names[str(part.name)])} as {alias.alias}"
            for alias in rule.aliases
            for names in [{str(ref.reference): name for ref, name in alias.mapping.items()}]
        )
        parts.append(f'[ search {translate(part)} | eval part="{part.name}"{renamed} ]')
    first, second = rules
    return [
        "| multisearch " + " ".join(parts),
        "| sort 0 _time",
        f'| eval began=if(part="{first.name}", _time, null())',
        f"| streamstats last(began) as first_time by {groups}",
        f'| where part="{second.name}" AND _time-first_time<={seconds}',
        "| eval matches=2",
    ]


def _rules(rule: SigmaCorrelationRule) -> list[SigmaRule]:
    found = [reference.rule for reference in rule.rules or ()]
    return [one for one in found if isinstance(one, SigmaRule)]


def _only(rules: Sequence[SigmaRule]) -> SigmaRule:
    if len(rules) != 1:
        raise SigmaFeatureNotSupportedByBackendError("a count over several rules")
    return rules[0]
