# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from tests.mapping.test_ecs import KNOWN
from tests.searchtime import coverage, documents
from tests.searchtime.measuring import emulated_fields


@pytest.mark.parametrize("name", ["fields.md", "actions.md", "searches.md", "coverage.md"])
def test_documentation_is_up_to_date(name: str) -> None:
    written = (documents.DOCS / name).read_text(encoding="utf-8")
    assert written == documents.documents()[name], "make docs"


def test_every_field_that_is_made_is_described_and_no_other() -> None:
    names = [row["field"] for row in documents.described()]
    assert sorted(names) == sorted(documents.made_by())


def test_every_field_that_is_made_is_in_some_event() -> None:
    seen = {name for _, fields in emulated_fields() for name in fields}
    assert set(documents.made_by()) <= seen


def test_every_ecs_field_is_described_and_no_other() -> None:
    of_lines = {"@timestamp", "event.original", "agent.type", "agent.version"}
    of_lines |= {"labels.account", "labels.input"}
    text = " ".join(f"{row['field']} {row['meaning']}" for row in documents.described("ecs.csv"))
    named = {row["field"] for row in documents.described("ecs.csv")}
    assert named <= KNOWN | of_lines
    assert all(name in text or name.startswith("user.target.") for name in KNOWN | of_lines)


def test_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert coverage.main() == 0
    printed = capsys.readouterr().out
    assert "776 (100.0 %)" in printed
    assert "WRONG" not in printed
