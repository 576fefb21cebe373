# SPDX-License-Identifier: Apache-2.0
"""``verify --check-report``: was a report altered since it was written, and does it add up?

No token, no state, no network: whoever has the file can check it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from slack_audit_input.engine.delivered import HourTotal
from slack_audit_input.hosts.cli.verify_record import Record, record_from
from slack_audit_input.hosts.cli.verify_report import FORMAT, WHAT, derived, folds, hash_of
from slack_audit_input.hosts.cli.verify_words import page
from slack_audit_input.model.errors import ConfigError

#: A report of a year is about 6 MB; whatever is larger by far is none.
LARGEST = 1 << 28


def check(name: str) -> list[str]:
    """What is wrong with a report, the first thing first; [] when nothing is.

    ``name``: its JSON file. The text file beside it is checked as well when there is one.
    Raises ConfigError for what is no report at all, or one of another format.
    """
    path = Path(name)
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError(f"--check-report {path}: too large to be a report")
        report = json.loads(path.read_text("utf-8", "surrogatepass"))
    except OSError as error:
        raise ConfigError(f"--check-report {path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"--check-report {path} is not JSON: {str(error)[:200]}") from None
    content = report.get("content") if isinstance(report, dict) else None
    if not isinstance(content, dict) or content.get("what") != WHAT:
        raise ConfigError(f"--check-report {path} is no report of verify: name the JSON file")
    if content.get("format") != FORMAT:
        raise ConfigError(
            f"--check-report {path} has format {str(content.get('format'))[:40]}, this version "
            f"checks {FORMAT}: use the version that wrote it"
        )
    found = list(_inconsistent(content))
    written, now = str(report.get("sha256"))[:80], hash_of(content)
    if written != now:
        found.append(f"sha256 is {written}, but the content has {now}")
    if not found:
        found += _text_beside(path, content, now)
    return found


def _inconsistent(content: Mapping[str, Any]) -> Iterator[str]:
    """Where the content contradicts itself, in the order in which it is read."""
    records: list[Record] = []
    for number, fields in enumerate(_list(content, "hours")):
        try:
            record = record_from(fields)
        except ValueError as error:
            yield f"hours[{number}] {error}"
            return
        records.append(record)
        for words in _odd(record):
            yield f"hours[{number}] ({record.hour}): {words}"
    if [r.hour for r in records] != sorted({r.hour for r in records}):
        yield "hours are not each there once, oldest first"
    try:
        expected = derived(content, records)
    except (KeyError, TypeError, ValueError) as error:
        yield f"a part is missing or of another kind: {type(error).__name__}: {str(error)[:80]}"
        return
    for name in ("days", "totals", "complete", "conclusion"):
        yield from _differ(name, content.get(name), expected[name])


def _list(content: Mapping[str, Any], name: str) -> list[Any]:
    found = content.get(name)
    return found if isinstance(found, list) else []


def _odd(record: Record) -> Iterator[str]:
    """What cannot be true of one hour."""
    try:
        slack = folds(record.entries, record.digest)
        delivered = folds(record.delivered, record.delivered_digest)
    except ValueError as error:
        yield str(error)
        return
    for name in ("entries", "delivered", "missing", "gone", "undated", "redelivered"):
        if getattr(record, name) < 0:
            yield f"{name} is {getattr(record, name)}"
    for less, more in (
        ("repaired", "missing"),
        ("missing", "entries"),
        ("gone", "delivered"),
        ("undated_repaired", "undated_missing"),
        ("undated_missing", "undated"),
        ("host_sent", "host_missing"),
    ):
        if getattr(record, less) > getattr(record, more):
            yield f"{less} {getattr(record, less)} is more than {more} {getattr(record, more)}"
    yield from _unlike(record, slack, delivered)


def _unlike(record: Record, slack: HourTotal, delivered: HourTotal) -> Iterator[str]:
    """Where counts and digests of one hour contradict one another."""
    if record.compared == "host":
        return
    if not record.differs:
        sum_ = record.delivered + record.missing - record.gone
        if record.entries != sum_:
            yield (
                f"entries {record.entries} is not delivered {record.delivered} plus missing "
                f"{record.missing} less gone {record.gone}"
            )
        if not (record.missing or record.gone) and slack != delivered:
            yield "the digests differ, though nothing is missing or gone"
    elif slack == delivered and not (record.missing or record.gone):
        yield "it is said to differ, but count and digest agree"
    if record.entries == 0 and slack != HourTotal():
        yield "there are no entries, but a digest of some"


def _differ(place: str, is_: Any, should: Any) -> Iterator[str]:
    """The first place where a derived part is not what follows from the hours."""
    if isinstance(should, dict) and isinstance(is_, dict):
        for name in should:
            found = list(_differ(f"{place}.{name}", is_.get(name), should[name]))
            if found:
                yield found[0]
                return
        more = sorted(is_.keys() - should.keys())
        if more:
            yield f"{place}.{more[0]} does not belong there"
        return
    if isinstance(should, list) and isinstance(is_, list):
        for number, (one, other) in enumerate(zip(is_, should)):
            found = list(_differ(f"{place}[{number}]", one, other))
            if found:
                yield found[0]
                return
        if len(is_) != len(should):
            yield f"{place} has {len(is_)} parts, the hours make {len(should)}"
        return
    if is_ != should or type(is_) is not type(should):
        yield f"{place} is {_short(is_)}, the hours make it {_short(should)}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _text_beside(path: Path, content: Mapping[str, Any], digest: str) -> list[str]:
    """What is wrong with the page of words beside the JSON; nothing when there is none."""
    beside = path.with_suffix(".txt")
    if beside == path or not beside.exists():
        return []
    try:
        is_ = beside.read_text("utf-8", "surrogatepass").splitlines()
        should = page(content, digest).splitlines()
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"{beside.name} cannot be compared: {type(error).__name__}: {str(error)[:80]}"]
    for number, (one, other) in enumerate(zip(is_, should), 1):
        if one != other:
            return [
                f"{beside.name}, line {number} is {_short(one)}, the JSON makes it {_short(other)}"
            ]
    if len(is_) != len(should):
        return [f"{beside.name} has {len(is_)} lines, the JSON makes {len(should)}"]
    return []
