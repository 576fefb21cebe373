# SPDX-License-Identifier: Apache-2.0
"""Writes docs/fields.md, actions.md, searches.md and coverage.md: ``make docs``.

From the table of the mapping, the conf files and docs/sources/fields.csv; a test holds the files
against what this writes. Only what is in the checkout counts, so that all machines write the same.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from slack_audit_input.catalogue import ours
from slack_audit_input.mapping.table import families, reasons, rows
from tests.searchtime import coverage
from tests.searchtime.app import App
from tests.searchtime.measuring import emulated_fields, measured
from tests.searchtime.searches import SEARCHES

DOCS = Path(__file__).resolve().parents[2] / "docs"
_MADE = "Made by `make docs`; what is written here by hand is lost.\n"
_NOT_RUN = (
    "What was run is an evaluator of Splunk's documented steps at search time "
    "(`tests/searchtime/`), not a Splunk.\n"
)


def documents() -> dict[str, str]:
    """The text of each file by its name."""
    return {
        "fields.md": fields(),
        "actions.md": actions(),
        "searches.md": searches(),
        "coverage.md": covered(),
    }


def fields() -> str:
    """Every field that the add-on makes, by groups, with how often sample events have it."""
    made = made_by()
    often = Counter(name for _, found in emulated_fields() for name in found)
    text = f"# Fields\n\n{_MADE}\n{_FIELDS}\n{_NOT_RUN}"
    group = ""
    for row in described():
        if row["group"] != group:
            group = row["group"]
            text += f"\n## {group[0].upper()}{group[1:]}\n\n| field | meaning | made by | in |\n"
            text += "|---|---|---|---|\n"
        share = 100 * often[row["field"]] / len(emulated_fields())
        some = f"{share:.0f} %" if share >= 0.5 else "< 0.5 %"
        text += f"| `{row['field']}` | {row['meaning']} | {made[row['field']]} | {some} |\n"
    text += f"\n## ECS\n\n{_ECS}\n| field | meaning |\n|---|---|\n"
    for row in described("ecs.csv"):
        text += _line((f"`{row['field']}`", row["meaning"]))
    return text


def described(name: str = "fields.csv") -> list[dict[str, str]]:
    """The rows of a table in docs/sources."""
    text = (DOCS / "sources" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def made_by() -> dict[str, str]:
    """How each field of ours comes about."""
    props = App.load().props
    found = {alias: f"alias of `{source}`" for source, alias in props.aliases}
    found.update(dict.fromkeys(props.evals, "eval"))
    for lookup in props.lookups:
        for _, field in lookup.outputs:
            before = found.get(field)
            words = f"lookup `{lookup.table}`"
            found[field] = f"{before}, else {words}" if before and lookup.new else words
    return found


def actions() -> str:
    """Every action with what it means."""
    text = f"# Actions\n\n{_MADE}\n{_ACTIONS}"
    for category in dict.fromkeys(found.categories[0] for found in ours().values()):
        text += f"\n## {category}\n\n{_HEAD}"
        for name, found in ours().items():
            if found.categories[0] != category:
                continue
            row = rows()[name]
            ecs = f"{row.ecs_category or '-'}: {row.ecs_type}"
            words = f"{found.description} {row.note}".strip()
            text += _line(
                [
                    *(f"`{name}`", row.model, row.cim_action, row.object_category, row.who),
                    *(_both(row.status, row.result), row.severity, row.technique, ecs, words),
                ]
            )
    text += "\n## Names that are newer than the table\n\nThe first row that fits.\n\n"
    text += "| name | data model | family | severity |\n|---|---|---|---|\n"
    for row in families():
        text += _line((f"`{row.action}`", row.model, row.object_category, row.severity))
    text += "\n## Reasons of anomalies\n\n"
    text += "| reason | severity | technique | meaning |\n|---|---|---|---|\n"
    for reason in reasons().values():
        text += _line((f"`{reason.reason}`", *reason[1:]))
    return text


def searches() -> str:
    """Questions and the searches that answer them."""
    text = f"# Sample searches\n\n{_MADE}\n{_SEARCHES}"
    for search in SEARCHES:
        text += f"\n## {search.question}\n\n```\n{_broken(search.spl)}\n```\n"
    return text


def covered() -> str:
    """The figures of coverage.py, as far as they do not hang on what lies beside the checkout."""
    text = f"# Coverage\n\n{_MADE}\n{_NOT_RUN}{_COVERAGE}"
    parts = (
        ("The table", coverage.table_figures()),
        ("Emulated events of every action", coverage.event_figures(measured(emulated_fields()))),
    )
    for title, figures in parts:
        text += f"\n## {title}\n\n| what | figure |\n|---|---|\n"
        text += "".join(_line(figure) for figure in figures)
    text += f"\n## Actions without a data model\n\n{_line(('action', 'why'))}|---|---|\n"
    for row in rows().values():
        if row.model == "none":
            text += _line((f"`{row.action}`", row.note))
    return text


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _both(status: str, result: str) -> str:
    return f"{status}, {result}" if result else status


def _broken(spl: str) -> str:
    return spl.replace(" | ", "\n| ")


_HEAD = (
    "| action | data model | CIM action | object | about | status | severity | ATT&CK | ECS "
    "| what |\n"
    "|---|---|---|---|---|---|---|---|---|---|\n"
)
_FIELDS = """\
Of an event with the sourcetype `slack:audit` Splunk has at search time: all that is in Slack's
entry under its own path (`actor.user.email`, `details.new_scopes{}`), and these fields. "In" is
the share of the emulator's events, as many of each action, that have the field.

**`action` and `slack_action`.** Slack's entry has a key `action`, and CIM has a field of this name
with other values. Splunk extracts first, then come aliases, evals, lookups. So the alias
`slack_action` keeps Slack's word, evals read that, and the lookup, which comes last, puts CIM's
word into `action`. Search by `slack_action="user_login"`; `action=success` is what data models
look for.

**Null, empty, loopback.** JSON's `null` comes as the text `null` in Splunk, `""` as a text of no
length; neither becomes a value of the fields below. `src` is an address that is one, and never
127.0.0.1, which Slack writes for what its own servers did. CIM's data models say `unknown` where a
required field is absent.

**Long entries.** Splunk extracts fields by itself from the first 10,240 characters of an event
(`maxchars` in limits.conf, `[kv]`). Entries are 1 kB or so; those with long lists may be longer.
"""
_ACTIONS = """\
One row of `slack_audit_input/mapping/actions.csv` each; a new action is a new row there. "About"
says whose account CIM's `user` is: the actor, the target (`entity.user`), the member (the actor,
whom somebody else may have put there: `src_user`), or the user named in `details.target_user`.
Data models: change (Change), account (Change and Account Management), auditing (Change and
Auditing Changes), access (Data Access), alert (Alerts), account_alert (account and alert), malware
(Malware and Alerts), dlp, authentication, none.

One thing is not in the table alone: evals come before lookups in Splunk and cannot ask them. So
`props.conf` knows accounts that were changed by the entity's type and the beginning of the
action's name, and a test holds that against the table. A row whose action begins otherwise makes
that test fail, and then the pattern in `props.conf` wants the name, too.
"""
_ECS = """\
What `--format ecs` writes, from the same table, one JSON object a line. Values are texts, numbers,
one truth value and lists of texts, each field always of one type; what is missing or empty has no
key. All else of the entry is in `event.original`.
"""
_SEARCHES = """\
A test runs each over sample events and wants a row to come out. `slack_audit_index` is a macro:
put your index into it (`local/macros.conf`). `eventtype=…` finds what it says in all indexes of
yours.
"""
_COVERAGE = """\

`python -m tests.searchtime.coverage` prints these figures, and those over published events where
they are at hand. Required fields, allowed values and conditions are those of the CIM definitions
in pytest-splunk-addon 8.0.0, written down in `tests/searchtime/models.py`. "Not in Slack's entry"
is decided from the entry: no valid address of somebody else's, no size of a file, no URL.
"""


def main() -> int:
    """Write all."""
    for name, text in documents().items():
        (DOCS / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
