# SPDX-License-Identifier: Apache-2.0
"""The commands `actions` and `schemas` against a double of Slack on loopback."""

from __future__ import annotations

import inspect
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from slack_audit_input.catalogue import ACTION_COUNT
from slack_audit_input.hosts.cli.catalogue import actions, fetch_document, schemas
from tests.catalogue.slack_double import SlackDouble, recorded, slack_double

# Port 9 of loopback (discard) is closed on any machine that runs tests.
CLOSED = "http://127.0.0.1:9/audit/v1"


@pytest.fixture
def slack() -> Iterator[SlackDouble]:
    with slack_double() as double:
        yield double


def run(command: click.Command, *arguments: str) -> Result:
    """Run a command as a person would, stdout and stderr apart."""
    # click 8.2 always keeps them apart and no longer knows the argument that says so.
    known = inspect.signature(CliRunner).parameters
    apart: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in known else {}
    return CliRunner(**apart).invoke(command, arguments)


def names(result: Result) -> list[str]:
    return [line.split()[0] for line in result.stdout.splitlines()[1:]]


def test_actions_shows_both_sides_and_counts_them(slack: SlackDouble) -> None:
    result = run(actions, "--api-url", slack.url)
    assert result.exit_code == 0
    rows = {line.split()[0]: line.split()[1:4] for line in result.stdout.splitlines()}
    assert rows["action"] == ["category", "slack", "ours"]
    assert rows["user_brand_new"] == ["user", "yes", "no"]
    assert rows["user_login"] == ["user|invented_group", "yes", "yes"]
    assert rows["user_logout"] == ["user", "no", "yes"]
    assert len(rows) == 1 + ACTION_COUNT + 1
    assert (
        f"Slack lists 3 actions, our catalogue has {ACTION_COUNT}: 2 in both, 1 only at Slack, "
        f"{ACTION_COUNT - 2} only in ours." in result.stderr
    )


def test_no_token_or_password_is_sent(
    slack: SlackDouble, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("SLACK_AUDIT_TOKEN", "not-for-this-command")
    monkeypatch.setenv("HTTP_PROXY", CLOSED)
    assert run(actions, "--api-url", slack.url).exit_code == 0
    [(path, headers)] = slack.requests
    assert path == "/audit/v1/actions"
    assert "Authorization" not in headers and "Cookie" not in headers
    assert "not-for-this-command" not in str(headers)


def test_words_and_category_narrow_the_table(slack: SlackDouble) -> None:
    result = run(actions, "DLP", "switched off", "--api-url", slack.url)
    assert names(result) == ["native_dlp_rule_deactivated"]
    result = run(actions, "--category", "invented_group", "--api-url", slack.url)
    assert names(result) == ["user_login"]


def test_no_match_prints_no_data(slack: SlackDouble) -> None:
    result = run(actions, "no such thing", "--api-url", slack.url)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Shown: 0." in result.stderr


def test_an_unknown_category_is_refused_with_the_known_ones() -> None:
    result = run(actions, "--offline", "--category", "files")
    assert result.exit_code == 2
    assert "'files'" in result.stderr and "native_dlp" in result.stderr


def test_json_tells_listed_and_ours(slack: SlackDouble) -> None:
    result = run(actions, "brand", "--json", "--api-url", slack.url)
    assert json.loads(result.stdout) == {
        "counts": {
            "ours": ACTION_COUNT,
            "slack": 3,
            "both": 2,
            "only_slack": 1,
            "only_ours": ACTION_COUNT - 2,
        },
        "actions": [
            {
                "name": "user_brand_new",
                "categories": ["user"],
                "description": None,
                "listed": True,
                "ours": False,
            }
        ],
    }


def test_unknown_lists_the_differences_only(slack: SlackDouble) -> None:
    result = run(actions, "user", "--category", "user", "--unknown", "--api-url", slack.url)
    assert result.exit_code == 0
    assert "user_brand_new" in names(result) and "user_logout" in names(result)
    assert "user_login" not in names(result)


def test_offline_asks_nobody(slack: SlackDouble) -> None:
    result = run(actions, "user_login", "--offline", "--json", "--api-url", slack.url)
    assert result.exit_code == 0
    assert slack.requests == []
    document = json.loads(result.stdout)
    assert {row["listed"] for row in document["actions"]} == {None}
    assert document["counts"]["slack"] is None


def test_offline_and_unknown_contradict_each_other() -> None:
    assert run(actions, "--offline", "--unknown").exit_code == 2


def test_unreachable_shows_ours_and_says_so() -> None:
    result = run(actions, "user_login", "--api-url", CLOSED)
    assert result.exit_code == 0
    assert names(result) == ["user_login", "user_login_failed"]
    assert "cannot be reached" in result.stderr and "our own catalogue" in result.stderr


@pytest.mark.parametrize(("command", "option"), [(actions, "--unknown"), (schemas, "--json")])
def test_unreachable_ends_with_4_where_slack_is_needed(command: click.Command, option: str) -> None:
    result = run(command, option, "--api-url", CLOSED)
    assert (result.exit_code, result.stdout) == (4, "")
    assert "cannot be reached" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (503, b"", 4, "HTTP 503"),
        (429, b"", 4, "HTTP 429"),
        (302, b"{}", 5, "HTTP 302"),
        (404, b"", 5, "HTTP 404"),
        (200, b"<html>found a glitch</html>", 5, "something else than JSON"),
        (200, b"", 5, "something else than JSON"),
        (200, b'{"actions":', 5, "something else than JSON"),
        (200, b"\xff\xfe\x00", 5, "something else than JSON"),
        (200, b"[" * 200_000, 5, "something else than JSON"),
        (200, b'{"actions":{"user":[7]}}', 5, "actions.user[0] is a number"),
        (200, b'{"ok":false,"error":"ratelimited"}', 5, "ratelimited"),
    ],
)
def test_bad_answers(slack: SlackDouble, status: int, body: bytes, code: int, words: str) -> None:
    slack.status, slack.answers["/audit/v1/actions"] = status, body
    strict = run(actions, "--unknown", "--api-url", slack.url)
    assert (strict.exit_code, strict.stdout) == (code, "")
    assert words in strict.stderr
    lenient = run(actions, "user_login", "--api-url", slack.url)
    assert lenient.exit_code == 0
    assert words in lenient.stderr and names(lenient) == ["user_login", "user_login_failed"]


def test_a_redirect_is_not_followed(slack: SlackDouble) -> None:
    slack.status, slack.headers = 302, {"Location": f"{slack.url}schemas"}
    assert run(actions, "--unknown", "--api-url", slack.url).exit_code == 5
    assert [path for path, _ in slack.requests] == ["/audit/v1/actions"]


def test_an_endless_answer_is_cut_off(slack: SlackDouble) -> None:
    slack.answers["/audit/v1/actions"] = b" " * (17 * 1024 * 1024)
    result = run(actions, "--unknown", "--api-url", slack.url)
    assert result.exit_code == 5
    assert "more than 16777216 bytes" in result.stderr


@pytest.mark.parametrize(
    "url",
    [
        "http://slack.example/audit/v1",
        "http://10.0.0.1/audit/v1",
        "http://localhost.example/",
        "http://127.0.0.1@slack.example/",
        "https://user:secret@slack.example/",
        "https://slack.example/?x=1",
        "https://slack.example/#x",
        "ftp://slack.example/",
        "slack.example/audit/v1",
        "https://",
        "https://[::1",
        "http://127.0.0.1:port/",
        "",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    result = run(actions, "--api-url", url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--api-url" in result.stderr and "secret" not in result.stderr


def test_the_seam_takes_a_url_with_or_without_a_slash(slack: SlackDouble) -> None:
    with_slash = fetch_document(slack.url, "schemas")
    assert fetch_document(slack.url.rstrip("/"), "schemas") == with_slash
    assert fetch_document(slack.url.replace("127.0.0.1", "localhost"), "schemas") == with_slash


def test_the_url_may_come_from_the_environment(
    slack: SlackDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_AUDIT_API_URL", slack.url)
    assert run(schemas).exit_code == 0
    assert [path for path, _ in slack.requests] == ["/audit/v1/schemas"]


def test_schemas_shows_every_field_merged(slack: SlackDouble) -> None:
    result = run(schemas, "--api-url", slack.url)
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["type", "field", "kind"],
        ["role", "id", "string"],
        ["role", "name", "string"],
        ["app", "id", "string", "or", "int"],
        ["app", "scopes", "array"],
        ["app", "bot_scopes", "array"],
    ]


def test_schemas_of_one_type_as_json(slack: SlackDouble) -> None:
    result = run(schemas, "role", "--json", "--api-url", slack.url)
    fields = {"id": ["string"], "name": ["string"]}
    assert json.loads(result.stdout) == {"schemas": [{"type": "role", "fields": fields}]}


def test_schemas_names_the_types_there_are(slack: SlackDouble) -> None:
    result = run(schemas, "huddle", "--api-url", slack.url)
    assert result.exit_code == 2
    assert "Types: role, app." in result.stderr


def test_recorded_answers_pass_through_the_commands(slack: SlackDouble) -> None:
    for name in ("actions", "schemas"):
        slack.answers[f"/audit/v1/{name}"] = recorded(f"{name}.response.json")
    result = run(actions, "--unknown", "--json", "--api-url", slack.url)
    assert json.loads(result.stdout)["counts"] == {
        "ours": ACTION_COUNT,
        "slack": 762,
        "both": 762,
        "only_slack": 0,
        "only_ours": 14,
    }
    assert len(run(schemas, "workflow_v2", "--api-url", slack.url).stdout.splitlines()) > 12


def started(code: str, **environment: str) -> subprocess.Popen[bytes]:
    """Start Python on `code` with a small environment, its stdout a pipe."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_terminal_gets_a_drawn_table_without_markup(slack: SlackDouble) -> None:
    slack.answers["/audit/v1/actions"] = b'{"actions":{"user":["[red]x[/red]"]}}'
    code = (
        "from slack_audit_input.hosts.cli.catalogue import actions\n"
        f"actions(['[red]', '--api-url', {slack.url!r}])"
    )
    ours_end, its_end = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "TERM": "xterm",
            "COLUMNS": "100",
        },
        stdout=its_end,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(its_end)
        shown = b""
        try:
            while part := os.read(ours_end, 65536):
                shown += part
        except OSError:  # Linux reports the closed terminal as EIO instead of an end of file
            pass
        os.close(ours_end)
    assert process.returncode == 0
    assert "─" in shown.decode() and "[red]x[/red]" in shown.decode()


def test_a_pipe_costs_no_import_of_rich() -> None:
    code = (
        "import sys\n"
        "from slack_audit_input.hosts.cli.catalogue import actions\n"
        "actions(['--offline', 'user_login'], standalone_mode=False)\n"
        "sys.exit('rich' in sys.modules)"
    )
    with started(code) as process:
        process.communicate()
    assert process.returncode == 0


def test_a_name_outside_the_locale_is_escaped(slack: SlackDouble) -> None:
    slack.answers["/audit/v1/actions"] = '{"actions":{"user":["brand_néw"]}}'.encode()
    code = (
        "from slack_audit_input.hosts.cli.catalogue import actions\n"
        f"actions(['brand', '--api-url', {slack.url!r}])"
    )
    with started(code, PYTHONIOENCODING="ascii") as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    assert rb"brand_n\xe9w" in out
