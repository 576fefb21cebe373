# SPDX-License-Identifier: Apache-2.0
"""Whatever goes wrong: what is said about it, and that nothing is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.addon.world import Addon, addon, until
from tests.slack.conftest import Certificate
from tests.slack.servers import always, answer, wire
from tests.splunkd.places import APP, KIND, VERSIONS

ONCE = "3600"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=VERSIONS)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Addon]:
    """Validation changes nothing: one home for all."""
    with addon(tmp_path_factory.mktemp("splunk"), request.param) as made:
        yield made


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Addon]:
    with addon(tmp_path / "splunk", VERSIONS[0]) as made:
        yield made


def test_a_good_input_is_taken(shared: Addon) -> None:
    assert shared.check() == ""
    assert shared.check(actions="user_login|user_logout", start="2026-01-01", index="main") == ""
    assert shared.check(interval="*/15 * * * *") == ""
    # More than Slack takes in one request: the rest is filtered here.
    names = list(json.loads(_actions(shared)))[:31]
    assert len(names) == 31
    assert shared.check(actions=",".join(names)) == ""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addon]:
    """The same on the older Python alone: what is said does not depend on it."""
    with addon(tmp_path_factory.mktemp("splunk"), VERSIONS[0]) as made:
        accounts(made)
        yield made


def accounts(made: Addon) -> None:
    made.account("revoked", token="xoxp-error-token_revoked")
    made.account("workspace", token="xoxp-error-team_not_authorized")
    made.account("unknown", token="xoxp-somebody-elses")
    made.account("elsewhere", api_url="https://127.0.0.1:9/audit/v1/")
    made.account("clear", api_url="http://slack.example/audit/v1/")


def _actions(world: Addon) -> str:
    from slack_audit_input.catalogue import ours

    return json.dumps(list(ours()))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"account": "nobody"}, "there is no account 'nobody'"),
        ({"account": ""}, "Choose an account"),
        ({"account": "revoked"}, "token was revoked"),
        ({"account": "workspace"}, "installed on one workspace"),
        ({"account": "unknown"}, "Slack does not accept the token"),
        ({"account": "elsewhere"}, "Slack cannot be reached"),
        ({"account": "clear"}, "https://"),
        ({"index": "missing"}, "the index 'missing' does not exist"),
        ({"index": "Not An Index"}, "cannot be the name of an index"),
        ({"interval": "soon"}, "neither seconds"),
        ({"interval": "-5"}, "neither seconds"),
        ({"interval": "nan"}, "neither seconds"),
        ({"interval": "61 * * * *"}, "'61' is no minute"),
        ({"interval": "* 24 * * *"}, "'24' is no hour"),
        ({"interval": "*/0 * * * *"}, "no minute"),
        ({"interval": "* * * foo *"}, "no month"),
        ({"start": "2999-01-01"}, "lies in the future"),
        ({"start": "yesterday"}, "Start 'yesterday' is no time"),
        ({"actions": "user_logn"}, "did you mean user_login?"),
        ({"exclude_actions": "no_such_thing_at_all"}, "neither Slack nor this add-on knows"),
        ({"actions": "user login"}, "knows an action 'user'"),
        ({"actions": "<b>"}, "cannot be the name of an action"),
        ({"actor": "somebody@example.com"}, "is no id"),
        ({"entity": "a b"}, "is no id"),
        ({"poll_every": "0"}, "Poll every must be a whole number"),
        ({"poll_every": "often"}, "Poll every must be a whole number"),
        ({"sweeps": "60"}, "Sweeps"),
        ({"sweeps": "60:30"}, "Sweeps"),
        ({"max_calls_per_minute": "0"}, "Calls per minute"),
        ({"coverage": "some"}, "Coverage records must be"),
    ],
)
def test_what_cannot_work_is_refused_in_words(
    table: Addon, fields: dict[str, str], words: str
) -> None:
    said = table.check(**fields)
    assert words.lower() in said.lower()
    assert "xoxp-e" not in said
    assert "xoxp-s" not in said
    assert "--" not in said


def test_a_name_that_slack_itself_refuses_is_refused(world: Addon) -> None:
    world.slack.control.change(refused_actions=frozenset({"user_login"}))
    assert "does Slack know each of the actions" in world.check(actions="user_login")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"proxy_port": "²"}, "host or port is missing or wrong"),
        ({"proxy_port": "0"}, "host or port is missing or wrong"),
        ({"proxy_url": ""}, "host or port is missing or wrong"),
        ({"proxy_type": "carrier pigeon"}, "no proxy type"),
        ({"ca_file": "/no/such/file"}, "CA bundle"),
        ({"proxy_port": "9"}, "proxy cannot be reached"),
    ],
)
def test_a_proxy_that_cannot_work(world: Addon, fields: dict[str, str], words: str) -> None:
    world.account("outside", api_url="https://127.0.0.1:9/audit/v1/")
    good = {"proxy_enabled": "1", "proxy_type": "http", "proxy_url": "127.0.0.1"}
    user = {"proxy_port": "3128", "proxy_username": "me"}
    world.secret("settings", "proxy", {"proxy_password": "hunter2"})
    world.proxy(**{**good, **user, **fields})
    said = world.check(account="outside")
    assert words in said
    assert "hunter2" not in said
    assert "hunter2" not in world.splunkd.logs()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_certificate_that_is_not_trusted_and_then_is(
    tmp_path: Path, version: str, certificate: Certificate
) -> None:
    with (
        addon(tmp_path / "splunk", version) as made,
        wire(always(answer(b'{"actions":{},"entries":[]}')), certificate.context) as server,
    ):
        made.account("tls", api_url=server.url)
        said = made.check(account="tls")
        assert "is not trusted" in said
        assert "CA bundle (Configuration, Proxy)" in said
        assert server.heads == []
        made.proxy(ca_file=str(certificate.path))
        assert made.check(account="tls") == ""
        assert server.header("Authorization") == f"Bearer {made.slack.token}"


@pytest.mark.parametrize("kind", ["socks4", "socks5", "socks5h"])
def test_a_socks_proxy_is_used(world: Addon, kind: str) -> None:
    world.account("outside", api_url="https://127.0.0.1:9/audit/v1/")
    port = {"proxy_url": "127.0.0.1", "proxy_port": "9"}
    world.proxy(proxy_enabled="1", proxy_type=kind, **port)
    assert "Slack cannot be reached" in world.check(account="outside")


def test_a_running_input_whose_token_is_revoked_stops_and_goes_on_with_a_new_one(
    world: Addon,
) -> None:
    world.slack.control.set_rate(10.0)
    world.input(start="-1h")
    run = world.start()
    until(lambda: len(world.ids()) > 50)
    world.slack.control.change(token="xoxp-another")
    assert run.wait(30) == 3
    assert run.events.broken == ""
    assert world.status()["state"] == "failed"
    assert "organization Owner" in world.status()["error"]
    assert "xoxp-emulator" not in world.splunkd.logs()
    world.account(token="xoxp-another")
    world.input(start="-1h", interval=ONCE)
    world.slack.control.set_rate(0.0)
    time.sleep(2.5)
    world.run()
    found = world.ids()
    assert set(found.values()) == {1}
    assert not world.truth(int(time.time()) - 3500, int(time.time()) - 3) - set(found)


def test_an_account_that_is_gone_is_said_and_nothing_is_lost(world: Addon) -> None:
    world.input(start="-1h", interval=ONCE)
    world.run()
    kept = world.checkpoint().load()
    world.splunkd.confs.remove(APP, f"{APP}_account", "acme")
    run = world.start()
    assert run.wait() == 2
    assert "There is no account 'acme' (any more)" in world.status()["error"]
    after = world.checkpoint().load()
    assert kept is not None
    assert after is not None
    assert after._replace(status="") == kept._replace(status="")


def test_accounts_that_change_under_running_inputs(world: Addon) -> None:
    """One is deleted, one gets another token, which Slack takes beside the first."""
    world.slack.control.change(more_tokens=("xoxp-another",))
    world.slack.control.set_rate(5.0)
    for name in ("deleted", "changed"):
        world.account(name)
        world.input(name, account=name, start="-10m")
    deleted, changed = world.start("deleted"), world.start("changed")
    until(lambda: deleted.events.count > 10 and changed.events.count > 10)
    world.splunkd.confs.remove(APP, f"{APP}_account", "deleted")
    world.account("changed", token="xoxp-another")
    assert deleted.wait(60) == 2
    assert changed.wait(60) == 0
    assert "There is no account 'deleted' (any more)" in world.status("deleted")["error"]
    assert world.status("changed")["state"] == "stopped"
    world.slack.control.set_rate(0.0)
    time.sleep(2.5)
    world.input("changed", account="changed", start="-10m", interval=ONCE)
    run = world.run("changed")
    assert world.status("changed")["error"] == ""
    for state in (deleted, run):
        assert (state.events.broken, state.events.closed or not state.events.count) == ("", True)


def test_an_index_that_is_gone_is_said_before_anything_is_lost(world: Addon) -> None:
    world.input(start="-1h", interval=ONCE, index="missing")
    run = world.start()
    assert run.wait() == 2
    assert "The index 'missing' does not exist" in world.status()["error"]
    assert world.splunkd.indexes.lost == {}
    world.splunkd.indexes.make("missing")
    world.run()
    assert set(world.ids("missing").values()) == {1}


def test_a_session_that_has_ended_is_said(world: Addon) -> None:
    world.input(start="-1h", interval=ONCE)
    world.splunkd.faults.fail(401, 1 << 20, "POST storage/collections")
    run = world.start()
    assert run.wait(60) == 7
    assert "session" in world.splunkd.logs()


def test_a_page_that_is_hostile_to_xml_arrives_as_it_was(world: Addon) -> None:
    hostile = "]]></data></event></stream><!-- & &amp; \ufffe \uffff \\u0000 "
    hostile += '<b a="\'"> \u2028\x85 \U0001f600'
    second = int(time.time()) - 60
    entries = []
    for number in range(9999):
        entry = {
            "id": f"hostile-{number}",
            "date_create": second,
            "action": "user_login",
            "actor": {"type": "user", "user": {"name": hostile + str(number)}},
        }
        entries.append(json.dumps(entry, ensure_ascii=number % 2 == 0))
    long = {"id": "long", "date_create": second, "action": "user_login", "name": "<&>" * 66_667}
    lone = '{"id":"lone","date_create":%d,"action":"user_login","n":"\\ud800 \\u0001 \\ufffe"}'
    world.slack.control.add_entries([*entries, json.dumps(long), lone % second], second)
    world.input(start="-1h", interval=ONCE)
    world.run()
    found = {}
    for event in world.indexed():
        entry = json.loads(event["data"])
        found[entry["id"]] = (entry, event["data"])
    for number in (0, 1, 9998):
        assert found[f"hostile-{number}"][0]["actor"]["user"]["name"] == hostile + str(number)
    assert found["hostile-0"][1] == entries[0]
    assert found["long"][0] == long
    assert found["lone"][1] == lone % second
    assert sum(name.startswith("hostile-") for name in found) == 9999


def test_two_inputs_with_one_name_are_one_and_the_second_run_waits_or_stops(
    world: Addon,
) -> None:
    world.slack.control.set_rate(5.0)
    world.input(start="-10m")
    first = world.start()
    until(lambda: len(world.ids()) > 20)
    second = world.start()
    assert second.wait(60) == 7
    assert "another collector runs on this input" in world.splunkd.logs().lower()
    # The record is the first one's.
    records = world.kvstore.documents("slack_audit_status")
    assert not [d for d in records if d.get("state") == "failed"]
    first.terminate()
    assert first.wait() == 0
    assert set(world.ids().values()) == {1}


def test_deleting_with_forget_begins_anew_and_not_while_it_runs(world: Addon) -> None:
    world.input(start="-1h", interval=ONCE, on_delete="forget")
    world.run()
    count = len(world.indexed())
    assert count
    answer = world.splunkd.call(
        "DELETE", f"/servicesNS/nobody/{APP}/{APP}_{KIND}/one?output_mode=json"
    )
    assert answer.status == 200, answer
    assert world.checkpoint().load() is None
    for name in world.kvstore.names():
        assert world.kvstore.documents(name) == []
    world.input(start="-1h", interval=ONCE)
    world.run()
    assert len(world.indexed()) >= 2 * count - 5


def test_an_account_is_tried_when_it_is_saved_and_says_what_it_reads(world: Addon) -> None:
    def saved(name: str, token: str) -> tuple[int, str]:
        form = f"name={name}&region=custom&api_url={world.slack.base_url}&token={token}"
        answer = world.splunkd.call(
            "POST", f"/servicesNS/nobody/{APP}/{APP}_account?output_mode=json", form
        )
        return answer.status, answer.body.decode()

    status, said = saved("wrong", "xoxp-error-missing_scope")
    assert "auditlogs:read" in said
    assert status >= 400
    assert "xoxp-error" not in said
    status, said = saved("right", world.slack.token)
    assert status == 201, said
    assert world.slack.token not in said
    content = world.splunkd.confs.read(APP, f"{APP}_account")["right"]
    assert content["reads"].startswith("the organization's audit log; newest entry 20")
    assert world.slack.token not in json.dumps(content)
