# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.splunkd.places import VERSIONS, package, splunks_python
from tests.splunkd.splunkd import Splunkd


@pytest.fixture(scope="module", params=VERSIONS)
def splunkd(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Splunkd]:
    """The double with the built package, on each of Splunk's Pythons."""
    home: Path = tmp_path_factory.mktemp("splunk")
    with Splunkd(home, splunks_python(request.param)) as running:
        running.install(package())
        yield running
