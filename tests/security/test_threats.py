# SPDX-License-Identifier: Apache-2.0
"""What docs/threat-model.md says that somebody cannot do, where no other test shows it."""

from __future__ import annotations

import ast
import io
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slack_audit_input.hosts.cli.logs import Logger
from slack_audit_input.hosts.wording import without_tokens
from slack_audit_input.stores.kvstore_documents import key_of
from tests.cli.command import Command
from tests.cli.server import Slack, history, slack_with
from tests.fakes.http import TOKEN

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENT = REPOSITORY / "docs" / "threat-model.md"


@pytest.fixture
def slack() -> Iterator[Slack]:
    with slack_with(history(300, 7200)) as found:
        yield found


def test_a_stolen_state_holds_no_token_and_no_event(tmp_path: Path, slack: Slack) -> None:
    command = Command(tmp_path, slack.url)
    assert command.once("--start", "-3h").code == 0
    stolen = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("state.sqlite*")))
    assert len(stolen) > 10_000
    assert TOKEN.encode() not in stolen
    for entry in slack.slack.entries:
        assert entry.id.encode() not in stolen
        assert entry.text.encode() not in stolen
    for word in (b"user_login", b'"actor"', b'"details"', b"ip_address"):
        assert word not in stolen


def test_a_state_that_was_tampered_with_runs_nothing(tmp_path: Path, slack: Slack) -> None:
    """Text in a state is JSON or a plain number: what else it is ends with exit 7."""
    command = Command(tmp_path, slack.url)
    assert command.once("--start", "-3h").code == 0
    with sqlite3.connect(command.state) as state:
        state.execute("update slack_audit_inputs set ledger = ?", ("cos\nsystem\n(S'exit 9'\ntR.",))
    state.close()
    ended = command.once()
    assert ended.code == 7
    assert "Traceback" not in ended.err


def test_code_never_comes_from_data() -> None:
    """Nothing in the package unpickles, evaluates, or hands text to a shell."""
    found = []
    for path in sorted((REPOSITORY / "slack_audit_input").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                found += [(path, n) for n in names if n in ("pickle", "marshal", "shelve", "dill")]
            elif isinstance(node, ast.Call):
                name = getattr(node.func, "id", "")
                found += [(path, name)] if name in ("eval", "exec", "compile", "__import__") else []
                shell = [k for k in node.keywords if k.arg == "shell"]
                found += [(path, "shell")] if shell else []
    assert found == []


foreign = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    ["a\nlevel=error action=forged", "\x1b]0;title\x07\x1b[2J", "a b=c", "\u2028x\x85", '"', "="]
)


@given(foreign)
def test_a_foreign_name_forges_no_log_line(name: str) -> None:
    """One line, printable ASCII, and no key of its own."""
    stream = io.StringIO()
    Logger("info", stream)("info", "committed", account=name, last="1")
    line = stream.getvalue()
    assert line.endswith("\n")
    assert line[:-1].isascii() and line[:-1].isprintable()
    # Take out what stands in quotes: what is left has just our keys.
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "_", line)
    assert re.findall(r"(?:^| )([^ =]+)=", bare) == ["time", "level", "action", "account", "last"]


@given(foreign, foreign)
def test_a_foreign_name_is_no_other_inputs_key(one: str, two: str) -> None:
    """Names meet in a KV store's keys only if they are the same."""
    assert (key_of(one) == key_of(two)) is (one == two)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,100}|~[0-9a-f]{40}", key_of(one))


@pytest.mark.parametrize(
    "token", ["xoxp-1234-abcdef", "xoxe.xoxp-1-Mi0yLTEyMzQ1", "xoxb-12345678", "Bearer secret"]
)
def test_the_second_lock_on_tokens(token: str) -> None:
    assert token not in without_tokens(f"x {token} y")


def test_every_test_that_the_document_names_is_there() -> None:
    text = DOCUMENT.read_text("utf-8")
    named = re.findall(r"`(tests/[a-z_/]+\.py)(?:::(\w+))?`", text)
    assert len(named) > 20
    for path, name in named:
        code = (REPOSITORY / path).read_text("utf-8")
        assert not name or f"def {name}(" in code, (path, name)
