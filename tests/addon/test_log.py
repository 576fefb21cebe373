# SPDX-License-Identifier: Apache-2.0
"""The built add-on's own log answers the health dashboard's searches, and those of the two alerts.

The add-on writes the lines; Splunk's part, finding pairs in them and running the searches, is
`tests/spl/`.
"""

from __future__ import annotations

import pytest

from slack_audit_input.addon.dashboards import BOARDS
from slack_audit_input.emulator.faults import Fault
from tests.addon.world import addon
from tests.searchtime.conf import read
from tests.spl.events import log_rows, macros
from tests.spl.search import Rows, Spl
from tests.splunkd.places import REPOSITORY, VERSIONS

pytestmark = pytest.mark.slow
ALERTS = read(REPOSITORY / "default" / "savedsearches.conf")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rows, dict[str, int]]:
    """Lines of three inputs, newest first, and how many events each has brought.

    One collected twice until caught up, one has a token that is refused, one no account.
    """
    home = tmp_path_factory.mktemp("splunk")
    with addon(home, VERSIONS[-1], events_per_day=20_000) as world:
        world.slack.control.set_faults(Fault("http_500", calls=(2,)))
        world.account("refused", token="xoxp-error-token_revoked")
        world.input("good", interval="3600", start="-1d")
        world.input("refused", interval="3600", account="refused")
        world.input("lonely", interval="3600", account="gone")
        world.run("good")
        assert world.start("refused").wait(60) == 3
        assert world.start("lonely").wait(60) == 2
        world.slack.control.add_events(200)
        world.run("good")
        files = sorted((home / "var" / "log" / "splunk").glob("slack_audit_input_*.log"))
        assert len(files) == 3
        lines = [
            row for file in files for row in log_rows(file.read_text(encoding="utf-8"), file.name)
        ]
        count = {"good": sum(world.ids().values()), "refused": 0, "lonely": 0}
    return sorted(lines, key=lambda row: row["_raw"][0], reverse=True), count


def test_the_health_dashboard_finds_what_was_done(log: tuple[Rows, dict[str, int]]) -> None:
    lines, count = log
    (board,) = (board for board in BOARDS if board.name == "slack_audit_health")
    found: dict[str, Rows] = {}
    for name, source in board.definition()["dataSources"].items():
        spl = Spl(source["options"]["query"].replace("now()", "2000000000"), macros())
        base = source["options"].get("extend")
        found[name.removeprefix("ds_")] = spl.run(
            found[base.removeprefix("ds_")] if base else lines
        )
    # Of a Sunday the emulator has a quarter of what a working day has.
    assert sum(count.values()) > 3_000
    assert found["events"] == [{"events": [str(count["good"])]}]
    inputs = {row["input"][0]: row for row in found["inputs"]}
    assert inputs["good"]["events"] == [str(count["good"])]
    assert int(inputs["good"]["retries"][0]) >= 1
    assert float(inputs["good"]["lag_s"][0]) < 600
    assert sum(int(row["collected"][0]) for row in found["completeness"]) == count["good"]
    said = {(row["log_level"][0], row["action"][0]): row["what"][0] for row in found["warnings"]}
    assert "HTTP 500" in said["WARNING", "retry"]
    assert {action for level, action in said if level == "ERROR"} == {"failed"}
    assert all(row["what"] for row in found["warnings"])


def test_the_alerts_fire_on_whoever_stopped(log: tuple[Rows, dict[str, int]]) -> None:
    lines, _ = log
    now = max(int(row["_time"][0]) for row in lines)
    stopped = _search(ALERTS["Slack audit input stopped"]["search"], now)
    found = {row["input"][0]: row for row in stopped.run(lines)}
    # The good one has ended, too, but as it should.
    assert set(found) == {"refused", "lonely"}
    assert "The token was revoked" in found["refused"]["error"][0]
    assert (found["refused"]["exit"], found["lonely"]["exit"]) == (["3"], ["2"])
    behind = _search(ALERTS["Slack audit input is behind"]["search"], now)
    assert behind.run(lines) == []
    late = [{**row, "lag_s": ["601"]} if "lag_s" in row else row for row in lines]
    assert [row["input"] for row in behind.run(late)] == [["good"]]


def test_an_input_that_fell_silent_is_told_apart(log: tuple[Rows, dict[str, int]]) -> None:
    lines, _ = log
    now = max(int(row["_time"][0]) for row in lines)
    silent = [
        {**row, "action": ["collected"]} if row["action"] == ["stopped"] else row for row in lines
    ]
    search = ALERTS["Slack audit input stopped"]["search"]
    assert "good" not in {row["input"][0] for row in _search(search, now).run(silent)}
    assert "good" in {row["input"][0] for row in _search(search, now + 1000).run(silent)}


def _search(text: str, now: int) -> Spl:
    return Spl(text.replace("now()", str(now)), macros())
