# SPDX-License-Identifier: Apache-2.0
"""The report of ``verify``: its content, its hash, and its files. ``docs/audit.md`` describes it.

The content holds texts, whole numbers, truths, lists and objects, never a fraction and never a
token, so that its canonical form is the same wherever it is made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from slack_audit_input.engine.delivered import HourTotal
from slack_audit_input.hosts.cli.verify_record import Record
from slack_audit_input.hosts.moments import shown
from slack_audit_input.model.errors import ConfigError
from slack_audit_input.model.ledger import Span

#: Of the content. A report of another one is not checked.
FORMAT = 1
WHAT = "slack_audit_input verify report"
#: Fields of an hour that a day and the whole sum up.
SUMMED = (
    *("entries", "delivered", "missing", "repaired", "gone", "redelivered", "without_id"),
    *("repeated_ids", "undated", "undated_missing", "undated_repaired", "host_missing"),
    "host_sent",
)


def content_of(
    head: Mapping[str, Any],
    records: Sequence[Record],
    never: Iterable[Span],
    open_: Iterable[Span],
) -> dict[str, Any]:
    """The whole content. ``head``: what was asked, of whom, by what; the rest follows from it.

    ``records``: oldest first. ``never``, ``open_``: what could not be compared.
    """
    content: dict[str, Any] = {
        **head,
        "what": WHAT,
        "format": FORMAT,
        "hours": [record._asdict() for record in records],
        "never_asked": [[shown(span.oldest), shown(span.latest)] for span in never],
        "not_read_yet": [[shown(span.oldest), shown(span.latest)] for span in open_],
    }
    return {**content, **derived(content, records)}


def derived(content: Mapping[str, Any], records: Sequence[Record]) -> dict[str, Any]:
    """What follows from the hours and the gaps: days, totals, the conclusion."""
    by_day: dict[str, list[Record]] = {}
    for record in records:
        by_day.setdefault(record.hour[:10], []).append(record)
    complete = (
        all(record.well for record in records)
        and not content["never_asked"]
        and not content["not_read_yet"]
    )
    totals = sums(records)
    return {
        "days": [{"day": day, **sums(found)} for day, found in by_day.items()],
        "totals": totals,
        "complete": complete,
        "conclusion": _conclusion(content, totals, complete),
    }


def sums(records: Sequence[Record]) -> dict[str, Any]:
    """Hours added up; ``digest`` is that of all their entries together."""
    found: dict[str, Any] = {
        name: sum(max(0, getattr(r, name)) for r in records) for name in SUMMED
    }
    found["hours"] = len(records)
    found["hours_by_digest"] = sum("digest" in record.compared for record in records)
    found["hours_that_differ"] = sum(record.differs and not record.replaced for record in records)
    total = HourTotal()
    for record in records:
        total = total.merged(folds(record.entries, record.digest))
    found["digest"] = total.digest
    return found


def folds(ids: int, digest: str) -> HourTotal:
    """A digest's two halves. Raises ValueError for what is no digest."""
    if len(digest) != 32:
        raise ValueError(f"{digest[:40]!r} is no digest of 32 digits")
    return HourTotal(ids, int(digest[:16], 16), int(digest[16:], 16))


def _conclusion(content: Mapping[str, Any], totals: Mapping[str, Any], complete: bool) -> str:
    """One sentence."""
    asked = content["asked"]
    stretch = f"{asked['first']} to {asked['last']}"
    shows = totals["entries"] + totals["undated"]
    host = asked["against"]
    where = "are in the files that were named" if host else "were delivered"
    if complete:
        late = ""
        if totals["missing"] + totals["undated_missing"]:
            repaired = totals["repaired"] + totals["undated_repaired"]
            late = f"; {repaired} of them were missing and have been delivered now"
        if totals["host_missing"]:
            late += f"; {totals['host_sent']} of them were not there and have been sent now"
        return f"COMPLETE: all {shows} entries that Slack shows from {stretch} {where}{late}."
    reasons = []
    left = totals["missing"] - totals["repaired"]
    left += totals["undated_missing"] - totals["undated_repaired"]
    for count, words in (
        (left, "entries are missing"),
        (totals["host_missing"] - totals["host_sent"], "entries are not in the files named"),
        (totals["hours_that_differ"], "hours differ in count or digest"),
        (len(content["never_asked"]), "stretches were never asked for"),
        (len(content["not_read_yet"]), "stretches are not read yet"),
    ):
        if count:
            reasons.append(f"{count} {words}")
    return f"INCOMPLETE: of {stretch}, {', '.join(reasons)}."


def canonical(content: Any) -> bytes:
    """The one form that is hashed: keys sorted, no blanks, UTF-8; as RFC 8785 for such content."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def hash_of(content: Any) -> str:
    """SHA-256 over the canonical form, in hexadecimal digits."""
    return hashlib.sha256(canonical(content)).hexdigest()


def files_of(name: str) -> tuple[Path, Path]:
    """The JSON and the text file of ``--report NAME``, whichever of their suffixes it has.

    Raises ConfigError when there is no place for them.
    """
    path = Path(name)
    stem = path.with_suffix("") if path.suffix in (".json", ".txt") else path
    if not stem.name or not stem.parent.is_dir():
        raise ConfigError(f"--report {name}: there is no folder for it")
    return stem.with_name(f"{stem.name}.json"), stem.with_name(f"{stem.name}.txt")


def write(name: str, content: Mapping[str, Any], text: str) -> tuple[Path, Path]:
    """Write both files, each whole or not at all. Raises ConfigError."""
    files = files_of(name)
    made = json.dumps({"content": content, "sha256": hash_of(content)}, indent=1)
    for path, words in zip(files, (f"{made}\n", text)):
        new = path.with_name(f".{path.name}.new")
        try:
            new.write_text(words, "utf-8", "surrogatepass")
            new.replace(path)
        except OSError as error:
            raise ConfigError(f"--report {path}: {error.strerror or error}") from None
    return files
