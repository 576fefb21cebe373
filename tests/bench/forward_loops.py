# SPDX-License-Identifier: Apache-2.0
"""Senders that part G compares, each a process: ``python forward_loops.py NAME PORT PAGES …``.

PAGES are files with pages of Slack's. Each record is filled up to RECORD bytes of JSON. Prints what
the sending alone took, in JSON: seconds, and seconds of CPU.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Bytes of JSON per record: what the reference's figures were measured with.
RECORD = 844
#: Events a page, as Slack gives them.
_PAGE = 9999


def texts(pages: list[str]) -> list[str]:
    """The entries' texts, each of RECORD bytes; those that are longer are left out."""
    found = []
    for page in pages:
        for entry in json.loads(Path(page).read_bytes())["entries"]:
            text = json.dumps(entry, separators=(",", ":"), ensure_ascii=False)
            missing = RECORD - len(text.encode()) - len(',"pad":""')
            if missing >= 0:
                found.append(f'{text[:-1]},"pad":"{"x" * missing}"}}')
    return found


def emit(port: int, pages: list[str], parsed: Callable[[Any], Any] = lambda record: record) -> None:
    """fluent-logger's own ``emit``, as one uses it: records that are parsed already, no answer."""
    from fluent.sender import EventTime, FluentSender

    records = texts(pages) if parsed is json.loads else [*map(json.loads, texts(pages))]
    sender = FluentSender("slack.audit", port=port, host="127.0.0.1")

    def send() -> int:
        failed = 0
        for one in records:
            record = parsed(one)
            failed += not sender.emit_with_time(None, EventTime(record["date_create"], 0), record)
        return failed

    _measured(send, len(records))
    sender.close()


def emit_text(port: int, pages: list[str]) -> None:
    """The same from text, as whoever has no parsed records must."""
    emit(port, pages, json.loads)


def sink(port: int, pages: list[str], packed: bool = False) -> None:
    """The forward sink: from the entry's text to the acknowledgement."""
    from slack_audit_input.sinks.forward.access import Access
    from slack_audit_input.sinks.forward.addresses import Address
    from slack_audit_input.sinks.forward.patience import Patience
    from slack_audit_input.sinks.forward.sink import ForwardSink, Limits
    from slack_audit_input.sinks.forward.tags import Tags

    events = [(json.loads(text)["date_create"], 0, text) for text in texts(pages)]
    failures: list[Any] = []
    made = ForwardSink(
        {"name": "slack_audit_input", "version": "0", "account": "default", "input": "default"},
        [Address("127.0.0.1", port)],
        Access("bench"),
        Tags("slack.audit", "default", "default", lambda _action: ""),
        Path("/dev/null"),
        Patience(lambda: False),
        lambda *line, **_fields: failures.append(line),
        Limits(packed=packed),
    )

    def send() -> int:
        for start in range(0, len(events), _PAGE):
            made.write(events[start : start + _PAGE])
        return len(failures)

    _measured(send, len(events))
    made.close()


def gzip(port: int, pages: list[str]) -> None:
    """The same, compressed."""
    sink(port, pages, packed=True)


def _measured(send: Callable[[], int], count: int) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    failed = send()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    sys.stdout.write(
        json.dumps({"events": count, "failed": failed, "wall": wall, "cpu": cpu}) + "\n"
    )


_SENDERS: dict[str, Callable[[int, list[str]], None]] = {
    "emit": emit,
    "emit_text": emit_text,
    "sink": sink,
    "gzip": gzip,
}

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    _SENDERS[sys.argv[1]](int(sys.argv[2]), sys.argv[3:])
