# SPDX-License-Identifier: Apache-2.0
"""The double runs inputs as splunkd does: by interval, by cron, and never two runs of one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.splunkd.cron import is_due
from tests.splunkd.splunkd import Splunkd

_SCRIPT = """
import sys, time
if "--scheme" in sys.argv:
    args = "<args><arg name='pause'/></args>"
    print("<scheme><title>tiny</title><endpoint>" + args + "</endpoint></scheme>")
elif "--validate-arguments" in sys.argv:
    if "never" in sys.stdin.read():
        print("<error><message>pause: not never &amp; not ever</message></error>")
        sys.exit(1)
else:
    text = sys.stdin.read()
    print("<stream><event><time>1.5</time><index>main</index><data>&lt;one&gt;</data></event>")
    sys.stdout.flush()
    time.sleep(float(text.split('name="pause">')[1].split("<")[0]))
    print("</stream>")
"""


@pytest.fixture
def splunkd(tmp_path: Path) -> Iterator[Splunkd]:
    app = tmp_path / "tiny"
    (app / "bin").mkdir(parents=True)
    (app / "bin" / "tiny.py").write_text(_SCRIPT, encoding="utf-8")
    with Splunkd(tmp_path / "home") as running:
        running.install(app)
        yield running


def _make(splunkd: Splunkd, name: str, interval: str, pause: str = "0") -> None:
    form = f"name={name}&interval={interval}&pause={pause}"
    made = splunkd.call("POST", "/servicesNS/nobody/tiny/data/inputs/tiny", form)
    assert made.status == 201, made.body


def test_interval_counts_from_the_start_and_no_two_runs_overlap(splunkd: Splunkd) -> None:
    _make(splunkd, "often", "0.3")
    _make(splunkd, "slow", "0.1", "0.8")
    _make(splunkd, "once", "-1")
    running = splunkd.run_inputs("tiny", "tiny")
    deadline = time.monotonic() + 30
    runs: list[str] = []
    while not (runs.count("often") >= 3 and runs.count("slow") >= 2):
        assert time.monotonic() < deadline, runs
        time.sleep(0.02)
        runs = [name for name, _ in running.runs]
        going = [name for name, run in running.runs if run.running()]
        assert len(going) == len(set(going))
    assert runs.count("once") == 1
    assert runs.count("slow") < runs.count("often") + 2
    assert next(splunkd.indexes.events("main"))["data"] == "<one>"


def test_what_the_script_says_is_what_the_person_reads(splunkd: Splunkd) -> None:
    form = "name=bad&interval=1&pause=never"
    answer = splunkd.call("POST", "/servicesNS/nobody/tiny/data/inputs/tiny?output_mode=json", form)
    assert answer.status == 400
    assert b"pause: not never & not ever" in answer.body
    unknown = splunkd.call("POST", "/servicesNS/nobody/tiny/data/inputs/tiny", form + "&other=1")
    assert b"is not supported by this handler" in unknown.body


def test_events_for_no_index_are_lost_and_counted(splunkd: Splunkd) -> None:
    splunkd.indexes.append([{"index": "nowhere", "data": "x"}, {"index": "main", "data": "y"}])
    assert splunkd.indexes.lost == {"nowhere": 1}
    assert [event["data"] for event in splunkd.indexes.events("main")] == ["y"]


def test_cron() -> None:
    # Tuesday 24 November 2026, 12:30, by the machine's own clock
    moment = time.mktime((2026, 11, 24, 12, 30, 59, 0, 0, -1))
    for cron in ("30 12 * * *", "*/15 * * * *", "0-45/10 12 24 11 2", "* * * * 1,2", "30 * * * *"):
        assert is_due(cron, moment), cron
    for cron in ("31 12 * * *", "*/7 * * * *", "* * * * 0", "* * 25 * *"):
        assert not is_due(cron, moment), cron
    for nonsense in ("* * * *", "99 * * * *", "a * * * *"):
        with pytest.raises(ValueError, match=r".+"):
            is_due(nonsense, moment)
