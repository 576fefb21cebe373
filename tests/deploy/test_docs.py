# SPDX-License-Identifier: Apache-2.0
"""The command lines in the documentation are ones that the command understands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from slack_audit_input.hosts.cli.main import COMMANDS, cli

TOP = Path(__file__).parents[2]
DOCS = [
    *("README.md", "docs/shippers.md", "docs/operating.md", "docs/forward.md"),
    "docs/audit.md",
]
LINE = re.compile(r"^\s*(?:command\s+)?slack-audit-input\s+([a-z].*)$", re.MULTILINE)


def lines_of(name: str) -> list[list[str]]:
    """Every command line of a page, as words, without comments."""
    blocks = re.findall(r"```[a-z]*\n(.*?)```", (TOP / name).read_text("utf-8"), re.DOTALL)
    return [shlex.split(found, comments=True) for block in blocks for found in LINE.findall(block)]


@pytest.mark.parametrize("name", DOCS)
def test_command_lines(name: str) -> None:
    """Options and their values are read; nothing is run."""
    lines = lines_of(name)
    assert lines
    for words in lines:
        assert words[0] in COMMANDS, words
        command = cli.get_command(click.Context(cli), words[0])
        assert command is not None
        # Raises a usage error for an option that there is not, or a value it does not take.
        command.make_context(words[0], words[1:]).close()


def test_exec_inputs_and_forward_are_among_them() -> None:
    lines = [" ".join(words) for words in lines_of("docs/shippers.md")]
    assert sum("--once --output ndjson" in line for line in lines) == 3
    assert sum("--output forward" in line for line in lines) == 2


def test_options_in_the_text_of_the_pages_exist() -> None:
    known = set()
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        known |= {word for option in command.params for word in option.opts}
    others = {"--help", "--from-file", "--threshold"}
    for name in ("docs/shippers.md", "docs/operating.md"):
        text = (TOP / name).read_text("utf-8")
        found = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
        assert found <= known | others, found - known


def test_what_each_host_needs_to_keep_what_it_acknowledged() -> None:
    text = (TOP / "docs/shippers.md").read_text("utf-8")
    fluentd, bit = text.split("## Fluentd\n")[1].split("## Fluent Bit\n")
    for needed in ("@type file ", "overflow_action throw_exception", "retry_forever true"):
        assert needed in fluentd
    assert re.search(r"storage.type\s+filesystem", bit)
    outputs = bit.split("## Exec")[0]
    limits = re.findall(r"^    retry_limit +no_limits$", outputs, re.MULTILINE)
    assert outputs.count("[OUTPUT]") == len(limits)
    for links in re.findall(r"\]\((\.\./deploy/[^)]+)\)", (TOP / "docs/operating.md").read_text()):
        assert (TOP / "docs" / links).resolve().exists()
