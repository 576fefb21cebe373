# SPDX-License-Identifier: Apache-2.0
"""The page about the detections, written from the rules: `docs/detections.md`.

python -m slack_audit_input.addon.document detections docs/detections.md
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from sigma.correlations import SigmaCorrelationRule

from slack_audit_input.addon.detections import ELASTIC_INDEX, KUSTO_TABLE, PREFIX, queries
from slack_audit_input.addon.rules import Detection, read

_LEVELS = ("critical", "high", "medium", "low")
_HEAD = f"""# Detections

<!-- Written by `python -m slack_audit_input.addon.document`; edit the rules, not this page. -->

{{count}} detections, written once as [Sigma](https://sigmahq.io) rules in `detections/`, each
beside events that must fire and events that must not (`detections/events/`, {{fire}} and {{quiet}}
cases). For {{alone}} of them we found nobody who publishes a rule like it; the others say who does.

**In Splunk** they are saved searches `{PREFIX}…`, all switched off: switch on what you
want, under Settings > Searches, reports, and alerts. Rules about one event look every 5 minutes at
what was *indexed* since, so an event that Slack shows hours late is seen, and once. Those that
count look every 15 minutes at their own stretch of time and a day more, over windows that slide;
what they told about an account is not told again as long as the same events are in reach. Counts
of different values hold 10,000 events in a window (`max_stream_window` of limits.conf). No alert
action is set. Their fields `detection`, `detection_level` and `mitre_technique_id` are for yours.

**Elsewhere** the same files make queries (`pip install '.[detections]'`, Python 3.10 or newer):

```
python -m slack_audit_input.addon.detections esql detections build/esql
python -m slack_audit_input.addon.detections lucene detections build/lucene
python -m slack_audit_input.addon.detections kusto detections build/kusto
```

ES|QL has {{esql}} of the {{count}}, Lucene {{lucene}}, Kusto {{kusto}}; each command names the
rest.

They expect Slack's own keys as fields, as the collector writes them unless `--format` says
otherwise: an index `{ELASTIC_INDEX}` with `actor.user.id` in Elasticsearch, a table
`{KUSTO_TABLE}` with columns such as `actor_user_id` in Kusto. ES|QL has those that count, over
fixed pieces of time, and no sequences; Lucene and Kusto have neither. A comparison in ES|QL with
a list of several values is null: use Lucene for those about scopes and reasons of anomalies. These
queries were translated, not run. What was run, by evaluators in `tests/`, are the rules themselves
and the searches for Splunk, over the events; a Splunk was not at hand.

Not here, because Sigma cannot say it: the first time that something is seen, and silence. Silence
is on the dashboard of collection health.
"""


def page(found: Sequence[Detection], fire: int, quiet: int) -> str:
    """The page in Markdown. `fire`, `quiet`: number of cases of each kind."""
    counts = {
        language: sum(map(bool, queries(found, language).values()))
        for language in ("esql", "lucene", "kusto")
    }
    alone = sum(not one.published_by for one in found)
    parts = [_HEAD.format(count=len(found), fire=fire, quiet=quiet, alone=alone, **counts)]
    parts.append("| level | detection | ATT&CK | also published by |\n|---|---|---|---|")
    ordered = sorted(found, key=lambda one: (_LEVELS.index(one.level), one.main.title))
    parts += [
        f"| {one.level} | [{one.main.title}](#{_anchor(one.main.title)}) | {_techniques(one)} "
        f"| {', '.join(one.published_by)} |"
        for one in ordered
    ]
    for one in ordered:
        parts.append(_section(one))
    return "\n".join(parts) + "\n"


def cases(folder: Path) -> tuple[int, int]:
    """How many cases there are in the events beside the rules: that fire, that do not."""
    seen = {
        (path.name, told["case"], told["fires"])
        for path in (folder / "events").glob("*.jsonl")
        for told in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    }
    fire = sum(case[2] for case in seen)
    return fire, len(seen) - fire


def _section(one: Detection) -> str:
    main = one.main
    kind = ""
    if isinstance(main, SigmaCorrelationRule):
        kind = f" · over {main.timespan.spec}"
    lines = [
        f"\n## {main.title}\n",
        f"**{one.level}**{kind} · {_techniques(one)} · `detections/{one.name}.yml`\n",
        f"{one.description}\n",
        "What to do:\n",
        *[f"{number}. {step}." for number, step in enumerate(one.response, 1)],
        "\nKnown false positives:\n",
        *[f"* {' '.join(text.split())}" for text in main.falsepositives],
    ]
    return "\n".join(lines)


def _techniques(one: Detection) -> str:
    return ", ".join(
        f"[{name}](https://attack.mitre.org/techniques/{name.replace('.', '/')}/)"
        for name in one.techniques
    )


def _anchor(title: str) -> str:
    kept: Iterable[str] = (sign for sign in title.lower() if sign.isalnum() or sign in " -")
    return "".join(kept).replace(" ", "-")


def main(arguments: Sequence[str]) -> int:
    """The command: folder of detections, target file."""
    if len(arguments) != 2:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    folder, target = map(Path, arguments)
    target.write_text(page(list(read(folder)), *cases(folder)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
