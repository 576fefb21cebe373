# SPDX-License-Identifier: Apache-2.0
"""Coverage records through every sink: told apart from events, and not among them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from slack_audit_input.engine.records import event_of
from slack_audit_input.model.coverage import BY_IDS, COMPLETE, Comparison, Record, Tally
from slack_audit_input.model.errors import SinkError
from slack_audit_input.model.event import Event
from slack_audit_input.sinks.coverage import CoverageFile
from slack_audit_input.sinks.fanout import Fanout
from slack_audit_input.sinks.ndjson import NdjsonFile, NdjsonStream
from slack_audit_input.sinks.splunk import Metadata, SplunkStream
from tests.forward.over_network import forward_to
from tests.receivers.running import running
from tests.sinks.events import events, ids, lines
from tests.sinks.xml import elements

HOUR = 472_222


def records(count: int = 3) -> list[Event]:
    found = Comparison(7, "0" * 32, 7, 0, 0, False, BY_IDS, 1)
    return [
        event_of(
            Record(
                input='in"put',
                account="ä",
                hour=hour,
                oldest=hour * 3600,
                latest=hour * 3600 + 3599,
                seconds=3600,
                tally=Tally(revision=1),
                found=found,
                state=COMPLETE,
                closed=hour * 3600 + 70_000,
                tolerance=64_800,
            )
        )
        for hour in range(HOUR, HOUR + count)
    ]


def test_splunk_gets_them_under_a_sourcetype_of_their_own() -> None:
    read, write = os.pipe()
    sink = SplunkStream(Metadata("slack:audit:a", "slack:audit", "main", "h"), write)
    sink.write(events(2))
    sink.write_records(records())
    sink.write(events(1, 2))
    sink.close()
    os.close(write)
    found = elements(os.read(read, 1 << 20))
    os.close(read)
    kinds = [dict(element.fields)["sourcetype"] for element in found]
    assert kinds == ["slack:audit"] * 2 + ["slack:audit:coverage"] * 3 + ["slack:audit"]
    of_coverage = found[2:5]
    for hour, element in enumerate(of_coverage, HOUR):
        fields = dict(element.fields)
        assert (fields["source"], fields["index"], fields["host"]) == ("slack:audit:a", "main", "h")
        assert fields["time"] == str(hour * 3600 + 3599)
    assert [element.data for element in of_coverage] == [text for _, _, text in records()]


def test_records_alone_make_a_whole_stream() -> None:
    read, write = os.pipe()
    sink = SplunkStream(Metadata("s", "slack:audit", "", "h"), write)
    sink.write_records(records(1))
    sink.close()
    os.close(write)
    assert len(elements(os.read(read, 1 << 20))) == 1
    os.close(read)


@pytest.mark.parametrize(
    ("pattern", "tag"),
    [
        ("slack.audit", "slack.audit.coverage"),
        ("my.own", "my.own.coverage"),
        ("slack.{input}.{category}", "slack.main.coverage"),
        ("{category}.slack", "coverage.slack"),
    ],
)
def test_forward_hosts_get_them_under_a_tag_of_their_own(
    pattern: str, tag: str, tmp_path: Path
) -> None:
    with running(tmp_path) as receiver:
        sink = forward_to([receiver.address], tmp_path, pattern=pattern)
        sink.write(events(2))
        sink.write_records(records())
        sink.close()
        found = [record for record in receiver.all() if record.tag == tag]
        assert len(receiver.all()) == 5
    assert len(found) == 3
    for record, (second, _, text) in zip(found, records()):
        assert record.time == [second, 0]
        fields = dict(record.fields)
        assert "collector" in fields
        del fields["collector"]
        assert fields == json.loads(text)


def test_a_file_of_their_own_beside_the_events(tmp_path: Path) -> None:
    one, two = tmp_path / "events", tmp_path / "coverage"
    sink = Fanout([NdjsonFile(lines(), one), CoverageFile(lines(), two)])
    sink.write(events(3))
    sink.write_records(records())
    sink.close()
    assert ids(one.read_bytes()) == [0, 1, 2]
    found = [json.loads(line) for line in two.read_text("utf-8").splitlines()]
    assert [f["hour"] for f in found] == [json.loads(text)["hour"] for _, _, text in records()]
    assert found[0]["@timestamp"] == "2023-11-14T22:59:59Z"
    assert found[0]["account"] == "ä"


def test_without_it_they_are_accepted_and_go_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "events"
    file = NdjsonFile(lines(), path)
    file.write_records(records())
    file.close()
    assert path.read_bytes() == b""
    read, write = os.pipe()
    NdjsonStream(lines(), write).write_records(records())
    os.close(write)
    assert os.read(read, 1) == b""
    os.close(read)


def test_what_cannot_be_written_is_a_sink_error(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="cannot write"):
        CoverageFile(lines(), tmp_path)
    read, write = os.pipe()
    os.close(read)
    sink = SplunkStream(Metadata("s", "slack:audit", "", "h"), write)
    with pytest.raises(SinkError, match="Nothing of this page is checkpointed"):
        sink.write_records(records())
    os.close(write)
