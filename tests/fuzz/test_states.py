# SPDX-License-Identifier: Apache-2.0
"""States that somebody else wrote or damaged: ledgers, counters, buckets, KV store documents."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.collector.counters import MEANINGS, Counters
from slack_audit_input.collector.ownership import is_gone
from slack_audit_input.engine import ledger
from slack_audit_input.engine.delivered import unpack
from slack_audit_input.model.state import Change, Hour
from slack_audit_input.stores import kvstore_documents as documents
from slack_audit_input.stores.kvstore import KVCheckpoint
from slack_audit_input.stores.kvstore_rest import Reply, RestDocuments, Waiting
from tests.fuzz.damage import damaged, fuzzed, hangs, odd_json, value_or_error
from tests.strategies import any_text

pytestmark = hangs

LEDGER = {
    "format": 1,
    "start": 1_500_000_000,
    "head": 1_500_000_100,
    "floor": 1_500_000_000,
    "earlier": [[1, 5], [7, 9]],
    "windows": [[1_500_000_000, 1_500_000_050, "backlog", 0, 0]],
    "swept": [1, 2, 3],
}
COUNTERS = {
    "total": dict.fromkeys(MEANINGS, 5),
    "lateness": Counters().lateness,
    "found_by_level": {"0": 1},
    "unknown": {"x": 1},
}
CHANGE = Change(
    *("acme", "action=", json.dumps(LEDGER), json.dumps(COUNTERS), "host:1:ab", 5.0),
    {25_000_000: b"12345678", -1: b""},
    [24_999_999],
    {416_666: Hour(3, "0" * 32)},
    [7],
)


@fuzzed
@given(odd_json(LEDGER) | damaged(odd_json(LEDGER)))
def test_ledgers(raw: bytes) -> None:
    found = value_or_error(ledger.from_json, raw.decode("utf-8", "surrogateescape"))
    if found is not None:
        # What was taken is a ledger, and is written as one again.
        assert ledger.from_json(ledger.to_json(found)) == found


@fuzzed
@given(odd_json(COUNTERS) | damaged(odd_json(COUNTERS)))
def test_counters(raw: bytes) -> None:
    found = value_or_error(Counters, raw.decode("utf-8", "surrogateescape"))
    if found is not None:
        found.add("events")
        Counters(found.to_json())


@fuzzed
@given(st.binary(max_size=40))
def test_buckets(blob: bytes) -> None:
    value_or_error(unpack, blob)


@fuzzed
@given(any_text, st.sampled_from(["", "²", "0", "1", "-1", "9" * 30, "9" * 5000]), any_text)
def test_owners(host: str, pid: str, run: str) -> None:
    import socket

    for name in (host, socket.gethostname()):
        assert is_gone(f"{name}:{pid}:{run}") in (True, False)


# -- the KV store ------------------------------------------------------------------------------

_commit = documents.Commit("in", 3, "ab", CHANGE)
_first = _commit._replace(version=1)
COMMIT = {"_key": "in|3", **_commit.document(_commit.text(), 0)}
ROWS = {
    "checkpoint": COMMIT,
    "in parts": {**COMMIT, "parts": "1", "data": ""},
    "first": {**_first.document(_first.text(), 0)},
    "first in parts": {**_first.document("", 1)},
    "bucket": documents.bucket_document("in", "in", 25_000_000, b"12345678"),
    "hour": documents.hour_document("in", "in", 416_666, Hour(3, "0" * 32)),
    "request": {
        "number": documents.ordered(5),
        "kind": "reread",
        "oldest": "5",
        "latest": "9",
    },
}


def _inside(row: dict[str, str]) -> st.SearchStrategy[dict[str, object]]:
    """A row in which the JSON texts inside are odd, too."""
    state, data = odd_json(json.loads(row["state"])), odd_json(json.loads(row["data"] or "{}"))
    return st.builds(
        lambda s, d: {
            **row,
            "state": s.decode("utf-8", "replace"),
            "data": d.decode("utf-8", "replace"),
        },
        state | damaged(state),
        data | damaged(data),
    )


#: Texts where the store keeps numbers.
odd_texts = st.sampled_from(
    [
        "",
        "-1",
        "0",
        "²",
        "x",
        "9" * 12,
        "9" * 30,
        "9" * 5000,
        "f" * 16,
        "f" * 5000,
        "nan",
        "1e400",
        "=",
        "A",
    ]
)


@st.composite
def odd_texts_in(draw: st.DrawFn, row: dict[str, str]) -> dict[str, object]:
    return {**row, draw(st.sampled_from(sorted(row))): draw(odd_texts)}


some_rows = st.one_of(
    *(odd_json(row) for row in ROWS.values()),
    *(odd_texts_in(row).map(lambda row: json.dumps(row).encode()) for row in ROWS.values()),
    _inside(COMMIT).map(lambda row: json.dumps(row).encode()),
    _inside({**COMMIT, "parts": "1"}).map(lambda row: json.dumps(row).encode()),
)


class Splunkd:
    """Answers every request in the same way, but says "stored" to what is written."""

    def __init__(self, status: int, body: bytes) -> None:
        self._reply = Reply(status, body)
        self.calls = 0

    def __call__(self, method: str, path: str, query: dict[str, str], body: str) -> Reply:
        self.calls += 1
        if method == "GET":
            return self._reply
        return Reply(201, b"{}")


def _checkpoint(splunkd: Splunkd) -> KVCheckpoint:
    ticks = iter(range(10_000_000))
    waiting = Waiting(lambda _seconds: False, lambda: float(next(ticks)), patience=5.0)
    return KVCheckpoint(RestDocuments(splunkd, waiting), "in")


def _use(splunkd: Splunkd) -> None:
    """Everything that a collector asks of a store."""
    asked = (
        lambda c: c.load(),
        lambda c: c.owner(),
        lambda c: c.keys(25_000_000, 25_000_001),
        lambda c: c.minutes_below(25_000_001),
        lambda c: c.hours(416_666, 416_667),
        lambda c: c.requests(),
        lambda c: c.commit(3, CHANGE),
        lambda c: c.forget(),
        lambda c: c.ask("reread", 5, 9, 1.0),
        lambda c: c.note("{}"),
    )
    for ask in asked:
        value_or_error(ask, _checkpoint(splunkd))
    assert splunkd.calls < 500


@fuzzed
@given(some_rows, st.integers(1, 3))
def test_documents_of_the_kv_store(row: bytes, times: int) -> None:
    _use(Splunkd(200, b"[" + b",".join([row] * times) + b"]"))


@fuzzed
@given(
    st.sampled_from([200, 200, 400, 401, 403, 404, 409, 418, 500, 503]),
    damaged(st.just(b'{"messages":[{"type":"ERROR","text":"no such thing"}]}'))
    | odd_json({"messages": [{"type": "ERROR", "text": "no such thing"}]}),
)
def test_answers_of_the_kv_store(status: int, body: bytes) -> None:
    _use(Splunkd(status, body))


@fuzzed
@given(damaged(st.just(b'{"state":"ok","n":1}')))
def test_notes(raw: bytes) -> None:
    text = raw.decode("utf-8", "surrogateescape")
    assert documents.status_document("k", "in", text)["status"] == text
