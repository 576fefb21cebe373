# SPDX-License-Identifier: Apache-2.0
"""What coverage-guided fuzzing has kept, once more, on every Python: see ``make fuzz``."""

from __future__ import annotations

import importlib
import sys
import warnings
from pathlib import Path

import pytest

from tests.fuzz.damage import hangs
from tests.fuzz.targets import TARGETS
from tests.splunkd.places import package, unpack

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


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The package's own libraries, behind those that are installed here."""
    folder = tmp_path_factory.mktemp("package")
    sys.path.append(str(folder / unpack(package(), folder) / "lib"))


@pytest.mark.parametrize("name", OF_SPLUNK)
@pytest.mark.usefixtures("sdk")
def test_the_kept_inputs_of_splunks_sdk(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not our code's
        targets = importlib.import_module("tests.fuzz.splunk_target").TARGETS
        for path in _inputs(name):
            targets[name](path.read_bytes())
