# SPDX-License-Identifier: Apache-2.0
"""Our XML beside splunklib's own EventWriter's, which splunkd is known to read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from slack_audit_input.sinks.splunk import Elements, Metadata
from tests.sinks.xml import elements
from tests.splunkd.places import VERSIONS, package, splunks_python, unpack

_ORACLE = """
import io, json, sys
sys.path.insert(0, sys.argv[1])
from splunklib.modularinput import Event, EventWriter
out = io.StringIO()
writer = EventWriter(out, sys.stderr)
for each in json.load(sys.stdin):
    writer.write_event(Event(**each))
writer.close()
sys.stdout.buffer.write(out.getvalue().encode())
"""

TEXTS = [
    '{"id":"1"}',
    '{"a":"<b>&amp; ]]> \\u0000 \\ud800 \\\\ \\" "}',
    '{ "é" : "\u2028 \U0001f600 \x7f\x85" ,\n\t"b":[] }',
    "[1,2]",
    '{"long":"' + "y" * 200_000 + '"}',
]


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("index", ["main", ""])
def test_the_same_events_as_splunklib_writes(version: str, index: str, tmp_path: Path) -> None:
    app = tmp_path / unpack(package(), tmp_path)
    metadata = Metadata("slack:audit:a<&>", "slack:audit", index, "acme")
    given = [
        {
            "data": text,
            "time": 1_700_000_000 + number,
            "source": metadata.source,
            "sourcetype": metadata.sourcetype,
            "host": metadata.host,
            **({"index": index} if index else {}),
        }
        for number, text in enumerate(TEXTS)
    ]
    done = subprocess.run(
        [str(splunks_python(version)), "-c", _ORACLE, str(app / "lib")],
        input=json.dumps(given).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    events = [(1_700_000_000 + number, 0, text) for number, text in enumerate(TEXTS)]
    ours = b"<stream>" + b"".join(Elements(metadata).encoded(events)) + b"</stream>"
    assert elements(ours) == elements(done.stdout)
