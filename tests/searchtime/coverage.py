# SPDX-License-Identifier: Apache-2.0
"""What the mapping covers, in figures: ``python -m tests.searchtime.coverage``.

Ends with 1 when an action is neither mapped nor explained, a required field is empty though the
entry says it, a value is not one that CIM takes, or a name leads nowhere.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

from slack_audit_input.catalogue import ours
from slack_audit_input.mapping.table import rows
from tests.searchtime import references
from tests.searchtime.measuring import Measured, emulated_fields, measured, processed
from tests.searchtime.samples import published

Figure = tuple[str, str]
_MODELS = {
    "account": "Change, Account Management",
    "account_alert": "Change, Account Management; Alerts",
    "access": "Data Access",
    "alert": "Alerts",
    "auditing": "Change, Auditing Changes",
    "authentication": "Authentication",
    "change": "Change",
    "dlp": "Data Loss Prevention",
    "malware": "Malware; Alerts",
    "none": "none, with the reason why not",
}


def table_figures() -> Iterator[Figure]:
    """Of the table alone."""
    explained = [n for n in ours() if n in rows() and (rows()[n].model != "none" or rows()[n].note)]
    yield "actions in the catalogue", str(len(ours()))
    yield "mapped or explained", _share(len(explained), len(ours()))
    with_model = sum(row.model != "none" for row in rows().values())
    yield "with a CIM data model", str(with_model)
    models = Counter(row.model for row in rows().values())
    for model, count in models.most_common():
        yield f"· {_MODELS[model]}", str(count)
    with_ecs = sum(bool(row.ecs_category) for row in rows().values())
    yield "with an ECS category", str(with_ecs)
    dead = references.dead_names() | references.dead_paths()
    yield "names of actions, and paths, in conf files that nothing has", str(len(dead))
    yield "lookups that nothing uses", str(len(references.unused_lookups()))
    yield "macros without a definition", str(len(references.undefined_macros()))


def event_figures(found: Measured) -> Iterator[Figure]:
    """Of the steps run over events."""
    yield "events", str(found.events)
    yield "in a data model", str(found.mapped)
    silent = sum(found.silent.values())
    yield "required fields", str(found.required)
    yield "· filled", _share(found.filled, found.required)
    yield "· not in Slack's entry", str(silent)
    for name, count in sorted(found.silent.items()):
        yield f"··· {name}", str(count)
    yield "· filled, of those that the entry says", _share(found.filled, found.required - silent)
    yield "values that CIM does not take", str(len(found.faulty))


def reference_figures() -> Iterator[Figure]:
    """Of the conf files: what leads nowhere."""
    yield "dead names of actions", str(len(references.dead_names()))
    yield "paths that no sample has", str(len(references.dead_paths()))
    yield "unused lookups", str(len(references.unused_lookups()))
    yield "undefined macros", str(len(references.undefined_macros()))


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.1f} %)" if whole else "0"


def main() -> int:
    """Print all figures."""
    emulated, others = measured(emulated_fields()), measured(processed(published()))
    parts: list[tuple[str, Iterator[Figure]]] = [
        ("The table", table_figures()),
        ("Emulated events of every action", event_figures(emulated)),
    ]
    if others.events:
        parts.append(("Published events", event_figures(others)))
    parts.append(("The conf files", reference_figures()))
    for title, figures in parts:
        sys.stdout.write(f"\n{title}\n")
        for name, value in figures:
            sys.stdout.write(f"  {name:<58} {value:>16}\n")
    wrong = [*emulated.unfilled, *emulated.faulty, *others.unfilled, *others.faulty]
    wrong += [*references.dead_names(), *references.dead_paths()]
    wrong += [*references.unused_lookups(), *references.undefined_macros()]
    wrong += [name for name in ours() if name not in rows()]
    sys.stdout.write("".join(f"WRONG: {one[:300]}\n" for one in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
