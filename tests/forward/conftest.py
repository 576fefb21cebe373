# SPDX-License-Identifier: Apache-2.0
"""Sinks that a test made are closed at its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.forward.over_network import MADE


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while MADE:
        MADE.pop().close()
