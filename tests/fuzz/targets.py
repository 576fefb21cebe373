# SPDX-License-Identifier: Apache-2.0
"""What reads foreign bytes, as functions of bytes: for coverage-guided fuzzing, and its corpus.

Each returns, or has found something: only errors of ours may come up, with words for a log, and
these are swallowed here. No test is needed for any of it.
"""

from __future__ import annotations

import gzip
import os
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from slack_audit_input.collector.counters import Counters
from slack_audit_input.engine import ledger
from slack_audit_input.engine.delivered import unpack
from slack_audit_input.hosts.cli import configfile
from slack_audit_input.sinks.forward.failures import Failure
from slack_audit_input.sinks.forward.handshake import Credentials
from slack_audit_input.slack.answers import document_of, page_of
from slack_audit_input.slack.classify import RETRY_AFTER_MOST, error_of, seconds_of
from slack_audit_input.slack.client import Answer
from slack_audit_input.slack.clock import date_of
from slack_audit_input.slack.settings import checked_proxy, checked_url
from tests.forward.events import batches, events
from tests.fuzz.damage import check_words, value_or_error
from tests.fuzz.test_forward import CREDENTIALS, KEY, _sender
from tests.fuzz.test_settings import OPTIONS
from tests.fuzz.test_slack import (
    END,
    READING,
    test_errors_with_status_200,
    test_pages_the_quick_and_the_thorough_way,
)
from tests.fuzz.test_states import Splunkd, _use

_ENCODINGS = ("", "gzip", "x-gzip", "deflate", "br")
_both_ways = test_pages_the_quick_and_the_thorough_way.hypothesis.inner_test  # type: ignore[attr-defined]
_with_errors = test_errors_with_status_200.hypothesis.inner_test  # type: ignore[attr-defined]


def pages(data: bytes) -> None:
    """A body of /logs, read both ways; packed, as its first byte says."""
    first, body = data[:1], data[1:]
    _both_ways(body)
    _with_errors(body)
    encoding = _ENCODINGS[(first or b"\0")[0] % len(_ENCODINGS)]
    for packed in (body, gzip.compress(body, 1), zlib.compress(body, 1)):
        answer = Answer(200, packed, encoding)
        value_or_error(page_of, answer, READING, None)
        value_or_error(document_of, answer)


def errors(data: bytes) -> None:
    """An error's status, header and body."""
    status = int.from_bytes(data[:2], "big") % 600
    header, _, body = data[2:].partition(b"\n")
    text = header.decode("latin-1")
    check_words(error_of(status, body, text, bool(status & 1), END))
    assert 0.0 <= seconds_of(text, END) <= RETRY_AFTER_MOST
    found = date_of(text)
    assert found is None or 0 <= found < 253_402_300_800


def states(data: bytes) -> None:
    """A ledger, counters, a bucket."""
    text = data.decode("utf-8", "surrogateescape")
    found = value_or_error(ledger.from_json, text)
    if found is not None:
        assert ledger.from_json(ledger.to_json(found)) == found
    counters = value_or_error(Counters, text)
    if counters is not None:
        Counters(counters.to_json())
    value_or_error(unpack, data)


def kvstore(data: bytes) -> None:
    """What splunkd answers for the KV store, whatever is asked."""
    _use(Splunkd(200, data))


def _secret_stays(words: str) -> None:
    assert KEY not in words


def forward(data: bytes) -> None:
    """What a forward host says, to somebody with a key and to somebody without."""
    sender = _sender(data, CREDENTIALS)
    try:
        sender.connect()
    except Failure as error:
        check_words(error)
        _secret_stays(str(error))
    assert not sender.connected
    (batch,) = batches().of(events(1))
    sender = _sender(data, Credentials())
    try:
        sender.connect()
        sender.send(batch, packed=False)
        sender.acknowledge(batch)
    except Failure as error:
        check_words(error)
    else:
        raise AssertionError("acknowledged by somebody who cannot know the batch's name")
    finally:
        sender.close()


_FOLDER = Path(tempfile.gettempdir())
if Path("/dev/shm").is_dir():  # noqa: S108 - a file for each input, which no disk needs to see
    _FOLDER = Path("/dev/shm")  # noqa: S108


def settings(data: bytes) -> None:
    """The file of --config, and URLs."""
    path = _FOLDER / f"fuzz-{os.getpid()}.toml"
    path.write_bytes(data)
    try:
        for command in ("run", "status"):
            value_or_error(configfile.read, path, command, OPTIONS, "acme")
        value_or_error(configfile.inputs_of, path)
    finally:
        path.unlink()
    text = data[:200].decode("utf-8", "replace")
    url = value_or_error(checked_url, text)
    if url is not None:
        value_or_error(checked_proxy, text, url)


#: By name; corpus/NAME holds each one's inputs.
TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (pages, errors, states, kvstore, forward, settings)
}
