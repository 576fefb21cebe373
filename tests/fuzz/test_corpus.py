# SPDX-License-Identifier: Apache-2.0
"""What coverage-guided fuzzing has kept, once more, on every Python: see ``make fuzz``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.damage import hangs
from tests.fuzz.targets import TARGETS

pytestmark = hangs

CORPUS = Path(__file__).resolve().parent / "corpus"
#: By the module that needs Splunk's SDK.
OF_SPLUNK = ("stdin", "answers")


def _inputs(name: str) -> list[Path]:
    return sorted((CORPUS / name).iterdir())


def test_every_corpus_has_its_target() -> None:
    assert sorted(path.name for path in CORPUS.iterdir()) == sorted([*TARGETS, *OF_SPLUNK])
    assert all(len(_inputs(name)) > 1 for name in [*TARGETS, *OF_SPLUNK])


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_the_kept_inputs(name: str) -> None:
    for path in _inputs(name):
        TARGETS[name](path.read_bytes())


@pytest.mark.parametrize("name", OF_SPLUNK)
@pytest.mark.filterwarnings("ignore")
def test_the_kept_inputs_of_splunks_sdk(
    of_splunk: dict[str, Callable[[bytes], None]], name: str
) -> None:
    for path in _inputs(name):
        of_splunk[name](path.read_bytes())
