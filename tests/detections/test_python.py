# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import importlib.util
import sys

import pytest


@pytest.mark.skipif(
    sys.version_info < (3, 10),
    reason="pySigma for Python 3.9 cannot parse our detections: they are built and tested on 3.10 "
    "and newer, where none of these tests is left out",
)
def test_pysigma_is_there() -> None:
    assert importlib.util.find_spec("sigma")
