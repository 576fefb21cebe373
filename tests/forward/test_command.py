# SPDX-License-Identifier: Apache-2.0
"""The command with ``--output forward``: the same promises, counters and exit codes."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from slack_audit_input.sinks.forward.delivery import ROUNDS
from tests.cli.command import Command, Ended, ids_of, until
from tests.cli.server import Slack, history, slack_with
from tests.receivers.running import Running, free_port, running

FORWARD = ("--output", "forward")
KEY, PASSWORD = "key of the hosts", "word of the user"


@pytest.fixture
def slack() -> Iterator[Slack]:
    """300 events of the last two hours."""
    with slack_with(history(300, 7200)) as found:
        yield found


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Running]:
    """A receiver that the command knows of."""
    with running(tmp_path) as found:
        yield found


@pytest.fixture
def command(tmp_path: Path, slack: Slack, host: Running) -> Iterator[Command]:
    """The command in a folder of its own, ready to collect."""
    found = Command(tmp_path, slack.url)
    found.environment["SLACK_AUDIT_FORWARD_HOST"] = host.address
    yield found
    found.kill_all()
    found.no_token()


def once(command: Command, *arguments: str) -> Ended:
    """``run --once`` to the receiver."""
    return command("run", "--once", *FORWARD, *arguments)


def each_once(slack: Slack) -> Counter[str]:
    """Every event, once."""
    return Counter(slack.ids())


def test_all_of_it_once(command: Command, slack: Slack, host: Running) -> None:
    ended = once(command, "--account", "lumen")
    assert (ended.code, ended.out) == (0, "")
    assert host.ids() == each_once(slack)
    assert once(command, "--account", "lumen").code == 0
    assert host.ids() == each_once(slack)
    record = host.records()[0]
    assert record.tag == "slack.audit"
    assert record.time == [record.fields["date_create"], 0]
    assert record.fields["collector"]["account"] == "lumen"
    (sent,) = (e for e in slack.slack.entries if e.id == record.fields["id"])
    entry = {key: value for key, value in record.fields.items() if key != "collector"}
    assert entry == json.loads(sent.text)
    # What it knows of hours goes with it, under a tag of its own.
    covered = host.coverage()
    assert {r.tag for r in covered} == {"slack.audit.coverage"}
    assert {r.fields["state"] for r in covered} == {"complete"}
    assert {r.fields["account"] for r in covered} == {"lumen"}


def test_what_is_counted(command: Command, slack: Slack) -> None:
    assert once(command, "--forward-batch-events", "100").code == 0
    counters = command.status()["counters"]
    assert counters["events"] == 300
    assert counters["forward_batches"] >= 3
    assert counters["forward_retries"] == counters["dead_letters"] == 0
    assert "batches acknowledged by a forward host" in command("status").out


def test_tags_of_a_pattern(command: Command, slack: Slack, host: Running) -> None:
    assert once(command, "--forward-tag", "s.{account}.{category}", "--account", "a b").code == 0
    assert {record.tag for record in host.records()} <= {"s.a_b.user", "s.a_b.unknown"}
    assert host.ids() == each_once(slack)


def test_fields_of_the_common_schema(command: Command, slack: Slack, host: Running) -> None:
    pattern = ("--forward-tag", "slack.{category}")
    assert once(command, "--format", "ecs", *pattern).code == 0
    texts = {entry.id: entry.text for entry in slack.slack.entries}
    records = host.records()
    assert Counter(record.fields["event"]["id"] for record in records) == each_once(slack)
    for record in records:
        event = record.fields["event"]
        assert event["original"] == texts[event["id"]]
        assert event["action"] == json.loads(event["original"])["action"]
        assert record.fields["collector"]["input"] == "default"
    assert {record.tag for record in records} == {"slack.user"}


def test_two_outputs(command: Command, slack: Slack, host: Running) -> None:
    ended = once(command, "--output", "ndjson", "--output-file", str(command.file))
    assert ended.code == 0
    assert host.ids() == command.delivered() == each_once(slack)
    assert command.status()["counters"]["forward_batches"] > 0


def test_two_outputs_one_of_them_stdout(command: Command, slack: Slack, host: Running) -> None:
    command.environment["SLACK_AUDIT_OUTPUT"] = "ndjson forward"
    ended = command("run", "--once")
    assert ended.code == 0
    assert ids_of(ended.out) == host.ids() == each_once(slack)


def test_nothing_counts_that_one_output_lacks(
    command: Command, slack: Slack, host: Running
) -> None:
    host.kill()
    process = command.start(
        *("run", *FORWARD, "--output", "ndjson", "--output-file", str(command.file))
    )
    until(lambda: command.state.exists() and command.status()["running"])
    ended = command.end(process, signal.SIGTERM)
    assert ended.code == 0
    assert command.delivered() == {}
    host.start()
    assert once(command, "--output", "ndjson", "--output-file", str(command.file)).code == 0
    assert host.ids() == command.delivered() == each_once(slack)


def test_told_to_stop_while_the_host_is_down(command: Command, slack: Slack, host: Running) -> None:
    host.kill()
    process = command.start("run", *FORWARD)
    until(lambda: command.state.exists() and command.status()["running"])
    ended = command.end(process, signal.SIGTERM)
    assert ended.code == 0
    assert "action=forward_retry" in ended.err
    assert "Nothing of this page is checkpointed" in ended.err
    host.start()
    assert once(command).code == 0
    assert host.ids() == each_once(slack)


def test_a_host_that_comes_back(command: Command, slack: Slack, host: Running) -> None:
    host.kill()
    process = command.start("run", "--once", *FORWARD)
    until(lambda: command.state.exists() and command.status()["running"])
    host.start()
    ended = command.end(process)
    assert ended.code == 0
    assert host.ids() == each_once(slack)
    assert command.status()["counters"]["forward_retries"] > 0


def test_backfill_and_verify(command: Command, slack: Slack, host: Running) -> None:
    assert command("backfill", "--from", "-1h", *FORWARD).code == 0
    assert 100 < len(host.ids()) < 200
    assert command("backfill", "--from", "-3h", *FORWARD).code == 0
    assert host.ids() == each_once(slack)
    ended = command("verify", "--from", "-3h", "--json", *FORWARD)
    assert ended.code == 0
    assert json.loads(ended.out)["complete"] is True
    slack.add(slack.seconds()[slack.ids()[0]], 2, 7000)
    found = json.loads(command("verify", "--from", "-3h", "--json", *FORWARD).out)
    assert (found["delivered_now"], found["still_missing"]) == (2, 0)
    assert host.ids() == each_once(slack)


def test_dead_letters(command: Command, slack: Slack, host: Running) -> None:
    poison = slack.ids()[150]
    host.again("--poison", poison)
    ended = once(command, "--forward-batch-events", "50")
    assert ended.code == 0
    assert "level=error action=set_aside" in ended.err
    ids = host.ids()
    assert ids.keys() == each_once(slack).keys() - {poison}
    # Sent once more to see whether the host is well.
    assert sum(ids.values()) - len(ids) == command.status()["counters"]["forward_probes"] <= ROUNDS
    (line,) = (command.folder / "dead-letters.ndjson").read_text().splitlines()
    assert json.loads(line)["entry"]["id"] == poison
    assert command.status()["counters"]["dead_letters"] == 1


def test_secrets_from_files(command: Command, slack: Slack, host: Running) -> None:
    host.again("--shared-key", KEY, "--user", f"sender:{PASSWORD}")
    for name, secret in (("key", KEY), ("word", PASSWORD)):
        (command.folder / name).write_text(f"{secret}\n")
        (command.folder / name).chmod(0o600)
    ended = once(
        command,
        *("--forward-shared-key-file", "key", "--forward-username", "sender"),
        *("--forward-password-file", "word", "--log-level", "debug"),
    )
    assert ended.code == 0, ended.err
    assert host.ids() == each_once(slack)
    assert KEY not in ended.err
    assert PASSWORD not in ended.err


def test_secrets_from_the_environment(command: Command, slack: Slack, host: Running) -> None:
    host.again("--shared-key", KEY, "--user", f"sender:{PASSWORD}")
    command.environment |= {
        "SLACK_AUDIT_OUTPUT": "forward",
        "SLACK_AUDIT_FORWARD_SHARED_KEY": KEY,
        "SLACK_AUDIT_FORWARD_USERNAME": "sender",
        "SLACK_AUDIT_FORWARD_PASSWORD": PASSWORD,
    }
    assert command("run", "--once").code == 0
    assert host.ids() == each_once(slack)


def test_a_wrong_key_ends_the_run_at_once(command: Command, host: Running) -> None:
    host.again("--shared-key", KEY)
    command.environment["SLACK_AUDIT_FORWARD_SHARED_KEY"] = "another"
    ended = once(command)
    assert ended.code == 2
    assert "shared_key mismatch" in ended.err
    assert "--forward-shared-key-file" in ended.err


def test_a_toml_file(command: Command, slack: Slack, host: Running) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    (command.folder / "c.toml").write_text(
        f"""output = ["forward"]
forward-host = ["{nobody}", "{host.address}"]
forward-gzip = true
forward-ack-timeout = 30
[run]
forward-tag = "from.toml"
"""
    )
    del command.environment["SLACK_AUDIT_FORWARD_HOST"]
    assert command("run", "--once", "--config", "c.toml").code == 0
    assert host.ids() == each_once(slack)
    assert host.records()[0].tag == "from.toml"


@pytest.mark.parametrize("name", ["forward-shared-key", "forward_password"])
def test_no_secrets_in_the_toml_file(command: Command, name: str) -> None:
    (command.folder / "c.toml").write_text(f'{name} = "{KEY}"\n')
    ended = command("run", "--once", "--config", "c.toml")
    assert ended.code == 2
    assert "in a file of its own" in ended.err
    assert KEY not in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--forward-host", "a:x"), "the port must be 1 to 65535"),
        (("--forward-host", ","), "--forward-host must be given"),
        (("--forward-tag", "{user}"), "{user} is unknown"),
        (("--forward-ca-file", "x"), "--forward-ca-file needs --forward-tls"),
        (("--forward-tls", "--forward-key-file", "x"), "needs --forward-cert-file"),
        (("--forward-tls", "--forward-ca-file", "/none"), "--forward-ca-file /none"),
        (("--forward-shared-key-file", "/none"), "--forward-shared-key-file /none"),
        (("--forward-shared-key-file", "/dev/null"), "there is nothing in it"),
        (("--forward-username", "u"), "belong together"),
        (("--forward-ack-timeout", "0"), "--forward-ack-timeout"),
        (("--forward-batch-events", "0"), "--forward-batch-events"),
        (("--output-file", "x"), "--output-file needs --output ndjson"),
        (("--output", "kafka"), "'kafka' is not one of"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_opened(
    command: Command, host: Running, arguments: tuple[str, ...], words: str
) -> None:
    ended = once(command, *arguments)
    assert ended.code == 2
    assert words in ended.err
    assert host.ids() == {}


def test_check(command: Command, host: Running) -> None:
    ended = command("check", *FORWARD)
    assert ended.code == 0, ended.out
    assert f"ok      forward: {host.address} is there" in ended.out
    assert "ok      dead letters: " in ended.out
    assert host.ids() == {}
    ended = command("check", *FORWARD, "--send-test-record")
    assert ended.code == 0, ended.out
    assert f"ok      forward: {host.address} has accepted a test record" in ended.out
    (record,) = host.records()
    assert record.fields["action"] == "slack_audit_input_test"
    assert record.fields["id"].startswith("slack_audit_input_test-")


def test_check_tries_every_host(command: Command, host: Running) -> None:
    host.again("--shared-key", KEY)
    nobody = f"127.0.0.1:{free_port()}"
    ended = command(
        *("check", *FORWARD, "--forward-host", nobody, "--forward-host", host.address),
        "--send-test-record",
    )
    assert ended.code == 6
    assert f"FAILED  forward: {nobody} cannot be reached" in ended.out
    assert f"FAILED  forward: {host.address} wants a shared key" in ended.out
    assert command("check", "--send-test-record").code == 2
