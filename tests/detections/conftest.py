# SPDX-License-Identifier: Apache-2.0
"""Leaves the tests out where pySigma cannot read the rules; `test_python.py` says so."""

from __future__ import annotations

import sys
from pathlib import Path

collect_ignore = [
    path.name
    for path in Path(__file__).parent.glob("test_*.py")
    if sys.version_info < (3, 10) and path.name != "test_python.py"
]
