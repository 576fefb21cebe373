# SPDX-License-Identifier: Apache-2.0
"""Write Splunk's lookups into a folder: ``python -m slack_audit_input.mapping FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

from slack_audit_input.mapping.lookups import files


def main(arguments: list[str]) -> int:
    """Write the files; 2 when the folder is not named."""
    if len(arguments) != 1:
        sys.stderr.write("Usage: python -m slack_audit_input.mapping FOLDER\n")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
