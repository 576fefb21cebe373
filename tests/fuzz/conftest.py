# SPDX-License-Identifier: Apache-2.0
"""Splunk's SDK, which the built package brings along."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable

import pytest

from tests.splunkd.places import package, unpack


@pytest.fixture(scope="session")
def of_splunk(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[[bytes], None]]:
    """The targets that need it: the package's libraries, behind those that are installed here."""
    folder = tmp_path_factory.mktemp("package")
    sys.path.append(str(folder / unpack(package(), folder) / "lib"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not our code's
        found: dict[str, Callable[[bytes], None]] = importlib.import_module(
            "tests.fuzz.splunk_target"
        ).TARGETS
    return found
