# SPDX-License-Identifier: Apache-2.0
"""``make bench``: measure the collector, compare it, print one table on stdout."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Started as a file, so that Python put this folder there and not the top of the tree.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from tests.bench.command import main

    sys.exit(main())
