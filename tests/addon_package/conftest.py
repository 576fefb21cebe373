# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.splunkd.places import APP, package


@pytest.fixture(scope="session")
def built() -> Path:
    """The built package."""
    return package()


@pytest.fixture(scope="session")
def app(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, unpacked."""
    folder = tmp_path_factory.mktemp("apps")
    with tarfile.open(built) as archive:
        archive.extractall(folder)  # noqa: S202 - built by us
    return folder / APP
