# SPDX-License-Identifier: Apache-2.0
"""``python -m slack_audit_input.addon``: build the Splunk package from a checkout."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from slack_audit_input.addon.build import build
from slack_audit_input.addon.generating import BuildFailed

REPOSITORY = Path(__file__).resolve().parents[2]


def main() -> int:
    """Build, and say where the package is."""
    parser = argparse.ArgumentParser(prog="python -m slack_audit_input.addon", description=__doc__)
    parser.add_argument(
        "--tools",
        type=Path,
        default=REPOSITORY / ".venv" / "ucc",
        help="environment with ucc-gen (default: .venv/ucc, which `make addon` makes)",
    )
    parser.add_argument(
        "--dist", type=Path, default=REPOSITORY / "dist", help="where the package goes (dist)"
    )
    given = parser.parse_args()
    try:
        package = build(REPOSITORY, given.tools.resolve(), given.dist.resolve())
    except (BuildFailed, OSError, ValueError) as error:
        sys.stderr.write(f"The package was not built: {error}\n")
        return 1
    sys.stdout.write(f"{package} ({package.stat().st_size / 1e6:.2f} MB)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
