# SPDX-License-Identifier: Apache-2.0
"""A report of ``verify`` in words: lines for the terminal, a page for the auditor.

Made from the report's content alone, so that the page can be made again from the JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slack_audit_input.hosts.cli.coverage import beside_words

_COLUMNS = (
    ("day", "day"),
    ("hours", "hours"),
    ("entries", "Slack shows"),
    ("delivered", "delivered"),
    ("missing", "missing"),
    ("repaired", "repaired"),
    ("gone", "gone"),
    ("hours_that_differ", "differ"),
    ("hours_by_digest", "by digest"),
)


def as_json(content: Mapping[str, Any]) -> dict[str, Any]:
    """The short form for programs; times are RFC 3339."""
    totals = content["totals"]
    missing = totals["missing"] + totals["undated_missing"]
    repaired = totals["repaired"] + totals["undated_repaired"]
    found: dict[str, Any] = {
        "from": content["asked"]["first"],
        "to": content["asked"]["last"],
        "complete": content["complete"],
        "hours": totals["hours"],
        "hours_by_digest": totals["hours_by_digest"],
        "entries": totals["entries"],
        "delivered_now": repaired,
        "redelivered": totals["redelivered"],
        "still_missing": missing - repaired,
        "delivered_but_gone_at_slack": totals["gone"],
        "hours_that_differ": [
            {
                "hour": hour["hour"],
                "slack_shows": {"ids": hour["entries"], "digest": hour["digest"]},
                "delivered": {"ids": hour["delivered"], "digest": hour["delivered_digest"]},
            }
            for hour in content["hours"]
            if hour["differs"] and not hour["replaced"]
        ],
        "never_asked": content["never_asked"],
        "not_read_yet": content["not_read_yet"],
        "undated": totals["undated"],
        "without_id": totals["without_id"],
        "repeated_ids": totals["repeated_ids"],
        "coverage_records": content["coverage_records"],
        "calls": content["read"]["calls"],
        "hours_from_before": content["read"]["hours_from_before"],
    }
    if content["asked"]["against"]:
        found["host"] = {
            **content["host"],
            "missing": totals["host_missing"],
            "sent": totals["host_sent"],
        }
    return found


def lines(content: Mapping[str, Any]) -> Iterator[str]:
    """For people at the terminal."""
    totals, read = content["totals"], content["read"]
    yield content["conclusion"]
    before = read["hours_from_before"]
    yield (
        f"  {totals['entries']} entries in {totals['hours']} hours read again with "
        f"{read['calls']} calls; {totals['hours_by_digest']} hours compared by digest"
        + (f"; {before} hours were compared before it was stopped" if before else "")
    )
    left = totals["missing"] - totals["repaired"]
    left += totals["undated_missing"] - totals["undated_repaired"]
    host_left = totals["host_missing"] - totals["host_sent"]
    for count, words in (
        (totals["undated"], "entries without a date are among them, beside those"),
        (totals["without_id"], "entries have no id: their text stands for it"),
        (totals["repeated_ids"], "ids were shown more than once by Slack"),
        (totals["repaired"], "were missing and have been delivered now"),
        (totals["undated_repaired"], "without a date were missing and have been delivered now"),
        (totals["redelivered"], "delivered again"),
        (left, "are STILL MISSING: run verify again"),
        (totals["gone"], "were delivered that Slack no longer shows"),
        (totals["host_sent"], "were not in the files named and have been sent now"),
        (host_left, f"are NOT IN THE FILES NAMED: {content.get('host', {}).get('remedy', '')}"),
    ):
        if count:
            yield f"  {count} {words}"
    for hour in content["hours"]:
        if hour["differs"] and not hour["replaced"]:
            yield (
                f"  {hour['hour']}: Slack shows {hour['entries']}, delivered "
                f"{hour['delivered']}: --redeliver sends that hour again"
            )
    if content["coverage_records"]:
        yield beside_words(content["coverage_records"])
    for first, last in content["never_asked"]:
        yield f"  never asked for: {first} to {last}: `backfill` collects it"
    for first, last in content["not_read_yet"]:
        yield f"  not read yet: {first} to {last}: the collector still has it before it"


def page(content: Mapping[str, Any], digest: str) -> str:
    """The page: the same facts as the JSON but for the hours, which it holds only where odd."""
    return "\n".join([*_page(content), "", f"SHA-256 of the content: {digest}", ""])


def _page(content: Mapping[str, Any]) -> Iterator[str]:
    asked, made = content["asked"], content["made"]
    yield "Slack audit log: report of a verification"
    yield ""
    yield content["conclusion"]
    yield ""
    rows = [
        ("asked", f"--from {asked['from']} --to {asked['to']}"),
        ("that is", f"{asked['first']} to {asked['last']}, in whole hours"),
        ("compared with", ", ".join(asked["against"]) or "what the collector's state delivered"),
        ("organization", _of(content["organization"])),
        ("address", content["organization"]["api"]),
        ("input", f"{content['collection']['input']} ({content['collection']['filters']})"),
        ("collected from", content["collection"]["collects_from"]),
        ("read up to", content["collection"]["read_up_to"]),
        ("ids reach back to", content["collection"]["index_reaches_back_to"]),
        ("compared", f"{content['read']['first']} to {content['read']['last']}"),
        ("made", f"{made['at']} by {made['by']}"),
    ]
    for name, value in rows:
        if value:
            yield f"{name + ':':<19}{value}"
    if asked["against"]:
        yield ""
        for file in content["host"]["files"]:
            yield (
                f"file {file['name']}: {file['bytes']} bytes, {file['lines']} lines, of which "
                f"{file['unreadable']} are no entries, SHA-256 {file['sha256']}"
            )
    yield ""
    yield from _table(content)
    yield ""
    for line in list(lines(content))[1:]:
        yield line.strip()


def _of(organization: Mapping[str, Any]) -> str:
    named = f"{organization['name']} ({organization['id']}), " if organization["id"] else ""
    return f"{named}account {organization['account']}"


def _table(content: Mapping[str, Any]) -> Iterator[str]:
    columns = list(_COLUMNS)
    if content["asked"]["host_only"]:
        columns = columns[:3]
    if content["asked"]["against"]:
        columns += [("host_missing", "not in files"), ("host_sent", "sent")]
    rows = [*content["days"], {"day": "all", **content["totals"]}]
    widths = {
        name: max(len(head), *(len(str(row[name])) for row in rows)) for name, head in columns
    }
    yield "  ".join(f"{head:>{widths[name]}}" for name, head in columns)
    for row in rows:
        yield "  ".join(f"{row[name]!s:>{widths[name]}}" for name, head in columns)
