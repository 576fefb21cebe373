# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import pytest

from slack_audit_input.sinks.ecs import LINES, EcsLines
from slack_audit_input.sinks.lines import FRONT
from slack_audit_input.sinks.ndjson import NdjsonFile
from tests.sinks.events import COLLECTOR, SECOND


def written(*texts: str) -> list[dict[str, object]]:
    found = b"".join(EcsLines(COLLECTOR).encoded([(SECOND, 1, text) for text in texts]))
    assert found.endswith(b"\n")
    lines = found.splitlines()
    # A line that a crash cut is known by how it begins.
    assert all(line.startswith(FRONT) for line in lines)
    return [json.loads(line) for line in lines]


def test_a_line() -> None:
    text = '{"id":"e1","action":"user_login","actor":{"type":"user","user":{"id":"U1"}}}'
    (found,) = written(text)
    assert found["@timestamp"] == "2023-11-14T22:13:20Z"
    assert found["agent"] == {"type": "n", "version": "1"}
    assert found["labels"] == {"account": 'a\u00e4"', "input": "i"}
    event = found["event"]
    assert isinstance(event, dict)
    assert event["original"] == text
    assert (event["action"], event["outcome"]) == ("user_login", "success")


@pytest.mark.parametrize(
    "text",
    [
        '{"id":"\\ud83d","name":"\U0001f98a \u2028","x":"\\u0000"}',
        '{"bytes that were no UTF-8":"\udc80\udcff"}',
        "{}",
    ],
)
def test_the_entrys_text_comes_through(text: str) -> None:
    (found,) = written(text)
    event = found["event"]
    assert isinstance(event, dict)
    assert event["original"] == text


@pytest.mark.parametrize("text", ["[1]", '"x"', '{"n":' + "9" * 5000 + "}", "[" * 100_000])
def test_what_cannot_be_read_is_not_lost(text: str) -> None:
    (found,) = written(text)
    event = found["event"]
    assert isinstance(event, dict)
    assert event["original"] == text
    assert event["kind"] in ("pipeline_error", "event")


def test_many_lines_in_blocks(tmp_path: Path) -> None:
    events = [(SECOND, n, f'{{"id":"{n}"}}') for n in range(2 * LINES + 3)]
    assert len(list(EcsLines(COLLECTOR).encoded(events))) == 3
    sink = NdjsonFile(EcsLines(COLLECTOR), tmp_path / "out")
    sink.write(events)
    sink.close()
    lines = (tmp_path / "out").read_text("ascii").splitlines()
    assert [json.loads(line)["event"]["id"] for line in lines] == [
        str(n) for n in range(len(events))
    ]
