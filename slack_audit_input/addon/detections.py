# SPDX-License-Identifier: Apache-2.0
"""Turns the detections into searches: saved searches for Splunk, queries for other products.

    python -m slack_audit_input.addon.detections savedsearches detections build/generated/default
    python -m slack_audit_input.addon.detections esql detections build/esql
    python -m slack_audit_input.addon.detections lucene detections build/lucene
    python -m slack_audit_input.addon.detections kusto detections build/kusto

Needs pySigma and its backends (`pip install '.[detections]'`); nothing of that runs inside Splunk.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sigma.backends.elasticsearch.elasticsearch_esql import ESQLBackend
from sigma.backends.elasticsearch.elasticsearch_lucene import LuceneBackend
from sigma.backends.kusto.kusto import KustoBackend
from sigma.backends.splunk.splunk import SplunkBackend
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import (
    AddConditionTransformation,
    FieldMappingTransformation,
    SetStateTransformation,
)
from sigma.rule import SigmaRule

from slack_audit_input.addon.rules import Detection, read
from slack_audit_input.addon.sliding import correlated

#: Names of saved searches begin so, that they stand together.
PREFIX = "Slack audit - "
#: What a field of Slack's is called in Splunk, where that is another name. An action has CIM's
#: word in `action`; JSON's null is the text "null" in the raw fields, and no value in ours.
SPLUNK_FIELDS = {
    "action": "slack_action",
    "context.session_id": "session_id",
    "context.ip_address": "src_ip",
    "context.ua": "user_agent",
    "context.acting_agent": "acting_agent",
    "details.new_scopes": "details.new_scopes{}",
    "details.previous_scopes": "details.previous_scopes{}",
    "details.scopes": "details.scopes{}",
    "entity.app.scopes": "entity.app.scopes{}",
    "details.reason": "details.reason{}",
    "details.ip_address_details": "details.ip_address_details{}",
    "details.ip_ranges": "details.ip_ranges{}",
}
_SEVERITY = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_TOLD = "detection detection_level mitre_technique_id"
_SHOWN = f"_time {_TOLD} user src_user src slack_action object dest"
#: Where the queries for Elasticsearch look.
ELASTIC_INDEX = "logs-slack.audit-*"
#: The table of the Kusto queries, one column a path: `actor.user.id` is `actor_user_id`.
KUSTO_TABLE = "SlackAudit"


def splunk_search(detection: Detection) -> str:
    """The SPL of one detection; raises SigmaError for what cannot be translated."""
    names: dict[Any, Any] = dict(SPLUNK_FIELDS)
    mapping = FieldMappingTransformation(names)
    ours = AddConditionTransformation({"eventtype": "slack_audit"})
    pipeline = ProcessingPipeline(items=[ProcessingItem(mapping), ProcessingItem(ours)])
    backend = SplunkBackend(pipeline)

    def translate(rule: SigmaRule) -> str:
        return str(backend.convert(_copied([rule]))[0])

    main = detection.main
    if isinstance(main, SigmaCorrelationRule):
        return correlated(main, translate, lambda name: SPLUNK_FIELDS.get(name, name))
    return translate(main)


def stanza(detection: Detection) -> str:
    """The saved search of one detection, switched off until somebody switches it on."""
    main = detection.main
    search = splunk_search(detection)
    settings: dict[str, object] = {"description": _description(detection), "disabled": 1}
    if isinstance(main, SigmaCorrelationRule):
        # Late events up to a day are seen: Slack shows some after 18 hours. What was told once is
        # not told again as long as the search can see it.
        span = main.timespan.seconds + 86_400
        groups = [SPLUNK_FIELDS.get(name, name) for name in main.group_by or ()]
        shown = f"_time first_time matches {' '.join(groups)} {_TOLD} user src slack_action"
        settings.update(
            {
                "cron_schedule": _every(15, detection.name),
                "schedule_window": "auto",
                "dispatch.earliest_time": f"-{span}s",
                "alert.suppress": 1,
                "alert.suppress.fields": ",".join(groups),
                "alert.suppress.period": f"{span + 900}s",
            }
        )
    else:
        # By the time of indexing: an event counts once, however late it came.
        search = f"_index_earliest=-6m@m _index_latest=-1m@m {search}"
        shown = _SHOWN
        settings.update(
            {
                "cron_schedule": _every(5, detection.name),
                # A run that was skipped is made up for: its five minutes come only once.
                "realtime_schedule": 0,
                "dispatch.earliest_time": "-2d",
            }
        )
    told = (
        f'| eval detection="{main.title}", detection_level="{detection.level}", '
        f'mitre_technique_id="{",".join(detection.techniques)}"'
    )
    settings.update(
        {
            "dispatch.latest_time": "now",
            "enableSched": 1,
            "counttype": "number of events",
            "relation": "greater than",
            "quantity": 0,
            "alert.track": 1,
            "alert.digest_mode": 0,
            "alert.severity": _SEVERITY[detection.level],
            "search": f"{search}\n{told}\n| table {shown}",
        }
    )
    lines = [f"[{PREFIX}{main.title}]"]
    lines += [f"{key} = " + str(value).replace("\n", " \\\n") for key, value in settings.items()]
    return "\n".join(lines) + "\n"


def generate(detections_dir: Path, target_default_dir: Path) -> int:
    """Append all detections to `savedsearches.conf` of the target; gives their number.

    What stands in the file stays; a file that holds a detection's stanza already is refused with
    ValueError, as is a folder without detections.
    """
    found = list(read(detections_dir))
    if not found:
        raise ValueError(f"{detections_dir} holds no detections")
    path = target_default_dir / "savedsearches.conf"
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if f"[{PREFIX}{found[0].main.title}]" in before:
        raise ValueError(f"{path} holds the detections already")
    target_default_dir.mkdir(parents=True, exist_ok=True)
    head = [before.rstrip("\n") + "\n"] if before else []
    path.write_text("\n".join([*head, *map(stanza, found)]), encoding="utf-8")
    return len(found)


def queries(found: Iterable[Detection], language: str) -> dict[str, str]:
    """For each detection its query in `esql`, `lucene` or `kusto`; "" if there is none.

    Lucene and Kusto have no correlations, ES|QL no order in sequences: those are "".
    """
    made = {}
    for detection in found:
        try:
            made[detection.name] = _query(detection, _backend(language))
        except (SigmaError, NotImplementedError, AttributeError):
            # pySigma's backends say in these three ways that they cannot do it.
            made[detection.name] = ""
    return made


def _backend(language: str) -> Any:
    if language == "kusto":
        return KustoBackend()
    index = ProcessingItem(SetStateTransformation("index", ELASTIC_INDEX))
    pipeline = ProcessingPipeline(items=[index])
    return ESQLBackend(pipeline) if language == "esql" else LuceneBackend(pipeline)


def _query(detection: Detection, backend: Any) -> str:
    made = backend.convert(_copied(detection.collection.rules))
    if not made or not isinstance(backend, KustoBackend):
        return str(made[0]) if made else ""
    # Its names for tables come from pipelines of Microsoft's products, of which ours is none.
    return f"{KUSTO_TABLE}\n| where {_in_columns(str(made[0]))}"


def _in_columns(query: str) -> str:
    return re.sub(r"'+([a-z_.]+)'+", lambda found: found[1].replace(".", "_"), query)


def _copied(rules: Iterable[Any]) -> SigmaCollection:
    # A translation writes its own names into the rules that it is given.
    made = SigmaCollection.from_dicts([rule.to_dict() for rule in rules])
    made.resolve_rule_references()
    return made


def _every(minutes: int, name: str) -> str:
    # Not all of them in the same minute.
    return f"{zlib.crc32(name.encode()) % minutes}-59/{minutes} * * * *"


def _description(detection: Detection) -> str:
    response = " ".join(f"({n}) {step}." for n, step in enumerate(detection.response, 1))
    return f"{detection.description} What to do: {response}"


def main(arguments: list[str]) -> int:
    """The command: language, folder of detections, target folder."""
    if len(arguments) != 3 or arguments[0] not in ("savedsearches", "esql", "lucene", "kusto"):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    language, source, target = arguments[0], Path(arguments[1]), Path(arguments[2])
    if language == "savedsearches":
        sys.stdout.write(f"{generate(source, target)} detections in {target}/savedsearches.conf\n")
        return 0
    target.mkdir(parents=True, exist_ok=True)
    made = queries(read(source), language)
    for name, query in made.items():
        if query:
            (target / f"{name}.{language}").write_text(query + "\n", encoding="utf-8")
    missing = [name for name, query in made.items() if not query]
    sys.stdout.write(f"{len(made) - len(missing)} queries in {target}\n")
    if missing:
        sys.stdout.write(f"{language} cannot say: {', '.join(missing)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
