# SPDX-License-Identifier: Apache-2.0
"""What splunkd reads is what Slack wrote, whatever the text."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slack_audit_input.model.errors import SinkError
from slack_audit_input.sinks.splunk import EVENTS, Elements, Metadata, SplunkStream
from tests.sinks.events import events
from tests.sinks.xml import elements

METADATA = Metadata("slack:audit:a&<b>", "slack:audit", "main", "acme")


def written(texts: list[str], metadata: Metadata = METADATA) -> bytes:
    found = [(1_700_000_000 + n, n, text) for n, text in enumerate(texts)]
    return b"<stream>" + b"".join(Elements(metadata).encoded(found)) + b"</stream>"


def test_an_event_as_splunkd_expects_it() -> None:
    assert written(['{"a":"<&>]]>"}']) == (
        b'<stream><event unbroken="1"><time>1700000000</time>'
        b"<source>slack:audit:a&amp;&lt;b&gt;</source><sourcetype>slack:audit</sourcetype>"
        b"<index>main</index><host>acme</host>"
        b'<data>{"a":"&lt;&amp;&gt;]]&gt;"}</data><done/></event>\n</stream>'
    )


def test_what_is_not_known_is_left_to_the_stanza() -> None:
    (element,) = elements(written(["{}"], Metadata("s", "t", "", "")))
    assert [name for name, _ in element.fields] == ["time", "source", "sourcetype", "data", "done"]


@pytest.mark.parametrize(
    "code", [0xFFFE, 0xFFFF, 0xD800, 0xDFFF, 0xDC80, 0x00, 0x01, 0x0B, 0x1F, 0x0D]
)
def test_what_xml_forbids_is_said_as_json_says_it(code: int) -> None:
    character = chr(code)
    text = f'{{"a":"x{character}y"}}'
    for several in ([text], ["{}"] * (EVENTS + 7) + [text, '{"é":"\U0001f600"}']):
        found = elements(written(several))
        assert len(found) == len(several)
        data = found[several.index(text)].data
        assert json.loads(data) == {"a": f"x{character}y"}
        assert data == f'{{"a":"x\\u{code:04x}y"}}'
        assert found[-1].data in (data, several[-1])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=40), max_size=5), st.booleans())
def test_any_text_survives(names: list[str], ascii_only: bool) -> None:
    texts = [json.dumps({"n": name, "]]>": 1}, ensure_ascii=ascii_only) for name in names]
    found = elements(written(texts))
    assert [json.loads(e.data) for e in found] == [json.loads(text) for text in texts]
    for element, text in zip(found, texts):
        if text.isascii():
            assert element.data == text


def test_a_long_name_and_an_empty_batch() -> None:
    text = json.dumps({"n": "<" * 200_000})
    assert elements(written([text]))[0].data == text
    assert list(Elements(METADATA).encoded([])) == []


def test_the_stream_ends_whole_and_only_once(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("wb") as file:
        sink = SplunkStream(METADATA, file.fileno())
        sink.close()
        sink.write(events(3))
        sink.write(events(2, 3))
        sink.close()
        sink.close()
    stream = path.read_bytes()
    assert stream.startswith(b"<stream><event ")
    assert stream.endswith(b"</event>\n</stream>\n")
    assert len(elements(stream)) == 5


def test_after_a_broken_pipe_nothing_more_is_written() -> None:
    read, write = os.pipe()
    sink = SplunkStream(METADATA, write)
    sink.write(events(1))
    os.close(read)
    with pytest.raises(SinkError, match="closed our output"):
        sink.write(events(1))
    sink.close()
    os.close(write)


_WRITER = """
import sys
from slack_audit_input.sinks.splunk import Metadata, SplunkStream
sink = SplunkStream(Metadata("s", "t", "", ""), 1)
n = 0
while True:
    sink.write([(1, n + i, '{"id":%d,"pad":"%s"}' % (n + i, "x" * 300)) for i in range(50)])
    n += 50
    sys.stderr.write("%d\\n" % n)
    sys.stderr.flush()
"""


def test_killed_in_the_middle_what_was_accepted_is_there() -> None:
    """As splunkd sees it: whole events up to the kill, at least all that were acknowledged."""
    child = subprocess.Popen(
        [sys.executable, "-c", _WRITER], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stderr is not None
    data = child.stdout.read(2_000_000)
    child.send_signal(signal.SIGKILL)
    data += child.stdout.read()
    accepted = int(child.stderr.read().split()[-1])
    child.wait()
    child.stdout.close()
    child.stderr.close()
    whole = data[: data.rindex(b"</event>") + len(b"</event>")]
    found = [json.loads(element.data)["id"] for element in elements(whole)]
    assert found == list(range(len(found)))
    assert len(found) >= accepted
