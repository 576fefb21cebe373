# SPDX-License-Identifier: Apache-2.0
"""Leaves the tests out where pySigma cannot read the rules; `test_python.py` says so."""

from __future__ import annotations

import sys

collect_ignore_glob = [] if sys.version_info >= (3, 10) else ["test_[!p]*.py"]
