# SPDX-License-Identifier: Apache-2.0
"""Inputs of accounts that were made with Add to Slack: tokens that run out, and are refreshed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.addon.world import Addon, addon, until
from tests.splunkd.places import APP, VERSIONS

pytestmark = pytest.mark.slow
ONCE = "3600"


@pytest.fixture(params=VERSIONS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Addon]:
    with addon(tmp_path / "splunk", request.param) as made:
        made.splunkd.indexes.make("other")
        yield made


@pytest.fixture
def newest(tmp_path: Path) -> Iterator[Addon]:
    """On Splunk's newest Python only: what does not depend on it."""
    with addon(tmp_path / "splunk", VERSIONS[-1]) as made:
        yield made


def test_two_inputs_go_on_while_their_token_is_refreshed_and_end_when_it_is_another(
    world: Addon,
) -> None:
    world.slack.control.change(token_life=9.0)
    world.slack.control.set_rate(10.0)
    world.sign_in()
    world.input("one", start="-1h")
    world.input("two", start="-1h", index="other")
    runs = [world.start("one"), world.start("two")]

    def grants() -> int:
        return int(world.slack.control.counters()["grants"]["refreshes"])

    until(lambda: grants() >= 3, 60)
    seen = len(world.ids()), len(world.ids("other"))
    until(lambda: len(world.ids()) > seen[0] + 20 and len(world.ids("other")) > seen[1] + 20)
    assert [run.running() for run in runs] == [True, True]
    # One refresh a pair, whoever of the two asked for it.
    serials = [
        line.rpartition("serial=")[2].split()[0]
        for line in world.splunkd.logs().splitlines()
        if "action=token_refreshed" in line
    ]
    assert len(serials) == len(set(serials)) >= 3
    # Somebody signs in again: both end, and the next runs use that.
    world.slack.control.change(token_life=43_200.0)
    world.sign_in()
    assert [run.wait(60) for run in runs] == [0, 0], world.splunkd.logs()[-3000:]
    assert world.splunkd.logs().count("action=account_changed") == 2
    world.slack.control.set_rate(0.0)
    time.sleep(2.5)
    world.input("one", start="-1h", interval=ONCE)
    world.input("two", start="-1h", index="other", interval=ONCE)
    latest = int(time.time()) - 5
    for name, index in (("one", "slack"), ("two", "other")):
        world.run(name)
        found = world.ids(index)
        assert set(found.values()) == {1}
        assert not world.truth(latest - 3500, latest) - set(found)
    assert "xoxe" not in world.splunkd.logs()


def test_a_token_that_ran_out_while_nothing_ran(newest: Addon) -> None:
    newest.slack.control.change(token_life=2.0)
    newest.sign_in()
    newest.slack.control.change(token_life=43_200.0)
    time.sleep(2.5)
    newest.input(start="-1h", interval=ONCE)
    newest.run()
    assert set(newest.ids().values()) == {1}
    assert newest.slack.control.counters()["grants"]["refreshes"] == 1


def test_why_a_token_reads_nothing_is_told_apart(newest: Addon) -> None:
    """By the form when an input is saved, and by the log and the record when one runs."""
    words = {
        "not_enterprise": "not an Enterprise organization",
        "workspace": "installed on one workspace",
        "not_owner": "not an Owner of the organization",
        "wrong_scope": "lacks the scope auditlogs:read",
        "revoked": "was revoked",
        "expired": "has expired",
        "deactivated": "has left, or was deactivated",
    }
    for account, said in words.items():
        newest.slack.control.change(account=account)
        assert said in newest.check(), account
    # An address without anything that tells more says what Slack says.
    newest.slack.control.change(account="elsewhere")
    assert "Slack does not accept the token" in newest.check()
    newest.slack.control.change(account="owner")
    newest.slack.control.set_rate(5.0)
    newest.sign_in()
    newest.input(start="-10m")
    run = newest.start()
    until(lambda: len(newest.ids()) > 20)
    newest.slack.control.change(account="not_owner", bare_refusals=True)
    assert run.wait(60) == 3
    assert "not an Owner of the organization" in newest.status()["error"]
    assert "not an Owner of the organization" in newest.splunkd.logs()


def test_a_sign_in_that_is_lost_says_so_and_another_mends_it(newest: Addon) -> None:
    newest.sign_in()
    newest.slack.control.revoke_tokens()
    newest.input(start="-10m", interval=ONCE)
    run = newest.start()
    assert run.wait(60) == 3
    assert "ign in again" in newest.status()["error"]
    newest.sign_in()
    newest.run()
    assert newest.status()["error"] == ""


def test_a_deleted_account_leaves_no_token(newest: Addon) -> None:
    newest.slack.control.change(token_life=2.0)
    newest.sign_in()
    newest.slack.control.change(token_life=43_200.0)
    time.sleep(2.5)
    newest.input(start="-10m", interval=ONCE)
    newest.run()
    passwords = f"/servicesNS/nobody/{APP}/storage/passwords?output_mode=json&count=-1"
    assert "slack_audit_tokens.acme" in newest.splunkd.call("GET", passwords).body.decode()
    answer = newest.splunkd.call(
        "DELETE", f"/servicesNS/nobody/{APP}/{APP}_account/acme?output_mode=json"
    )
    assert answer.status == 200, answer
    assert json.loads(newest.splunkd.call("GET", passwords).body)["entry"] == []
