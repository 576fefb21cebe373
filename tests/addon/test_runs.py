# SPDX-License-Identifier: Apache-2.0
"""The built add-on, run as splunkd runs it; every event counted against the emulator's truth."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from slack_audit_input.emulator.faults import Fault
from slack_audit_input.emulator.spread import Lateness, Spread
from tests.addon.world import Addon, addon, until
from tests.splunkd.places import APP, KIND, VERSIONS

ONCE = "3600"

pytestmark = pytest.mark.slow


@pytest.fixture(params=VERSIONS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Addon]:
    with addon(tmp_path / "splunk", request.param) as made:
        yield made


@pytest.fixture
def newest(tmp_path: Path) -> Iterator[Addon]:
    """On Splunk's newest Python only: what does not depend on it."""
    with addon(tmp_path / "splunk", VERSIONS[-1]) as made:
        yield made


def test_two_runs_that_end_by_themselves_bring_everything_once(world: Addon) -> None:
    world.input(interval=ONCE, start="-2d")
    start = int(time.time()) - 2 * 86400
    world.run()
    first = world.ids()
    assert len(first) > 1000  # of a Sunday
    world.slack.control.add_events(500)
    time.sleep(2.5)  # Slack's second has to be over
    world.run()
    found = world.ids()
    latest = max(int(float(event["time"])) for event in world.indexed())
    assert set(found) >= world.truth(start + 5, latest)
    assert set(found.values()) == {1}
    assert len(found) >= len(first) + 500
    event = world.indexed()[0]
    entry = json.loads(event["data"])
    assert (event["source"], event["sourcetype"]) == ("slack:audit:acme", "slack:audit")
    assert (event["index"], event["host"]) == ("slack", "acme")
    assert float(event["time"]) == entry["date_create"]
    log = world.splunkd.logs()
    assert "action=events_ingested" in log
    assert world.slack.token not in log
    assert world.status()["state"] == "stopped"


def test_killed_again_and_again_nothing_is_lost(world: Addon) -> None:
    # Short pages: many of them to be killed between.
    world.slack.control.change(answer_time=Spread(0.05, 0.1), short_pages=0.9)
    world.input(interval=ONCE, start="-3d", max_calls_per_minute="600")
    random = Random(4)
    kills = 0
    for _ in range(5):
        run = world.start()
        before = len(world.kvstore.seen)
        target = before + random.randint(3, 40)
        while run.running() and len(world.kvstore.seen) < target:
            time.sleep(0.005)
        kills += run.running()
        run.kill()
        run.wait()
        world.slack.control.add_events(300)
    time.sleep(2.5)
    world.run()
    latest = int(time.time()) - 5
    found = world.ids()
    lost = world.truth(int(time.time()) - 3 * 86400 + 60, latest) - set(found)
    assert not lost
    assert kills >= 2
    # Between a page's write and its commit at most one page is in flight.
    assert max(found.values()) <= 2


def test_disabled_while_it_runs_it_ends_in_good_order(world: Addon) -> None:
    world.slack.control.set_rate(20.0)
    world.input(start="-1h")
    running = world.splunkd.run_inputs(APP, KIND)
    until(lambda: len(world.ids()) > 100)
    run = running.current("one")
    assert run is not None
    world.input(start="-1h", disabled="1")
    assert run.wait(20) == 0
    assert (run.events.closed, run.events.broken) == (True, "")
    state = world.checkpoint().load()
    assert state is not None
    assert state.owner == ""
    # What was written is checkpointed, and the other way round.
    world.input(start="-1h", interval=ONCE)
    world.slack.control.set_rate(0.0)
    time.sleep(2.5)
    world.run()
    found = world.ids()
    assert set(found.values()) == {1}
    assert world.truth(int(time.time()) - 3500, int(time.time()) - 3) <= set(found)


def test_a_splunkd_that_dies_breaks_the_pipe_and_nothing_more_is_checkpointed(
    newest: Addon,
) -> None:
    newest.input(start="-2d")
    newest.slack.control.change(answer_time=Spread(0.3, 0.3))
    process = newest.unread()
    assert process.stdout is not None
    process.stdout.read(100)
    process.stdout.close()
    assert process.wait(30) == 6
    assert "closed our output" in newest.splunkd.logs()
    assert newest.status()["exit"] == 6
    newest.input(start="-2d", interval=ONCE)
    newest.run()
    lost = newest.truth(int(time.time()) - 2 * 86400 + 60, int(time.time()) - 30) - set(
        newest.ids()
    )
    assert not lost


def test_a_kv_store_that_starts_late_is_waited_for(world: Addon) -> None:
    world.input(interval=ONCE, start="-2h")
    world.kvstore.fail(503, 4)
    world.run()
    assert "action=waiting_for_kvstore" in world.splunkd.logs()
    assert "action=kvstore_is_back" in world.splunkd.logs()
    assert set(world.ids().values()) == {1}


@pytest.mark.parametrize("status", [500, 503])
def test_a_kv_store_that_fails_in_the_middle_costs_nothing(newest: Addon, status: int) -> None:
    newest.input(interval=ONCE, start="-2d")
    run = newest.start()
    for when in ("batch_save", "POST data/slack_audit_checkpoints", "DELETE", "GET"):
        newest.kvstore.fail(status, 2, when)
        newest.kvstore.fail(status, 1, when, after=True)
    assert run.wait(90) == 0
    found = newest.ids()
    assert set(found.values()) == {1}
    assert not newest.truth(int(time.time()) - 2 * 86400 + 60, int(time.time()) - 60) - set(found)


def test_a_kv_store_without_our_collections_is_no_new_input(newest: Addon) -> None:
    newest.input(interval=ONCE, start="-1h")
    newest.run()
    count = len(newest.indexed())
    newest.kvstore.fail(404, 1 << 20, "GET data/slack_audit_checkpoints")
    run = newest.start()
    assert run.wait() == 7
    assert "collections.conf" in newest.splunkd.logs()
    assert len(newest.indexed()) == count


def test_whoever_waits_for_the_kv_store_can_be_stopped(newest: Addon) -> None:
    newest.input(start="-1h")
    newest.kvstore.fail(503, 1 << 20)
    run = newest.start()
    until(lambda: "action=waiting_for_kvstore" in newest.splunkd.logs())
    run.terminate()
    assert run.wait(10) == 0
    assert run.events.count == 0


def test_two_inputs_at_once_do_not_disturb_each_other(world: Addon) -> None:
    world.slack.control.set_rate(10.0)
    world.splunkd.indexes.make("other")
    world.input("one", start="-6h")
    world.input("two", start="-6h", index="other")
    running = world.splunkd.run_inputs(APP, KIND)
    until(lambda: len(world.ids("other")) > 150 and len(world.ids()) > 150)
    running.stop()
    latest = int(time.time()) - 15
    for index in ("slack", "other"):
        found = world.ids(index)
        assert set(found.values()) == {1}
        assert not world.truth(latest - 6 * 3600 + 60, latest) - set(found)


def test_late_arrivals_and_dead_cursors(tmp_path: Path) -> None:
    late = (Lateness(0.2, Spread(1, 8)),)
    with addon(
        tmp_path / "splunk", "3.9", lateness=late, cursor_lifetime=0.0, live_rate=20.0
    ) as world:
        world.input(start="-1d", sweeps="5:30")
        running = world.splunkd.run_inputs(APP, KIND)
        began = int(time.time())
        time.sleep(20)
        world.slack.control.set_rate(0.0)
        time.sleep(16)
        running.stop()
        found = world.ids()
        assert set(found.values()) == {1}
        assert not world.truth(began - 86400 + 60, began + 20) - set(found)
        assert world.status()["state"] == "stopped"


def test_dead_cursors_in_the_middle_of_a_backfill(newest: Addon) -> None:
    newest.slack.control.add_burst(25_000, 600, int(time.time()) - 7200)
    newest.slack.control.set_faults(Fault("http_500", rate=0.05))
    newest.slack.control.change(cursor_lifetime=0.2, answer_time=Spread(0.3, 0.4))
    newest.input(interval=ONCE, start="-4h", max_calls_per_minute="600")
    newest.run(seconds=120)
    found = newest.ids()
    assert set(found.values()) == {1}
    assert not newest.truth(int(time.time()) - 4 * 3600 + 150, int(time.time()) - 150) - set(found)


def test_inputs_that_together_ask_for_more_than_slack_allows_are_told(newest: Addon) -> None:
    newest.input("one", interval=ONCE, start="-10m")
    newest.input("small", interval=ONCE, start="-10m", max_calls_per_minute="5")
    newest.account("other")
    newest.input("elsewhere", interval=ONCE, account="other")
    newest.input("off", interval=ONCE, disabled="1")
    newest.run("one")
    assert "shares_add_up" not in newest.splunkd.logs()
    newest.input("two", interval=ONCE, start="-10m", max_calls_per_minute="30")
    newest.run("two")
    log = newest.splunkd.logs().splitlines()
    (line,) = (line for line in log if "log_level" in line and "shares_add_up" in line)
    assert 'inputs="one small two" calls_a_minute=80' in line
    assert "log_level=WARNING" in line
