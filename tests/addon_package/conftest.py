# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from tests.splunkd.places import package, unpack


@pytest.fixture(scope="session")
def built() -> Path:
    """The built package."""
    return package()


@pytest.fixture(scope="session")
def app(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, unpacked."""
    folder = tmp_path_factory.mktemp("apps")
    return folder / unpack(built, folder)
