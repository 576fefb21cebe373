# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from tests.searchtime import coverage, documents


@pytest.mark.parametrize("name", ["fields.md", "actions.md", "searches.md", "coverage.md"])
def test_documentation_is_up_to_date(name: str) -> None:
    written = (documents.DOCS / name).read_text(encoding="utf-8")
    assert written == documents.documents()[name], "make docs"


def test_every_field_that_is_made_is_described_and_no_other() -> None:
    names = [row["field"] for row in documents.described()]
    assert sorted(names) == sorted(documents.made_by())


def test_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert coverage.main() == 0
    printed = capsys.readouterr().out
    assert "776 (100.0 %)" in printed
    assert "WRONG" not in printed
